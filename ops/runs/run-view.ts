import type { Storage } from '@google-cloud/storage';
import {
  type AttemptKey,
  AttemptRecord,
  dispositionOf,
  type Envelope,
  endingName,
  layout,
  OperationRecord,
  type RunId,
  RunRecord,
  STAGES,
  type StageName,
  TENANT_OF,
  type Tenant,
} from '../../events/index.ts';

/** The state of one attempt of a stage, as its run folder tells. */
export interface StageView {
  stage: StageName;
  attempt: number;
  state: 'running' | 'waiting' | 'completed' | 'failed' | 'refused' | 'parked' | 'superseded';
  startedAt: string;
  endedAt?: string;
  /** The resource names of the long operation, once it was started. */
  operation?: string[];
  event?: Envelope;
}

export type RunState = 'running' | 'monitored' | 'gate-failed' | 'refused' | 'parked' | 'superseded';

export interface RunView {
  run: RunId;
  state: RunState;
  record?: RunRecord;
  stages: StageView[];
}

/** The buckets that hold a run's folder: each tenant keeps its own stages. */
export type Buckets = Record<Tenant, string>;

/** Reads a run from its folders. A stage that has not begun is absent. */
export async function readRun(storage: Storage, buckets: Buckets, run: RunId): Promise<RunView> {
  const objects = new Map<string, string>();
  for (const bucket of new Set(Object.values(buckets))) {
    const [files] = await storage.bucket(bucket).getFiles({ prefix: layout.run(run) });
    for (const file of files) objects.set(file.name, bucket);
  }
  const read: Read = async (name, bucket = objects.get(name)) => {
    if (!bucket) return undefined;
    const [content] = await storage.bucket(bucket).file(name).download();
    return JSON.parse(content.toString('utf8'));
  };
  const stages: StageView[] = [];
  for (const stage of STAGES) {
    for (const attempt of attemptsOf(run, stage, objects.keys())) {
      stages.push(await readStage({ run, stage, attempt }, buckets[TENANT_OF[stage]], read));
    }
  }
  const record = RunRecord.safeParse(await read(layout.runRecord(run)));
  return { run, state: stateOf(stages), record: record.data, stages };
}

function attemptsOf(run: RunId, stage: StageName, names: Iterable<string>): number[] {
  const prefix = `${layout.run(run)}${stage}/`;
  const attempts = new Set<number>();
  for (const name of names) {
    if (name.startsWith(prefix)) attempts.add(Number(name.slice(prefix.length).split('/')[0]));
  }
  return [...attempts].filter(Number.isInteger).sort((left, right) => left - right);
}

/** Reads a JSON object; of the run's folders, from the bucket that has it. */
type Read = (name: string, bucket?: string) => Promise<unknown>;

async function readStage(key: AttemptKey, bucket: string, read: Read): Promise<StageView> {
  const record = AttemptRecord.safeParse(await read(layout.attemptRecord(key))).data;
  const operation = record?.ending ? record.operation : await readMarker(key, bucket, read);
  const event = record?.ending;
  return {
    stage: key.stage,
    attempt: key.attempt,
    state: event ? endedAs(event) : operation ? 'waiting' : 'running',
    startedAt: record?.claimedAt ?? '',
    endedAt: event?.time,
    operation: operation?.resources,
    event,
  };
}

/** An operation that has not ended is told of by its marker, and goes away with it. */
async function readMarker(key: AttemptKey, bucket: string, read: Read): Promise<OperationRecord | undefined> {
  try {
    return OperationRecord.parse(await read(layout.outstanding(key), bucket));
  } catch (error) {
    if ((error as { code?: number }).code === 404) return undefined;
    throw error;
  }
}

function endedAs(event: Envelope): StageView['state'] {
  const disposition = dispositionOf({ ending: event });
  if (disposition === 'refused' || disposition === 'parked' || disposition === 'superseded')
    return disposition;
  return endingName(event) === 'eval-failed' ? 'failed' : 'completed';
}

/** The latest attempt of the furthest stage decides. */
function stateOf(stages: StageView[]): RunState {
  const latest = stages.at(-1);
  if (latest?.state === 'refused' || latest?.state === 'parked' || latest?.state === 'superseded') {
    return latest.state;
  }
  if (latest?.state === 'failed') return 'gate-failed';
  return latest?.stage === 'monitor' && latest.state === 'completed' ? 'monitored' : 'running';
}
