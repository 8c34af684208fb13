import {
  type AttemptKey,
  AttemptKey as AttemptKeySchema,
  attemptOfMarker,
  type Delivery,
} from '../events/index.ts';
import { jobHasEnded } from './runtime/dataflow.ts';
import type { Environment } from './runtime/environment.ts';
import type { Logger } from './runtime/log.ts';
import { listOutstanding, type Outstanding } from './runtime/outstanding.ts';
import { serve } from './runtime/serve.ts';
import { settleAttempt, settlingOf } from './runtime/settling.ts';

/** How many operations one sweep finishes side by side. */
const CONCURRENCY = 8;

/**
 * Finishes operations that have ended. A signal names the attempt that it is about, and that one is looked at. The
 * scheduler's tick looks at everything outstanding: a signal lost costs a minute, and one too many costs a look.
 */
export const handle = serve(async (delivery, environment, log) => {
  if (delivery.kind === 'tick') {
    await sweepAfterNow(environment, log);
    return 'acknowledge';
  }
  const key = attemptOf(delivery);
  if (key) await settleAttempt(key, environment, log, { signalled: delivery.kind === 'object' });
  else log('INFO', `ignored a signal of nothing that has ended: ${JSON.stringify(delivery)}`);
  return 'acknowledge';
});

/**
 * The attempt that a signal is about: a workload's marker says by its name, a Dataflow job by its labels. A job that has
 * not ended is nothing to look at.
 */
function attemptOf(delivery: Delivery): AttemptKey | undefined {
  if (delivery.kind === 'object') return attemptOfMarker(delivery.object);
  if (delivery.kind !== 'dataflow-job' || !jobHasEnded(delivery.state)) return undefined;
  const { run, stage, attempt } = delivery.labels;
  return AttemptKeySchema.safeParse({ run, stage, attempt: Number(attempt) }).data;
}

/**
 * Looks at everything outstanding: lists the markers, asks each stage which of its operations may have got
 * further, and settles those.
 */
async function sweep(environment: Environment, log: Logger): Promise<void> {
  const byStage = Map.groupBy(await listOutstanding(environment.BATON_BUCKET), ({ stage }) => stage);
  const ready = await Promise.all([...byStage].map((group) => readyOf(group, environment, log)));
  const queue = ready.flat();
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      await settleAttempt(next, environment, log, { signalled: false });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

/** Where the states can't be listed, each operation is looked at by itself, and ends or parks by what it finds. */
async function readyOf(
  [stage, outstanding]: [Outstanding['stage'], Outstanding[]],
  environment: Environment,
  log: Logger,
): Promise<Outstanding[]> {
  try {
    return await (await settlingOf(stage)).ready(outstanding, environment);
  } catch (error) {
    log('WARNING', `the operations of ${stage} can't be listed: ${String(error)}`);
    return outstanding;
  }
}

/**
 * One sweep at a time in an instance. Whoever asks during a sweep gets the next one, which begins after they
 * asked and so sees what they saw.
 */
let current: Promise<void> | undefined;
let next: Promise<void> | undefined;

function sweepAfterNow(environment: Environment, log: Logger): Promise<void> {
  if (!current) {
    current = sweep(environment, log).finally(() => {
      current = undefined;
    });
    return current;
  }
  next ??= current
    .catch(() => undefined)
    .then(() => {
      next = undefined;
      return sweepAfterNow(environment, log);
    });
  return next;
}
