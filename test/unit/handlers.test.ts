import { describe, expect, it } from 'vitest';
import { ContractViolation, type Envelope, type Failure, Parked, RunId } from '../../events/index.ts';
import { deployedModelIdOf, idleModels, shared } from '../../handlers/endpoint.ts';
import { Environment } from '../../handlers/runtime/environment.ts';
import { toStageFailure } from '../../handlers/runtime/failure.ts';
import { createLogger } from '../../handlers/runtime/log.ts';
import { endingEvent } from '../../handlers/runtime/outbox.ts';
import { workOn } from '../../handlers/runtime/stage.ts';
import { childTrace } from '../../handlers/runtime/trace.ts';

describe('the traffic split', () => {
  it('gives a share to one and the rest to the other, where there is one and something is left', () => {
    expect(shared('0', 25, '22')).toEqual({ 0: 25, 22: 75 });
    expect(shared('0', 25, undefined)).toEqual({ 0: 100 });
    expect(shared('33', 100, '22')).toEqual({ 33: 100 });
  });

  it('names what serves nothing any more', () => {
    const deployedModels = [{ id: '11' }, { id: '22' }, { id: '33' }];
    expect(idleModels({ deployedModels, trafficSplit: { 22: 75, 33: 25 } })).toEqual(['11']);
  });

  it("derives a deployed model's id from run and attempt, in ten digits", () => {
    expect(deployedModelIdOf({ run: 'census-1', attempt: 1 })).toMatch(/^[1-9]\d{9}$/);
    expect(deployedModelIdOf({ run: 'census-1', attempt: 1 })).toBe(
      deployedModelIdOf({ run: 'census-1', attempt: 1 }),
    );
    expect(deployedModelIdOf({ run: 'census-1', attempt: 1 })).not.toBe(
      deployedModelIdOf({ run: 'census-1', attempt: 2 }),
    );
  });
});

describe('an error', () => {
  it.each([
    [{ code: 7, message: 'denied' }, 'park', 'BATON_PERMISSION_DENIED'],
    [{ code: 403, message: 'denied' }, 'park', 'BATON_PERMISSION_DENIED'],
    [{ code: 3, message: 'invalid' }, 'park', 'BATON_PRECONDITION'],
    [{ code: 14, message: 'unavailable' }, 'retry', 'BATON_UNAVAILABLE'],
    [{ code: 429, message: 'slow down' }, 'retry', 'BATON_UNAVAILABLE'],
    [{ code: 'ECONNRESET', message: 'reset' }, 'retry', 'BATON_UNAVAILABLE'],
    [{ message: 'a bug' }, 'retry', 'BATON_UNAVAILABLE'],
  ])('%j is a case to %s', (fields, outcome, code) => {
    const failure = toStageFailure(Object.assign(new Error(fields.message), fields));
    expect([failure.outcome, failure.code]).toEqual([outcome, code]);
  });

  it('of a contract is parked with its text', () => {
    const failure = toStageFailure(new ContractViolation('event 1 is malformed'));
    expect([failure.code, failure.message]).toEqual(['BATON_EVENT_MALFORMED', 'event 1 is malformed']);
  });
});

describe('the trace', () => {
  it('continues the trace of the event with a span of its own', () => {
    const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(childTrace('run-1', parent)).toMatch(/^00-a{32}-(?!b{16})[0-9a-f]{16}-01$/);
  });

  it('is the same for everything a run does, where the event brings none', () => {
    const trace = (text: string) => text.split('-')[1];
    expect(trace(childTrace('run-1'))).toBe(trace(childTrace('run-1', 'nonsense')));
    expect(trace(childTrace('run-1'))).not.toBe(trace(childTrace('run-2')));
  });
});

describe('the event that ends an attempt', () => {
  const run = RunId.parse('census-0123456789');
  const attempt = { run, stage: 'train', attempt: 2 } as const;
  const environment = Environment.parse({
    ...{ GOOGLE_CLOUD_PROJECT: 'p', BATON_ENV: 'test', BATON_REGION: 'r', BATON_BUCKET: 'b' },
    ...{ BATON_MODEL: 'census', BATON_LEASE_SECONDS: '120' },
  });
  const work = workOn(attempt, undefined, environment, createLogger({ project: 'p' }));
  const now = '2026-01-02T03:04:05.678Z';
  const record = {
    ...attempt,
    ...{ cause: { source: 's', id: 'i', deliveryId: '1' }, owner: 'o', claimedAt: now, leaseUntil: now },
  };
  const input: Envelope = {
    ...{
      specversion: '1.0',
      id: 'i',
      source: 's',
      type: 't',
      time: now,
      datacontenttype: 'application/json',
    },
    ...{ correlationid: run, attempt: 2, data: {} },
    ...{ authtype: 'service_account', authid: 'retrain@p.iam.gserviceaccount.com' },
  };

  it('tells who started the run, as the event that it answers does', () => {
    expect(endingEvent(Parked, {} as Failure, { ...record, input }, work)).toMatchObject({
      ...{ causationid: 'i', authtype: 'service_account', authid: 'retrain@p.iam.gserviceaccount.com' },
    });
  });

  it('tells of nobody where files that landed started the run', () => {
    const ending = endingEvent(Parked, {} as Failure, record, work);
    expect(Object.keys(ending).filter((name) => name.startsWith('auth'))).toEqual([]);
  });
});
