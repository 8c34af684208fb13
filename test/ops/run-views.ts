import {
  Approved,
  Deployed,
  type Envelope,
  EvalPassed,
  type EventContract,
  IngestDone,
  ModelTrained,
  Parked,
  RunId,
  type StageName,
} from '../../events/index.ts';
import type { RunView, StageView } from '../../ops/runs/run-view.ts';

export const RUN = RunId.parse('census-0123456789');

/** The time that the views are about; attempts began an hour before. */
export const NOW = new Date('2026-11-22T12:00:00.000Z');
const BEGAN = '2026-11-22T11:00:00.000Z';
const ENDED = '2026-11-22T11:10:00.000Z';

export const DROP = 'datasets/census/eval.csv#2';

export function event(
  contract: Pick<EventContract<unknown>, 'name' | 'type'>,
  stage: StageName,
  rest: Partial<Envelope> = {},
): Envelope {
  const attempt = rest.attempt ?? 1;
  return {
    specversion: '1.0',
    id: `${RUN}/${stage}/${attempt}/${contract.name}`,
    source: `//baton.dev/projects/baton-nonprod/stages/${stage}`,
    type: contract.type,
    time: ENDED,
    datacontenttype: 'application/json',
    correlationid: RUN,
    attempt,
    data: {},
    ...rest,
  };
}

export const trained = event(ModelTrained, 'train', { causationid: `${RUN}/ingest/1/ingest-done` });
export const ingested = event(IngestDone, 'ingest', { causationid: `${RUN}/prepare/1/dataset-ready` });
export const passed = event(EvalPassed, 'evaluate', { causationid: trained.id });
export const approved = event(Approved, 'approve', { causationid: passed.id });
export const deployed = event(Deployed, 'deploy', { causationid: approved.id });

export const parkedAt = (stage: StageName, attempt = 1): Envelope =>
  event(Parked, stage, {
    attempt,
    causationid: ingested.id,
    data: { stage, code: 'BATON_OPERATION_FAILED', reason: 'the job failed', advice: 'look', cause: {} },
  });

/** An attempt of a stage; it has completed unless it says otherwise. */
export function attemptOf(stage: StageName, rest: Partial<StageView> = {}): StageView {
  return {
    stage,
    attempt: 1,
    state: 'completed',
    startedAt: BEGAN,
    endedAt: rest.event?.time,
    cause: { source: 'test', id: rest.input?.id ?? DROP, deliveryId: '1' },
    duplicates: [],
    ...rest,
  };
}

/** A run whose latest attempt is the last of those given, unless a replay came after it. */
export function runOf(stages: StageView[], rest: Partial<RunView> = {}): RunView {
  const latest = stages.at(-1);
  const record = {
    ...{ run: RUN, model: 'census', drop: 'census', bucket: 'lake', startedAt: BEGAN },
    generations: { train: '1', eval: '2' },
  };
  return { run: RUN, state: 'running', record, stages, latest, replays: [], changedAt: ENDED, ...rest };
}

export const parkedRun = () =>
  runOf(
    [
      attemptOf('ingest', { event: ingested }),
      attemptOf('train', { state: 'parked', input: ingested, event: parkedAt('train') }),
    ],
    { state: 'parked' },
  );
