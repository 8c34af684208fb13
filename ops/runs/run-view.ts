import type { Storage } from '@google-cloud/storage';
import {
  Claim,
  Envelope,
  endingName,
  layout,
  type RunId,
  RunRecord,
  STAGES,
  type StageName,
  StartedOperation,
  type Tenant,
} from '../../events/index.ts';

/** The state of one attempt of a stage, as its run folder tells. */
export interface StageView {
  stage: StageName;
  attempt: number;
  state: 'running' | 'waiting' | 'completed' | 'failed' | 'refused' | 'parked';
  startedAt: string;
  endedAt?: string;
  /** The resource names of the long operation, once it was started. */
  operation?: string[];
  event?: Envelope;
}

export type RunState = 'running' | 'monitored' | 'gate-failed' | 'refused' | 'parked';

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
  const read = async (name: string): Promise<unknown> => {
    const bucket = objects.get(name);
    if (!bucket) return undefined;
    const [content] = await storage.bucket(bucket).file(name).download();
    return JSON.parse(content.toString('utf8'));
  };
  const stages: StageView[] = [];
  for (const stage of STAGES) {
    for (const attempt of attemptsOf(run, stage, objects.keys())) {
      stages.push(await readStage(run, stage, attempt, read));
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

async function readStage(
  run: RunId,
  stage: StageName,
  attempt: number,
  read: (name: string) => Promise<unknown>,
): Promise<StageView> {
  const claim = Claim.safeParse(await read(layout.claim(run, stage, attempt))).data;
  const operation = StartedOperation.safeParse(await read(layout.operation(run, stage, attempt))).data;
  const event = Envelope.safeParse(await read(layout.event(run, stage, attempt))).data;
  return {
    stage,
    attempt,
    state: event ? endedAs(event) : operation ? 'waiting' : 'running',
    startedAt: claim?.claimedAt ?? operation?.startedAt ?? event?.time ?? '',
    endedAt: event?.time,
    operation: operation?.resources,
    event,
  };
}

function endedAs(event: Envelope): StageView['state'] {
  const name = endingName(event);
  if (name === 'refused' || name === 'parked') return name;
  return name === 'eval-failed' ? 'failed' : 'completed';
}

/** The latest attempt of the furthest stage decides. */
function stateOf(stages: StageView[]): RunState {
  const latest = stages.at(-1);
  if (latest?.state === 'refused' || latest?.state === 'parked') return latest.state;
  if (latest?.state === 'failed') return 'gate-failed';
  return latest?.stage === 'monitor' && latest.state === 'completed' ? 'monitored' : 'running';
}
