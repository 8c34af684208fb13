import {
  type AttemptKey,
  AttemptRecord,
  DuplicateRecord,
  type Envelope,
  endingName,
  layout,
  ParkedMessage,
  STAGE_INPUTS,
  type StageName,
  TENANT_OF,
  toPubsubMessage,
} from '../../events/index.ts';
import type { RunView } from '../../ops/runs/run-view.ts';
import type { TestCloud } from './cloud.ts';

/** What tests send to stages, and what they read of what came of it. */
export class Deliveries {
  readonly #test: TestCloud;

  constructor(test: TestCloud) {
    this.#test = test;
  }

  /** Publishes a message on the topic that a stage's subscription listens to; answers its id. */
  async publish(
    stage: StageName,
    message: { data?: Buffer; attributes: Record<string, string> },
  ): Promise<string> {
    const { event, tenant } = STAGE_INPUTS[stage];
    const topic = event === 'run-requested' ? 'drops' : event;
    const client = await this.#pubsub();
    const name = `projects/${this.#test.cloud.output(tenant, 'project')}/topics/${topic}`;
    return client.topic(name, { batching: { maxMessages: 1 } }).publishMessage(message);
  }

  /** Tells prepare of an object of non-production's bucket as Cloud Storage does when it lands; answers the message's id. */
  async announce(objectId: string): Promise<string> {
    const { storage, buckets } = this.#test;
    const [{ generation }] = await storage.bucket(buckets.nonprod).file(objectId).getMetadata();
    return this.publish('prepare', {
      attributes: {
        ...{ eventType: 'OBJECT_FINALIZE', payloadFormat: 'NONE' },
        ...{ bucketId: buckets.nonprod, objectId, objectGeneration: String(generation) },
      },
    });
  }

  /** Sends an event to a stage. */
  send = (stage: StageName, event: Envelope): Promise<string> => this.publish(stage, toPubsubMessage(event));

  /** Publishes all of a run's events a second time. */
  async publishAgain({ stages }: RunView): Promise<void> {
    const client = await this.#pubsub();
    for (const { stage, event } of stages) {
      const project = this.#test.cloud.output(TENANT_OF[stage], 'project');
      const topic = client.topic(`projects/${project}/topics/${endingName(event!)}`);
      await topic.publishMessage(toPubsubMessage(event!));
    }
    await client.close();
  }

  async attempt(key: AttemptKey): Promise<AttemptRecord> {
    return AttemptRecord.parse(await this.#read(this.#bucketOf(key.stage), layout.attemptRecord(key)));
  }

  async duplicates(key: AttemptKey): Promise<DuplicateRecord[]> {
    return this.#readAll(this.#bucketOf(key.stage), layout.duplicates(key), DuplicateRecord);
  }

  /** Messages of a stage's subscription that were parked. */
  async parked(stage: StageName): Promise<ParkedMessage[]> {
    return this.#readAll(this.#bucketOf(stage), `${layout.parkedPrefix}${stage}/`, ParkedMessage);
  }

  /** The messages that a stage's subscription has delivered, by message id, with the outcome of each delivery. */
  deliveredTo(stage: StageName): Map<string, string[]> {
    const deliveries = this.#test.cloud
      .deliveries()
      .filter(({ subscription }) => subscription.endsWith(`/subscriptions/${stage}`));
    const byMessage = Map.groupBy(deliveries, ({ messageId }) => messageId);
    return new Map([...byMessage].map(([id, all]) => [id, all.map(({ outcome }) => outcome)]));
  }

  /** How many deliveries a subscription's handler has acknowledged. */
  acknowledgedOf(subscription: string): number {
    const deliveries = this.#test.cloud.deliveries();
    return deliveries.filter(
      (delivery) => delivery.subscription.endsWith(`/${subscription}`) && delivery.outcome === 'acked',
    ).length;
  }

  #bucketOf(stage: StageName): string {
    return this.#test.buckets[TENANT_OF[stage]];
  }

  async #readAll<Value>(
    bucket: string,
    prefix: string,
    schema: { parse(value: unknown): Value },
  ): Promise<Value[]> {
    const [files] = await this.#test.storage.bucket(bucket).getFiles({ prefix });
    return Promise.all(files.map(async ({ name }) => schema.parse(await this.#read(bucket, name))));
  }

  async #read(bucket: string, object: string): Promise<unknown> {
    const [content] = await this.#test.storage.bucket(bucket).file(object).download();
    return JSON.parse(content.toString());
  }

  async #pubsub() {
    const { PubSub } = await import('@google-cloud/pubsub');
    return new PubSub({ projectId: this.#test.cloud.output('nonprod', 'project') });
  }
}
