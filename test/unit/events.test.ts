import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ContractViolation,
  carriesCloudEvent,
  Deployed,
  decodeDelivery,
  type Envelope,
  EvalPassed,
  fromPubsubMessage,
  Monitored,
  parseEvent,
  RunId,
  runIdOf,
  toPubsubMessage,
} from '../../events/index.ts';

const monitored = (overrides: Partial<Envelope> = {}): Envelope => ({
  specversion: '1.0',
  id: 'census-0123456789/monitor/1/monitored',
  source: '//baton.dev/projects/p/stages/monitor',
  type: Monitored.type,
  time: '2026-01-02T03:04:05.678Z',
  subject: 'census-0123456789',
  datacontenttype: 'application/json',
  correlationid: RunId.parse('census-0123456789'),
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  attempt: 2,
  data: { monitoringJob: 'j', endpoint: 'e', deployedModelIds: ['1'] },
  ...overrides,
});

const push = (message: object, rest: object = {}) => ({
  headers: { 'content-type': 'application/json' },
  body: { message: { messageId: '7', ...message }, subscription: 'projects/p/subscriptions/train', ...rest },
});

describe('the Pub/Sub binding', () => {
  it('gives back the event that was bound, whatever its data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 99 }), (data, attempt) => {
        const event = monitored({ data: JSON.parse(JSON.stringify(data)), attempt });
        expect(fromPubsubMessage(toPubsubMessage(event))).toEqual(event);
      }),
    );
  });

  it('puts every context attribute under ce-, and the trace also where the Pub/Sub client looks', () => {
    const { attributes } = toPubsubMessage(monitored());
    expect(attributes).toMatchObject({
      'ce-specversion': '1.0',
      'ce-correlationid': 'census-0123456789',
      'ce-attempt': '2',
      'content-type': 'application/json',
      googclient_traceparent: monitored().traceparent,
    });
    expect(carriesCloudEvent(attributes)).toBe(true);
  });

  it('refuses a body that is not JSON, naming the event', () => {
    const { attributes } = toPubsubMessage(monitored());
    const malformed = () => fromPubsubMessage({ data: Buffer.from('{'), attributes });
    expect(malformed).toThrow(ContractViolation);
    expect(malformed).toThrow(/census-0123456789\/monitor\/1\/monitored.*not JSON/);
  });

  it('carries who started the run, and refuses a kind of principal that CloudEvents does not know', () => {
    const event = monitored({ authtype: 'user', authid: 'ada@example.com' });
    const { data, attributes } = toPubsubMessage(event);
    expect(attributes).toMatchObject({ 'ce-authtype': 'user', 'ce-authid': 'ada@example.com' });
    expect(fromPubsubMessage({ data, attributes })).toEqual(event);
    attributes['ce-authtype'] = 'wizard';
    expect(() => fromPubsubMessage({ data, attributes })).toThrow(/authtype/);
  });

  it('refuses an event without a run, naming the attribute', () => {
    const { data, attributes } = toPubsubMessage(monitored());
    delete attributes['ce-correlationid'];
    expect(() => fromPubsubMessage({ data, attributes })).toThrow(/correlationid/);
  });
});

