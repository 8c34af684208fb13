import type { MessageInput } from '../boundaries.ts';
import type { Clock } from './clock.ts';
import type { Consumer, DeliveryEvent } from './consumer.ts';
import type { JournalRecord } from './journal-record.ts';
import type { Subscription } from './subscription.ts';

/** What a subscription needs of the broker. */
export interface SubscriptionHost {
  readonly clock: Clock;
  record(record: JournalRecord): void;
  /** Publishes a subscription's message to the dead-letter topic; false when there is none or it isn't permitted. */
  publishDeadLetter(topic: string, message: MessageInput, subscription: string): boolean;
  onDelivery(event: DeliveryEvent): void;
  /** The consumer that the configuration asks for; none for a pull subscription. */
  createConsumer(subscription: Subscription): Consumer | undefined;
}
