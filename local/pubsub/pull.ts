import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import { type Consumer, type Delivery, NOTHING } from './consumer.ts';
import { failedPrecondition } from './errors.ts';
import { toPubsubMessage } from './message.ts';
import type { Allowance } from './ready-queue.ts';
import type { Subscription } from './subscription.ts';
import { SECOND } from './time-values.ts';

/** How long a pull request waits for the first message. */
const PULL_WAIT_MS = 10 * SECOND;
const RESPONSE_BYTES = 10 << 20;

/** @throws FAILED_PRECONDITION when the subscription is detached, or delivers by push or export */
export function checkPullable({ config, name }: Subscription): void {
  if (config.detached) throw failedPrecondition(`The subscription ${name} is detached from its topic.`);
  if (config.pushConfig || config.bigqueryConfig) {
    throw failedPrecondition('This method is not supported for this subscription type.');
  }
}

/** Answers as soon as there is something to deliver, or with nothing after a while. */
export function pull(
  subscription: Subscription,
  maxMessages: number,
  { returnImmediately }: { returnImmediately: boolean },
): Promise<Delivery[]> {
  return new Promise((resolve, reject) => {
    const finish = (deliveries: Delivery[]) => {
      clearTimeout(timer);
      isAnswered = true;
      subscription.removeConsumer(request);
      resolve(deliveries);
    };
    let isAnswered = false;
    const request: Consumer = {
      allowance(): Allowance {
        if (isAnswered) return NOTHING;
        return { messages: maxMessages, bytes: RESPONSE_BYTES, perOrderingKey: maxMessages };
      },
      deliver: finish,
      released() {},
      end(reason) {
        clearTimeout(timer);
        reject(reason);
      },
    };
    // A zero timer runs after the wake-up that `addConsumer` asks for, so what is there is found first.
    const timer = setTimeout(() => finish([]), returnImmediately ? 20 : PULL_WAIT_MS);
    subscription.addConsumer(request);
  });
}

export function toReceivedMessage(
  { config }: Subscription,
  { ackId, message, attempt }: Delivery,
): google.pubsub.v1.IReceivedMessage {
  return {
    ackId,
    message: toPubsubMessage(message),
    deliveryAttempt: config.deadLetterPolicy ? attempt : 0,
  };
}
