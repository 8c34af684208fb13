import { expect, vi } from 'vitest';
import {
  Envelope,
  layout,
  type RunId,
  STAGE_INPUTS,
  type StageName,
  TENANT_OF,
  type Tenant,
} from '../../events/index.ts';
import type { TestCloud } from '../end-to-end/cloud.ts';
import { APPROVER, decideAs, requestOf } from '../end-to-end/decide.ts';
import { publish } from './publish.ts';

const PATIENCE_MS = 90_000;

/** Attempts of runs' stages in a local cloud: what has them begin, and what they end with. */
export class Attempts {
  readonly #test: TestCloud;

  constructor(test: TestCloud) {
    this.#test = test;
  }

  /** The event that an attempt ended with. */
  async ending(run: RunId, stage: StageName, attempt = 1): Promise<Envelope> {
    const { storage, buckets } = this.#test;
    const bucket = buckets[TENANT_OF[stage]];
    const [content] = await storage
      .bucket(bucket)
      .file(layout.attemptRecord({ run, stage, attempt }))
      .download();
    return Envelope.parse(JSON.parse(content.toString()).ending);
  }

  /** Publishes a stage's ending as that of another attempt, with other data where given. */
  async replay(run: RunId, stage: StageName, attempt: number, data: object = {}): Promise<void> {
    const event = await this.ending(run, stage);
    const id = `${event.id}/replay-${attempt}`;
    await this.publish(TENANT_OF[stage], {
      ...event,
      id,
      attempt,
      data: { ...(event.data as object), ...data },
    });
  }

  /** Publishes an event where the stages of a tenant hear of it. */
  async publish(tenant: Tenant, event: Envelope): Promise<void> {
    const topics = Object.values(STAGE_INPUTS).map(({ event }) => event);
    const topic = topics.find((name) => event.type === `dev.baton.${name.replace('-', '.')}.v1`);
    if (!topic) throw new Error(`no stage hears of ${event.type}`);
    await publish(this.#test.cloud.output(tenant, 'project'), topic, event);
  }

  /** Has the approver decide on what an attempt waits with. */
  async decide(run: RunId, attempt: number, decision: 'approved' | 'rejected'): Promise<void> {
    const { digest } = await vi.waitFor(
      async () => {
        const request = await requestOf(this.#test, run, attempt);
        if (!request) throw new Error(`${run} asks for no approval of attempt ${attempt}`);
        return request;
      },
      { timeout: PATIENCE_MS, interval: 200 },
    );
    const asked = { kind: 'approval', reason: 'as exercised', run, attempt, decision, digest } as const;
    expect(await decideAs(this.#test.cloud, APPROVER, asked)).toMatchObject({ status: 200 });
  }

  /** Waits until an attempt of one of production's stages has ended. */
  async endedInProduction(run: RunId, stage: StageName, attempt: number): Promise<void> {
    const { storage, buckets } = this.#test;
    const record = storage.bucket(buckets.prod).file(layout.attemptRecord({ run, stage, attempt }));
    await vi.waitFor(async () => expect((await record.download()).toString()).toContain('"ending"'), {
      timeout: PATIENCE_MS,
    });
  }
}
