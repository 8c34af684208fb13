import type { PushBody } from '../../events/index.ts';
import { writeJson } from './objects.ts';

/**
 * Keeps a message that belongs to no run, or to none that can be told, under `parked/`, with its original bytes
 * (base64, as Pub/Sub pushed them), its attributes and the reason.
 */
export async function keepUndecodable(bucket: string, push: PushBody, reason: string): Promise<void> {
  const subscription = push.subscription.split('/').at(-1);
  await writeJson(bucket, `parked/${subscription}/${push.message.messageId}.json`, { reason, ...push }, '0');
}
