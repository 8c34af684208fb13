import { expect } from 'vitest';
import {
  AttemptRecord,
  type Envelope,
  layout,
  type RunId,
  STAGE_INPUTS,
  type StageName,
  TENANT_OF,
  toPubsubMessage,
} from '../../events/index.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { readJson } from './cloud.ts';

interface Message {
  data?: Buffer;
  attributes?: Record<string, string>;
}

/** Publishes messages on a topic of a tenant's, all at once, as the operator; answers Pub/Sub's ids. */
export async function publishAll(
  cloud: StubCloud,
  tenant: 'nonprod' | 'prod',
  topic: string,
  messages: Message[],
): Promise<string[]> {
  const { PubSub } = await import('@google-cloud/pubsub');
  const pubsub = new PubSub({ projectId: cloud.cloud.output(tenant, 'project') });
  const publisher = pubsub.topic(topic, { batching: { maxMessages: 1 } });
  const ids = await Promise.all(messages.map((message) => publisher.publishMessage(message)));
  await pubsub.close();
  return ids;
}

/** What is on record of an attempt of a stage. */
export async function attemptOf(cloud: StubCloud, run: RunId, stage: StageName): Promise<AttemptRecord> {
  const record = await readJson(cloud, TENANT_OF[stage], layout.attemptRecord({ run, stage, attempt: 1 }));
  return AttemptRecord.parse(record);
}

/** Publishes the event that a stage of a run answered so many times more, as messages of their own. */
export async function publishAgain(
  cloud: StubCloud,
  run: RunId,
  stage: StageName,
  times = 1,
): Promise<string[]> {
  const input = (await attemptOf(cloud, run, stage)).input as Envelope;
  const { event, tenant } = STAGE_INPUTS[stage];
  return publishAll(
    cloud,
    tenant,
    event,
    Array.from({ length: times }, () => toPubsubMessage(input)),
  );
}

/** Waits until each message was acknowledged on a subscription. */
export async function acknowledged(
  cloud: StubCloud,
  subscription: string,
  messageIds: string[],
): Promise<void> {
  const missing = () => {
    const acked = new Set(
      cloud.cloud
        .deliveries()
        .filter(
          (delivery) => delivery.outcome === 'acked' && delivery.subscription.endsWith(`/${subscription}`),
        )
        .map(({ messageId }) => messageId),
    );
    return messageIds.filter((id) => !acked.has(id));
  };
  await expect.poll(missing, { timeout: 110_000 }).toEqual([]);
}
