import { randomBytes } from 'node:crypto';
import pThrottle from 'p-throttle';
import { z } from 'zod';
import { RunId, StageName } from '../../events/index.ts';
import type { Rate } from '../commands/arguments.ts';
import type { Session } from '../commands/session.ts';
import { readRecord, writeRecord } from '../runs/objects.ts';
import { type RunView, readRun } from '../runs/run-view.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { planReplay, type ReplayPlan } from './plan.ts';
import { sendReplay } from './send.ts';

/**
 * A replay of many runs, as it is kept in the non-production bucket from before the first event is sent: what is left of
 * it follows from the runs' own folders, so it can be resumed after any interruption, by anybody.
 */
const Batch = z.object({
  id: z.string(),
  by: z.string(),
  reason: z.string().optional(),
  at: z.iso.datetime(),
  rate: z.object({ limit: z.number().int().positive(), intervalMs: z.number().positive() }),
  runs: z.array(z.object({ run: RunId, from: StageName, attempt: z.number().int().min(1) })),
});
export type Batch = z.infer<typeof Batch>;

const objectOf = (id: string) => `replays/${id}.json`;

/** Keeps a new batch of planned replays. */
export async function openBatch(
  { storage, buckets }: Session,
  plans: ReplayPlan[],
  rate: Rate,
): Promise<Batch> {
  const { by, reason, at } = plans[0].record;
  const stamp = at.replace(/\D/g, '').slice(0, 14);
  const runs = plans.map(({ record: { run, from, attempt } }) => ({ run, from, attempt }));
  const batch: Batch = { id: `${stamp}-${randomBytes(3).toString('hex')}`, by, reason, at, rate, runs };
  await writeRecord(storage, buckets.nonprod, objectOf(batch.id), batch, '0');
  return batch;
}

/** @throws CommandError `notFound` when there is no batch of that id */
export async function readBatch({ storage, buckets }: Session, id: string): Promise<Batch> {
  const batch = await readRecord(storage, buckets.nonprod, objectOf(id), Batch);
  if (!batch) throw new CommandError(EXIT.notFound, `there is no gs://${buckets.nonprod}/${objectOf(id)}`);
  return batch;
}

/** What became of one run of a batch. */
export interface BatchResult {
  run: RunId;
  /** The replay's id, where one was planned. */
  id?: string;
  result: 'sent' | 'same' | 'skipped';
  reason?: string;
}

/**
 * Sends a batch's replays at its rate, and tells of each. A run that has been sent before is the same replay, one that
 * has gone on by itself meanwhile is skipped.
 *
 * @returns the results so far, when the session is interrupted
 */
export async function sendBatch(
  session: Session,
  batch: Batch,
  onResult: (result: BatchResult, done: number) => void,
): Promise<BatchResult[]> {
  const { limit, intervalMs } = batch.rate;
  const throttled = pThrottle({ limit, interval: intervalMs, signal: session.signal })(sendOne);
  const results: BatchResult[] = [];
  for (const item of batch.runs) {
    if (session.signal.aborted) break;
    try {
      results.push(await throttled(session, batch, item));
    } catch (error) {
      if (session.signal.aborted) break;
      throw error;
    }
    onResult(results[results.length - 1], results.length);
  }
  return results;
}

async function sendOne(
  session: Session,
  { by, reason }: Batch,
  { run, from, attempt }: Batch['runs'][number],
): Promise<BatchResult> {
  const id = `${run}/replay/${attempt}`;
  const view = await readRun(session.storage, session.buckets, run);
  if (hasBegun(view, attempt)) return { run, id, result: 'same' };
  try {
    const plan = planReplay(view, {
      from,
      by,
      reason,
      at: new Date(),
      project: session.environment.nonprod.project,
    });
    if (plan.record.attempt !== attempt) {
      return { run, id, result: 'skipped', reason: `the run has come to attempt ${plan.record.attempt}` };
    }
    return { run, id, result: await sendReplay(session, plan) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { run, id, result: 'skipped', reason: error.message };
  }
}

/** A handler has taken the event: there is nothing left to send. */
const hasBegun = ({ stages, replays }: RunView, attempt: number) =>
  replays.some((replay) => replay.attempt === attempt) && stages.some((stage) => stage.attempt === attempt);
