import { type Envelope, toPubsubMessage } from '../../events/index.ts';
import type { TestCloud } from '../end-to-end/cloud.ts';

/** Publishes an event to one of a stack's topics, as the operator; `attributes` go beside the event's own. */
export async function publish(
  { cloud }: TestCloud,
  stack: 'nonprod' | 'prod',
  topic: string,
  event: Envelope,
  attributes: Record<string, string> = {},
): Promise<void> {
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub();
  const message = toPubsubMessage(event);
  await client
    .topic(`projects/${cloud.output(stack, 'project')}/topics/${topic}`)
    .publishMessage({ ...message, attributes: { ...message.attributes, ...attributes } });
  await client.close();
}
