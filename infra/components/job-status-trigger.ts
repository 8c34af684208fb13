import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Handler } from './handler.ts';
import type { Tenancy } from './tenancy.ts';

/** Tells a handler of each change of state of the project's Dataflow jobs. */
export class JobStatusTrigger extends pulumi.ComponentResource {
  constructor(
    name: string,
    { tenancy, target }: { tenancy: Tenancy; target: Handler },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:JobStatusTrigger', name, {}, opts);
    const { project, region } = tenancy.settings;
    // Events of Google's own sources pass through one channel per project and region.
    const channel =
      tenancy.kmsKey &&
      new gcp.eventarc.GoogleChannelConfig(
        'google-channel',
        {
          project,
          location: region,
          name: `projects/${project}/locations/${region}/googleChannelConfig`,
          cryptoKeyName: tenancy.kmsKey,
        },
        { parent: this },
      );
    new gcp.eventarc.Trigger(
      name,
      {
        project,
        location: region,
        name,
        matchingCriterias: [{ attribute: 'type', value: 'google.cloud.dataflow.job.v1beta3.statusChanged' }],
        destination: { cloudRunService: { service: target.service, region } },
        serviceAccount: tenancy.pushIdentity.email,
      },
      { parent: this, dependsOn: channel ? [channel, target] : [target] },
    );
    this.registerOutputs();
  }
}
