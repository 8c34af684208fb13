import { ContractViolation, layout } from '../events/index.ts';
import { requestRun } from './run-request.ts';
import { serve } from './runtime/serve.ts';

/**
 * Wakes by the clock, and asks for a run over the newest drop. A tick that Cloud Scheduler sends again is for the same
 * time, and asks for the same run.
 */
export const handle = serve(async (delivery, environment, log) => {
  const time = delivery.kind === 'tick' ? delivery.scheduledFor : undefined;
  if (!time) throw new ContractViolation('start takes ticks of Cloud Scheduler, which say for when they are');
  const answer = await requestRun(
    {
      occasion: `schedule ${time}`,
      object: layout.scheduled(time.replace(/[^0-9TZ]/g, '')),
      handler: 'start',
      reason: `scheduled for ${time}`,
    },
    environment,
  );
  if (answer.asked === 'no-drop')
    log('WARNING', `scheduled for ${time}: there is no complete drop to run over`);
  if (answer.asked === 'now') {
    const { correlationid: run, id: event } = answer.request;
    log.with({ run })('NOTICE', `scheduled for ${time}: asked for the run ${run}`, { event });
  }
  return 'acknowledge';
});
