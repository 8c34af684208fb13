export interface MessageInput {
  data?: Uint8Array;
  attributes?: Record<string, string>;
  orderingKey?: string;
}

/** Pub/Sub, as the other services use it. Names are full resource names. */
export interface MessageBroker {
  hasTopic(topic: string): boolean;
  createTopic(topic: { name: string; [field: string]: unknown }): void;
  createSubscription(subscription: { name: string; topic: string; [field: string]: unknown }): void;
  /** Publishes and answers the message ids. An unknown topic throws a NOT_FOUND `StatusError`. */
  publish(topic: string, messages: MessageInput[]): string[];
}
