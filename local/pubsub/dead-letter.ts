import type { MessageInput } from '../boundaries.ts';
import type { Entry } from './backlog.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import type { SubscriptionHost } from './subscription-host.ts';

/**
 * Hands the entry to the dead-letter topic if the policy gives it up after its latest failure.
 *
 * @param publish answers false when there is no such topic or it isn't permitted, and the entry stays
 */
export function forwardDeadLetter(
  { name, deadLetterPolicy }: SubscriptionConfig,
  entry: Entry,
  publish: SubscriptionHost['publishDeadLetter'],
): boolean {
  if (!deadLetterPolicy || entry.failures < deadLetterPolicy.maxDeliveryAttempts) return false;
  return publish(deadLetterPolicy.deadLetterTopic, deadLetter(name, entry), name);
}

/** The message as the dead-letter topic gets it: unchanged, with attributes that say where it comes from. */
function deadLetter(subscription: string, { message, failures }: Entry): MessageInput {
  const [, project, , id] = subscription.split('/');
  return {
    data: message.data,
    orderingKey: message.orderingKey,
    attributes: {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(failures),
      CloudPubSubDeadLetterSourceSubscription: id,
      CloudPubSubDeadLetterSourceSubscriptionProject: project,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishTime).toISOString(),
    },
  };
}
