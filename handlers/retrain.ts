import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type BatonEvent, ContractViolation, DriftDetected, layout, parseEvent } from '../events/index.ts';
import { requestRun } from './run-request.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import type { Logger } from './runtime/log.ts';
import { serve } from './runtime/serve.ts';

const Settings = Environment.extend({ BATON_RETRAINING: z.enum(['notify', 'retrain']) });

type Drift = BatonEvent<z.infer<typeof DriftDetected.data>>;

/**
 * Wakes for `drift-detected`, which production pushes here, and does what the stack's config says: tell people,
 * or ask for a run over the newest drop. However many features drift in a monitoring window, it is answered
 * with one run.
 */
export const handle = serve(async (delivery, _environment, logger) => {
  if (delivery.kind !== 'event') {
    throw new ContractViolation(`retrain takes events, and got a delivery of kind ${delivery.kind}`);
  }
  const event = parseEvent(DriftDetected, delivery.event);
  const settings = readEnvironment(Settings);
  const log = logger.with({ run: event.correlationid, traceparent: event.traceparent });
  if (settings.BATON_RETRAINING === 'retrain') await retrain(event, settings, log);
  else {
    log('WARNING', `${summaryOf(event)}; baton:retraining is notify, so no run is started`, {
      event: event.id,
    });
  }
  return 'acknowledge';
});

function summaryOf({ data: { statistic, feature, score, threshold, window } }: Drift): string {
  return `${statistic} of ${feature} is ${score.toFixed(4)} in the window until ${window.end}, above ${threshold}`;
}

/** The monitoring window, whichever feature, statistic or deployed model tells of it. */
function occasionOf({ data: { monitoringJob, window } }: Drift): string {
  return createHash('sha256').update(`${monitoringJob} ${window.end}`).digest('hex').slice(0, 20);
}

async function retrain(event: Drift, environment: Environment, log: Logger): Promise<void> {
  const occasion = occasionOf(event);
  const reason = summaryOf(event);
  const answer = await requestRun(
    { occasion, object: layout.retraining(occasion), handler: 'retrain', reason, causationid: event.id },
    environment,
  );
  if (answer.asked === 'no-drop') log('WARNING', `${reason}; there is no complete drop to train on`);
  if (answer.asked === 'now') {
    const { correlationid: run, id } = answer.request;
    log('NOTICE', `${reason}: asked for the run ${run}`, { event: id });
  }
}