describe('a delivery', () => {
  it('keeps the delivery attempt of a wrapped push', () => {
    const { data, attributes } = toPubsubMessage(monitored());
    const request = push({ data: data.toString('base64'), attributes }, { deliveryAttempt: 3 });
    expect(decodeDelivery(request)).toMatchObject({
      kind: 'event',
      deliveryAttempt: 3,
      deliveryId: '7',
      event: { type: Monitored.type, attempt: 2 },
    });
  });

  it('reads a storage notification that has attributes only', () => {
    const attributes = {
      eventType: 'OBJECT_FINALIZE',
      bucketId: 'b',
      objectId: 'o/x',
      objectGeneration: '9',
    };
    expect(decodeDelivery(push({ attributes }))).toMatchObject({
      kind: 'object',
      object: 'o/x',
      generation: '9',
    });
  });

  it("reads the scheduler's tick, which has no body", () => {
    const headers = { 'x-cloudscheduler-jobname': 'sweep' };
    expect(decodeDelivery({ headers, body: {} })).toEqual({ kind: 'tick', deliveryId: 'sweep' });
    const at = { ...headers, 'x-cloudscheduler-scheduletime': '2026-01-05T03:00:00Z' };
    expect(decodeDelivery({ headers: at, body: {} })).toMatchObject({
      scheduledFor: at['x-cloudscheduler-scheduletime'],
    });
  });

  it("reads Eventarc's Dataflow state change", () => {
    const headers = { 'ce-type': 'google.cloud.dataflow.job.v1beta3.statusChanged', 'ce-id': 'e1' };
    const body = { payload: { id: 'job-1', currentState: 'JOB_STATE_DONE' } };
    expect(decodeDelivery({ headers, body })).toMatchObject({ kind: 'dataflow-job', job: 'job-1' });
  });

  it('refuses what is neither, naming the subscription', () => {
    expect(() => decodeDelivery(push({ data: 'e30=' }))).toThrow(/projects\/p\/subscriptions\/train/);
    expect(() => decodeDelivery({ headers: {}, body: 'hello' })).toThrow(ContractViolation);
  });
});

describe('a contract', () => {
  it('refuses an event of another type, naming both', () => {
    expect(() => parseEvent(Deployed, monitored())).toThrow(
      /dev\.baton\.monitored\.v1.*dev\.baton\.deployed\.v1/,
    );
  });

  it('says where the data does not fit', () => {
    const event = monitored({ data: { monitoringJob: 'j', endpoint: 'e', deployedModelIds: [] } });
    expect(() => parseEvent(Monitored, event)).toThrow(/deployedModelIds/);
  });
});

describe('an event of before', () => {
  const sha256 = '0'.repeat(64);
  const artifact = { uri: 'gs://lake/model/', sha256, files: [{ name: 'model.json', bytes: 1, sha256 }] };
  const data = {
    ...{ model: 'census', artifact, job: 'job', samples: 'gs://lake/samples.jsonl', trainTable: 'p.d.train' },
    metrics: { rows: 1, accuracy: 1, auc: 1, logLoss: 0 },
    gate: {
      decision: 'passed',
      reasons: ['auc 1.0000 is at least 0.8'],
      comparisons: [{ metric: 'auc', value: 1, threshold: 0.8, passed: true }],
    },
  };

  it('is read as one that compared metrics with thresholds and kept no digests and images', () => {
    const evaluation = EvalPassed.data.parse(data);
    expect(evaluation.gate.comparisons).toMatchObject([{ kind: 'threshold', bound: 'at-least' }]);
    expect(evaluation).toMatchObject({ image: '', trainImage: '', commit: '', trainCommit: '' });
    expect(evaluation.snapshotDigests).toBeUndefined();
  });

  it('has files or the manifest that has them', () => {
    const manifest = { uri: 'gs://lake/model.manifest.json', sha256 };
    const { error } = EvalPassed.data.safeParse({ ...data, artifact: { ...artifact, files: [] } });
    expect(error?.issues[0]).toMatchObject({
      path: ['artifact'],
      message: expect.stringMatching(/manifest/),
    });
    const many = { ...data, artifact: { ...artifact, files: [], manifest } };
    expect(EvalPassed.data.safeParse(many).success).toBe(true);
  });
});

describe('a run id', () => {
  it('is the same for the same generations, and another when either file is overwritten', () => {
    const generations = { train: '1', eval: '2' };
    expect(runIdOf('census', generations)).toBe(runIdOf('census', { ...generations }));
    expect(runIdOf('census', generations)).not.toBe(runIdOf('census', { train: '1', eval: '3' }));
    expect(runIdOf('census', generations)).not.toBe(runIdOf('census', { train: '1' }));
  });

  it('is a legal label value for any drop name', () => {
    fc.assert(
      fc.property(fc.string(), (drop) => {
        expect(runIdOf(drop, { train: '1', eval: '2' })).toMatch(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
      }),
    );
  });
});
