import type { StatusError } from '../status.ts';
import type { StoredMessage } from './message.ts';
import type { Allowance } from './ready-queue.ts';

/** One message handed to a consumer, until it is acknowledged, refused, or its deadline passes. */
export interface Delivery {
  readonly ackId: string;
  readonly message: StoredMessage;
  /** 1 for the first delivery of the message on this subscription. */
  readonly attempt: number;
}

/** Where a subscription's messages go: a pull request or stream, a push endpoint, a table. */
export interface Consumer {
  /** What it can take now; `messages: 0` for nothing. It calls `Subscription.wake` when that grows. */
  allowance(): Allowance;
  /** How long its deliveries last without an acknowledgement, in milliseconds; else the subscription's deadline. */
  ackDeadlineMs?: number;
  deliver(deliveries: Delivery[]): void;
  /** A delivery ended, for whatever reason. */
  released(delivery: Delivery): void;
  /** The subscription no longer delivers to it. */
  end(reason: StatusError): void;
}

/** How one delivery attempt ended. */
export type DeliveryOutcome = 'acked' | 'nacked' | 'expired' | 'dead-lettered';

export interface DeliveryEvent {
  /** Full resource name. */
  subscription: string;
  messageId: string;
  attempt: number;
  outcome: DeliveryOutcome;
}

/** Nothing can be taken. */
export const NOTHING: Allowance = { messages: 0, bytes: 0, perOrderingKey: 0 };
