import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';

/** The ports on which workers of one batch or streaming job exchange what they shuffle. */
const SHUFFLE_PORTS = ['12345-12346'];

export interface WorkerNetworkArgs {
  project: string;
  region: string;
  /** The addresses of the subnetwork, one for each worker. */
  range: string;
  /** The account that the workers run as. */
  worker: pulumi.Input<string>;
}

/**
 * A network whose machines have no public addresses: they reach Google's services by Private Google Access, and
 * each other on Dataflow's ports, and nothing reaches them from outside.
 */
export class WorkerNetwork extends pulumi.ComponentResource {
  /** The full URL, as Dataflow and Vertex AI Workbench take it. */
  readonly subnetwork: pulumi.Output<string>;

  constructor(name: string, args: WorkerNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:WorkerNetwork', name, {}, opts);
    const { project, region } = args;
    const network = new gcp.compute.Network(
      name,
      { project, name: 'baton', description: "Dataflow's workers.", autoCreateSubnetworks: false },
      { parent: this },
    );
    const subnetwork = new gcp.compute.Subnetwork(
      name,
      {
        project,
        region,
        name: 'baton',
        network: network.id,
        ipCidrRange: args.range,
        privateIpGoogleAccess: true,
      },
      { parent: this },
    );
    new gcp.compute.Firewall(
      `${name}-among-workers`,
      {
        project,
        name: 'baton-among-workers',
        description: 'Lets the workers of a Dataflow job exchange what they shuffle.',
        network: network.id,
        direction: 'INGRESS',
        allows: [{ protocol: 'tcp', ports: SHUFFLE_PORTS }],
        // By who they run as, which nobody can give to a machine without the right to act as that account.
        sourceServiceAccounts: [args.worker],
        targetServiceAccounts: [args.worker],
      },
      { parent: this },
    );
    this.subnetwork = subnetwork.selfLink;
    this.registerOutputs({ subnetwork: this.subnetwork });
  }
}
