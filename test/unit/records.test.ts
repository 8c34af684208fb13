import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AttemptKey,
  attemptOfMarker,
  attemptOfOutstanding,
  dispositionOf,
  type Envelope,
  fromPubsubMessage,
  layout,
  RunId,
  STAGES,
  sequenceOf,
  toPubsubMessage,
} from '../../events/index.ts';
import { FIRST, holds, lockLabels, promotionOf, wasDeployed } from '../../handlers/endpoint-lock.ts';
import { isQueued } from '../../handlers/endpoint-queue.ts';
import { rejection } from '../../handlers/runtime/handle-event.ts';

const run = RunId.parse('census-0123456789');

const ended = (name: string, overrides: Partial<Envelope> = {}): Envelope => ({
  specversion: '1.0',
  id: `${run}/deploy/1/${name}`,
  source: '//baton.dev/test',
  type: `dev.baton.${name}.v1`,
  time: '2026-01-02T03:04:05.678Z',
  datacontenttype: 'application/json',
  correlationid: run,
  attempt: 1,
  data: {},
  ...overrides,
});

describe('the disposition of an event', () => {
  it.each([
    ['deployed', 'done'],
    ['eval-failed', 'done'],
    ['refused', 'refused'],
    ['parked', 'parked'],
    ['superseded', 'superseded'],
    ['rolled-back', 'done'],
  ])('whose attempt ended with %s is %s', (name, disposition) => {
    expect(dispositionOf({ ending: ended(name) })).toBe(disposition);
  });

  it('whose attempt has not ended is waiting', () => {
    expect(dispositionOf({})).toBe('waiting');
  });
});

describe('the sequence of a drop', () => {
  const generation = fc.bigInt({ min: 1n, max: 10n ** 19n }).map(String);

  it('orders drops as the larger of their generations does', () => {
    const larger = (drop: string[]) => drop.map(BigInt).sort((a, b) => (a < b ? -1 : 1))[1];
    fc.assert(
      fc.property(fc.tuple(generation, generation), fc.tuple(generation, generation), (left, right) => {
        const [a, b] = [left, right].map(([train, evaluation]) => sequenceOf({ train, eval: evaluation }));
        expect(a < b).toBe(larger(left) < larger(right));
      }),
    );
  });

  it('of which one file never came is that of the other', () => {
    expect(sequenceOf({ train: '7' })).toBe('00000000000000000007');
    expect(sequenceOf({ eval: '7' })).toBe(sequenceOf({ train: '7' }));
  });

  it('passes through Pub/Sub with the event', () => {
    const event = ended('deployed', { sequence: sequenceOf({ train: '7' }) });
    const message = toPubsubMessage(event);
    expect(message.attributes['ce-sequence']).toBe('00000000000000000007');
    expect(fromPubsubMessage(message)).toEqual(event);
  });
});

describe('the run folder', () => {
  it.each(STAGES)('gives back the attempt of %s that a marker is about', (stage) => {
    const key: AttemptKey = { run, stage, attempt: 12 };
    expect(attemptOfMarker(layout.marker(run, stage, 12))).toEqual(key);
    expect(attemptOfOutstanding(layout.outstanding(key))).toEqual(key);
  });

  it('knows no attempt by a name that is no marker', () => {
    expect(attemptOfMarker('signals/census/train/1/other.json')).toBeUndefined();
    expect(attemptOfMarker('signals/census/nowhere/1/done.json')).toBeUndefined();
    expect(attemptOfOutstanding('outstanding/train/census/0')).toBeUndefined();
  });
});

describe('the endpoint’s labels', () => {
  const deployment = { run, attempt: 2, sequence: sequenceOf({ train: '7' }) };
  const heldBy = (stage: 'deploy' | 'rollout' | 'rollback') => ({
    labels: { ...lockLabels({ stage, ...deployment }), model: 'census' },
  });

  it('say who deploys, and no other attempt of the run', () => {
    const endpoint = heldBy('deploy');
    expect(holds(endpoint, { stage: 'deploy', ...deployment })).toBe(true);
    expect(holds(endpoint, { stage: 'deploy', ...deployment, attempt: 1 })).toBe(false);
    expect(wasDeployed(endpoint, deployment)).toBe(false);
  });

  it("leave a deployment's endpoint to its rollout, and none of theirs to a rollback", () => {
    expect(holds(heldBy('deploy'), { stage: 'rollout', ...deployment })).toBe(true);
    expect(holds(heldBy('rollout'), { stage: 'deploy', ...deployment })).toBe(false);
    expect(holds(heldBy('rollback'), { stage: 'rollout', ...deployment })).toBe(false);
    expect(holds(heldBy('rollout'), { stage: 'rollback', ...deployment })).toBe(false);
  });

  it('say who was deployed last, also where they are those of before there was a sequence', () => {
    const labels = { promotion: '', deployed: run, 'deployed-attempt': '2' };
    expect(promotionOf({ labels })).toEqual({ deployed: { run, attempt: 2, sequence: FIRST } });
    expect(promotionOf({})).toEqual({});
  });

  it('say which run was rolled back last', () => {
    const labels = { 'rolled-back': run, 'rolled-back-attempt': '3' };
    expect(promotionOf({ labels })).toEqual({ rolledBack: { run, attempt: 3 } });
  });

  it('leave a run that waits for them without an operation of its own', () => {
    const endpoint = 'projects/p/locations/l/endpoints/e';
    const waiting = { run, stage: 'deploy', attempt: 1, resources: [endpoint] } as const;
    expect(isQueued({ ...waiting, resources: [endpoint] })).toBe(true);
    expect(isQueued({ ...waiting, resources: [`${endpoint}/operations/1`] })).toBe(false);
  });
});

describe('a message', () => {
  const delivered = (event: Envelope, bytes: number) => {
    const message = { messageId: '1', attributes: {}, data: Buffer.alloc(bytes).toString('base64') };
    return { kind: 'event', deliveryId: '1', event, push: { message, subscription: 's' } } as const;
  };

  it.each([
    ['of the expected type', 'dev.baton.deployed.v1', 65_536, undefined],
    ['of another major version', 'dev.baton.deployed.v2', 10, 'BATON_EVENT_UNKNOWN'],
    ['one byte too large', 'dev.baton.deployed.v1', 65_537, 'BATON_EVENT_TOO_LARGE'],
  ])('%s is taken or parked by what it is', (_, expected, bytes, code) => {
    expect(rejection(delivered(ended('deployed'), bytes), expected)?.code).toBe(code);
  });
});
