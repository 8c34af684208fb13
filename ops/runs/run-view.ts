import type { Storage } from '@google-cloud/storage';
import {
  type AttemptKey,
  AttemptRecord,
  dispositionOf,
  type Envelope,
  endingName,
  layout,
  OperationRecord,
  ReplayRecord,
  type RolloutProgress,
  RolloutState,
  type RunId,
  RunRecord,
  STAGES,
  type StageName,
  type Tenant,
} from '../../events/index.ts';
import { listNames, readRecord } from './objects.ts';
import { isMoot, latestOf, type RunState, stateOf } from './run-state.ts';

/** How an attempt of a stage stands, as its run folder tells. */
export type StageState =
  | 'running'
  | 'waiting'
  | 'completed'
  | 'failed'
  | 'rejected'
  | 'rolled-back'
  | 'refused'
  | 'parked'
  | 'superseded';

/** One attempt of a stage. */
export interface StageView {
  stage: StageName;
  attempt: number;
  state: StageState;
  startedAt: string;
  endedAt?: string;
  /** Until when others keep off, while nobody has ended it. */
  leaseUntil?: string;
  /** The resource names of the long operation, once it was started. */
  operation?: string[];
  /** Where a rollout stands that soaks. */
  progress?: RolloutProgress;
  /** The event that it answers: whole where it was a run's, and its source and id in any case. */
  cause?: AttemptRecord['cause'];
  input?: Envelope;
  /** The event with which it ended. */
  event?: Envelope;
  /** The further deliveries that were found to be duplicates, by their ids. */
  duplicates: string[];
}

export interface RunView {
  run: RunId;
  state: RunState;
  record?: RunRecord;
  /** Every attempt, stage by stage. */
  stages: StageView[];
  /** Where the run has come to in its latest attempt. Absent until a replay has begun. */
  latest?: StageView;
  /** In the order of their attempts. */
  replays: ReplayRecord[];
  changedAt: string;
}

/** The buckets that hold a run's folder: each tenant keeps its own stages. */
export type Buckets = Record<Tenant, string>;

/** Reads a run from its folders. A stage that has not begun is absent; a run that never was has no stages. */
export async function readRun(storage: Storage, buckets: Buckets, run: RunId): Promise<RunView> {
  const folder = await openFolder(storage, buckets, run);
  const [record, stages, replays] = await Promise.all([
    folder.read(layout.runRecord(run), RunRecord),
    Promise.all(attemptsIn(run, folder.names()).map((key) => readAttempt(folder, key))),
    Promise.all(replaysIn(run, folder.names()).map((name) => folder.read(name, ReplayRecord))),
  ]);
  const known = replays.filter((replay) => replay !== undefined).sort(byAttempt);
  const telling = stages.filter((stage) => !isMoot(stage));
  const attempt = Math.max(
    0,
    ...telling.map((stage) => stage.attempt),
    ...known.map((replay) => replay.attempt),
  );
  const latest = latestOf(telling, attempt);
  const changes = [record?.startedAt, ...stages.flatMap(timesOf), ...known.map((replay) => replay.at)];
  return {
    run,
    record,
    stages,
    latest,
    replays: known,
    state: stateOf(telling, latest),
    changedAt:
      changes
        .filter((time) => time !== undefined)
        .sort()
        .at(-1) ?? '',
  };
}

const byAttempt = (left: { attempt: number }, right: { attempt: number }) => left.attempt - right.attempt;

const timesOf = ({ startedAt, endedAt }: StageView) => [startedAt, endedAt];

type Folder = Awaited<ReturnType<typeof openFolder>>;

async function openFolder(storage: Storage, buckets: Buckets, run: RunId) {
  const bucketOf = new Map<string, string>();
  for (const bucket of new Set(Object.values(buckets))) {
    for (const name of await listNames(storage, bucket, layout.run(run))) bucketOf.set(name, bucket);
  }
  return {
    names: () => [...bucketOf.keys()],
    read: async <Value>(name: string, schema: Parameters<typeof readRecord<Value>>[3]) => {
      const bucket = bucketOf.get(name);
      return bucket ? readRecord(storage, bucket, name, schema) : undefined;
    },
    outstanding: async (key: AttemptKey) => {
      const bucket = bucketOf.get(layout.attemptRecord(key));
      return bucket ? readRecord(storage, bucket, layout.outstanding(key), OperationRecord) : undefined;
    },
  };
}

/** The attempts that have a record, in the order of the stages and then of the attempts. */
function attemptsIn(run: RunId, names: string[]): AttemptKey[] {
  return STAGES.flatMap((stage) => {
    const pattern = new RegExp(`^${layout.run(run)}${stage}/(\\d+)/attempt\\.json$`);
    const attempts = names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
    return attempts.sort((left, right) => left - right).map((attempt) => ({ run, stage, attempt }));
  });
}

const replaysIn = (run: RunId, names: string[]) =>
  names.filter((name) => name.startsWith(layout.replays(run)));

async function readAttempt(folder: Folder, key: AttemptKey): Promise<StageView> {
  const name = layout.attemptRecord(key);
  const record = await folder.read(name, AttemptRecord);
  if (!record) throw new Error(`${name} was listed and is gone`);
  const outstanding = record.ending ? undefined : await folder.outstanding(key);
  const duplicates = layout.duplicates(key);
  return {
    stage: key.stage,
    attempt: key.attempt,
    state: stateOfAttempt(record, outstanding !== undefined),
    startedAt: record.claimedAt,
    endedAt: record.ending?.time,
    leaseUntil: record.ending || outstanding ? undefined : record.leaseUntil,
    operation: record.operation?.resources ?? outstanding?.resources,
    progress: key.stage === 'rollout' ? progressIn(outstanding) : undefined,
    cause: record.cause,
    input: record.input,
    event: record.ending,
    duplicates: folder
      .names()
      .filter((object) => object.startsWith(duplicates))
      .map((object) => decodeURIComponent(object.slice(duplicates.length).replace(/\.json$/, ''))),
  };
}

const progressIn = (outstanding: OperationRecord | undefined): RolloutProgress | undefined =>
  RolloutState.safeParse(outstanding?.state).data?.progress;

/** Finer than the disposition of the event: who works on it, and whether gate and people let the run go on. */
function stateOfAttempt(record: AttemptRecord, outstanding: boolean): StageState {
  const disposition = dispositionOf(record);
  if (disposition === 'waiting') return outstanding ? 'waiting' : 'running';
  if (disposition !== 'done') return disposition;
  const name = record.ending && endingName(record.ending);
  if (name === 'eval-failed') return 'failed';
  if (name === 'rejected') return 'rejected';
  return name === 'rolled-back' && record.stage === 'rollout' ? 'rolled-back' : 'completed';
}
