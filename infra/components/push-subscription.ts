import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account.ts';
import { EventTopic } from './event-topic.ts';
import { Grant, onSubscription, onTopic } from './grant.ts';
import type { Tenancy } from './tenancy.ts';

/** The longest that Pub/Sub waits for a push to be answered, and so longer than a function may take. */
const ACK_DEADLINE_SECONDS = 600;
const RETENTION = `${7 * 24 * 3600}s`;

/** A function that messages are pushed to. */
export interface PushTarget {
  uri: pulumi.Output<string>;
}

/** Pushes a topic's messages to a function, and those that it can't handle to the function that parks them. */
export class PushSubscription extends pulumi.ComponentResource {
  /** `projects/P/subscriptions/S` */
  readonly subscription: pulumi.Output<string>;
  /** The subscription to what could not be handled, `projects/P/subscriptions/S`. */
  readonly deadLetters: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      topic: pulumi.Input<string>;
      target: PushTarget;
      park: PushTarget;
      tenancy: Tenancy;
      /** The grant that permits the pushes: without it the first ones would be refused. */
      mayInvoke: pulumi.Input<pulumi.Resource>[];
      /** Who pushes to the target; the tenancy's push identity unless said otherwise. */
      identity?: Account;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:PushSubscription', name, {}, opts);
    const { tenancy } = args;
    const { project } = tenancy.settings;
    const deadLetters = new EventTopic(
      `${name}-dead-letter`,
      { ...tenancy.settings, kmsKey: tenancy.kmsKey },
      { parent: this },
    );
    const mayDeadLetter = new Grant(
      `pubsub-agent-${deadLetters.name}-pubsub.publisher`,
      {
        role: 'roles/pubsub.publisher',
        why: `moves what ${name} could not handle to its dead-letter topic`,
        member: tenancy.agents.pubsub,
        on: onTopic(project, deadLetters.topic),
      },
      { parent: this },
    );
    const subscription = new gcp.pubsub.Subscription(
      name,
      {
        ...push(name, args.topic, args.target, {
          ...tenancy,
          pushIdentity: args.identity ?? tenancy.pushIdentity,
        }),
        deadLetterPolicy: {
          deadLetterTopic: deadLetters.topic,
          maxDeliveryAttempts: tenancy.settings.deliveryAttempts,
        },
      },
      { parent: this, dependsOn: [mayDeadLetter.iamMember, ...args.mayInvoke] },
    );
    new Grant(
      `pubsub-agent-${name}-pubsub.subscriber`,
      {
        role: 'roles/pubsub.subscriber',
        why: 'acknowledges what it has moved to the dead-letter topic',
        member: tenancy.agents.pubsub,
        on: onSubscription(project, subscription.name),
      },
      { parent: this },
    );
    // No dead letters of dead letters: what can't be parked is tried again until the retention ends.
    const parking = new gcp.pubsub.Subscription(
      deadLetters.name,
      push(deadLetters.name, deadLetters.topic, args.park, tenancy),
      { parent: this },
    );
    this.subscription = subscription.id;
    this.deadLetters = parking.id;
    this.registerOutputs({ subscription: this.subscription, deadLetters: this.deadLetters });
  }
}

function push(
  name: string,
  topic: pulumi.Input<string>,
  target: PushTarget,
  { settings, pushIdentity }: Tenancy,
): gcp.pubsub.SubscriptionArgs {
  return {
    project: settings.project,
    name,
    topic,
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    messageRetentionDuration: RETENTION,
    // A subscription that nothing passed through for a month is as needed as before.
    expirationPolicy: { ttl: '' },
    retryPolicy: { minimumBackoff: `${settings.redeliverySeconds}s`, maximumBackoff: '600s' },
    pushConfig: {
      pushEndpoint: target.uri,
      oidcToken: { serviceAccountEmail: pushIdentity.email, audience: target.uri },
    },
  };
}
