import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';

/** The longest retention that Pub/Sub offers, 31 days: as long can any subscription go back and replay. */
const RETENTION = `${31 * 24 * 3600}s`;

export interface TopicArgs {
  project: string;
  region: string;
  kmsKey: pulumi.Input<string> | undefined;
  /** Whether Pulumi refuses to delete the topic: with it would go what can be replayed from it. */
  protect: boolean;
}

/** A topic that keeps what passed for 31 days, encrypted, in the project's region. */
export class EventTopic extends pulumi.ComponentResource {
  readonly name: string;
  /** `projects/P/topics/T` */
  readonly topic: pulumi.Output<string>;

  constructor(name: string, args: TopicArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:EventTopic', name, {}, opts);
    this.name = name;
    const topic = new gcp.pubsub.Topic(
      name,
      {
        project: args.project,
        name,
        messageRetentionDuration: RETENTION,
        kmsKeyName: args.kmsKey,
        messageStoragePolicy: { allowedPersistenceRegions: [args.region] },
      },
      { parent: this, protect: args.protect },
    );
    this.topic = topic.id;
    this.registerOutputs({ topic: this.topic });
  }
}
