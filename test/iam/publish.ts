import { type Envelope, toPubsubMessage } from '../../events/index.ts';

/** Publishes an event to one of a project's topics, as the operator; `attributes` go beside the event's own. */
export async function publish(
  project: string,
  topic: string,
  event: Envelope,
  attributes: Record<string, string> = {},
): Promise<void> {
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub();
  const message = toPubsubMessage(event);
  await client
    .topic(`projects/${project}/topics/${topic}`)
    .publishMessage({ ...message, attributes: { ...message.attributes, ...attributes } });
  await client.close();
}
