import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account.ts';

export interface NotebookArgs {
  project: string;
  zone: string;
  machineType: string;
  /** The one person who may open it; none for all who may act as its account. */
  owner: string | undefined;
  /** What it runs as, and so all that it may do. */
  account: Account;
  /** The URL of a subnetwork with Private Google Access. */
  subnetwork: pulumi.Input<string>;
  kmsKey: pulumi.Input<string> | undefined;
  protect: boolean;
}

/** A Vertex AI Workbench notebook without a public address, whose disks the project's key encrypts. */
export class Notebook extends pulumi.ComponentResource {
  /** Where JupyterLab answers, through Google's proxy. */
  readonly uri: pulumi.Output<string>;

  constructor(name: string, args: NotebookArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:Notebook', name, {}, opts);
    const disk = args.kmsKey ? { diskEncryption: 'CMEK', kmsKey: args.kmsKey } : { diskEncryption: 'GMEK' };
    const notebook = new gcp.workbench.Instance(
      name,
      {
        project: args.project,
        location: args.zone,
        name,
        instanceOwners: args.owner ? [args.owner] : undefined,
        enableDeletionProtection: args.protect,
        gceSetup: {
          machineType: args.machineType,
          disablePublicIp: true,
          networkInterfaces: [{ subnet: pulumi.output(args.subnetwork).apply(pathOf) }],
          serviceAccounts: [{ email: args.account.email }],
          bootDisk: disk,
          dataDisks: disk,
        },
      },
      { parent: this, protect: args.protect },
    );
    this.uri = notebook.proxyUri;
    this.registerOutputs({ uri: this.uri });
  }
}

/** Vertex AI Workbench takes `projects/P/regions/R/subnetworks/S`. */
const pathOf = (url: string) => url.slice(url.indexOf('projects/'));
