import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { EventTopic } from './event-topic.ts';
import { Grant, onTopic } from './grant.ts';
import type { ServiceAgents } from './service-agents.ts';

/** Prefixes whose objects have done their work within days: markers already read, and Dataflow's scratch. */
const SHORT_LIVED = { prefixes: ['signals/', 'dataflow/'], days: 14 };

export interface LakeArgs {
  project: string;
  region: string;
  kmsKey: pulumi.Input<string> | undefined;
  agents: ServiceAgents;
  /** Whether Pulumi refuses to delete the bucket; otherwise it deletes it with all that is in it. */
  protect: boolean;
  /** Topics that are told of each object that lands under a prefix. */
  notifications?: { topic: EventTopic; prefix: string }[];
}

/** The project's one bucket: drops, runs, signals and the workload's files. */
export class Lake extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;

  constructor(name: string, args: LakeArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:Lake', name, {}, opts);
    const bucket = new gcp.storage.Bucket(
      name,
      {
        project: args.project,
        name: `${args.project}-baton`,
        location: args.region,
        uniformBucketLevelAccess: true,
        publicAccessPrevention: 'enforced',
        forceDestroy: !args.protect,
        encryption: args.kmsKey ? { defaultKmsKeyName: args.kmsKey } : undefined,
        lifecycleRules: [
          {
            action: { type: 'Delete' },
            condition: { age: SHORT_LIVED.days, matchesPrefixes: SHORT_LIVED.prefixes },
          },
        ],
      },
      { parent: this, protect: args.protect },
    );
    this.bucket = bucket.name;
    for (const notification of args.notifications ?? []) this.#notify(notification, args);
    this.registerOutputs({ bucket: this.bucket });
  }

  #notify({ topic, prefix }: { topic: EventTopic; prefix: string }, { project, agents }: LakeArgs): void {
    const publisher = new Grant(
      `storage-agent-${topic.name}-pubsub.publisher`,
      {
        role: 'roles/pubsub.publisher',
        why: `publishes a notification for each object under ${prefix}`,
        member: agents.storage,
        on: onTopic(project, topic.topic),
      },
      { parent: this },
    );
    new gcp.storage.Notification(
      `${topic.name}-notification`,
      {
        bucket: this.bucket,
        topic: topic.topic,
        payloadFormat: 'NONE',
        eventTypes: ['OBJECT_FINALIZE'],
        objectNamePrefix: prefix,
      },
      // Cloud Storage publishes a test message when it makes the notification.
      { parent: this, dependsOn: publisher.iamMember },
    );
  }
}
