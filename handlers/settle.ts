import type { StageName, StartedOperation } from '../events/index.ts';
import { complete, fail } from './runtime/ending.ts';
import type { Environment } from './runtime/environment.ts';
import type { Logger } from './runtime/log.ts';
import { clearOutstanding, listOutstanding, recordOutstanding } from './runtime/outstanding.ts';
import { serve } from './runtime/serve.ts';
import { type Settling, workOn } from './runtime/stage.ts';

/** How many operations one sweep looks at side by side. */
const CONCURRENCY = 8;

/** The stages that leave operations behind; each is imported when one of its operations is found. */
const STAGES: Record<StageName, () => Promise<Settling>> = {
  prepare: async () => (await import('./prepare.ts')).expectation,
  ingest: async () => (await import('./ingest.ts')).ingest,
  train: async () => (await import('./train.ts')).train,
  evaluate: async () => (await import('./evaluate.ts')).evaluate,
  deploy: async () => (await import('./deploy.ts')).deploy,
  monitor: async () => (await import('./monitor.ts')).monitor,
};

/**
 * Finishes operations that have ended. Whatever wakes it, a signal or the scheduler, it looks at everything
 * outstanding and reads the true state: a signal lost costs a minute, and a signal too many costs a look.
 */
async function sweep(environment: Environment, logger: Logger): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  for await (const { value: record } of listOutstanding(environment.BATON_BUCKET)) {
    const settling = settleOne(record, environment, logger).finally(() => inFlight.delete(settling));
    inFlight.add(settling);
    if (inFlight.size >= CONCURRENCY) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
}

async function settleOne(record: StartedOperation, environment: Environment, logger: Logger): Promise<void> {
  const { stage } = record;
  const work = workOn(record, record.traceparent, environment, logger);
  const { log } = work;
  const cause = { id: record.input?.id };
  try {
    const outcome = await (await STAGES[stage]()).settle(record, work);
    if (outcome.kind === 'moot') return await clearOutstanding(environment.BATON_BUCKET, record);
    if (outcome.kind === 'completed') return await complete(record, outcome, work, cause);
    const next = { ...record, resources: outcome.resources, state: outcome.state };
    if (JSON.stringify(next) !== JSON.stringify(record)) {
      await recordOutstanding(environment.BATON_BUCKET, next);
      log('INFO', `${stage} goes on: ${outcome.resources.join(', ')}`, { resources: outcome.resources });
    }
  } catch (error) {
    // A passing failure is left to the next sweep, and so is one that cannot be recorded now.
    await fail(record, error, work, cause).catch((again) =>
      log('ERROR', `${stage} cannot end: ${String(again)}`),
    );
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

export const handle = serve(async (_delivery, environment, log) => {
  await sweepAfterNow(environment, log);
  return 'acknowledge';
});
