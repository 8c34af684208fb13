import { ContractViolation, Deployed, parseEvent } from '../events/index.ts';
import { lineageOf } from './lineage-graph.ts';
import { writeLineage } from './metadata-store.ts';
import { serve } from './runtime/serve.ts';

/**
 * Wakes for `deployed`, and records in Vertex ML Metadata where the deployed model comes from. It is no stage: nothing
 * waits for it, and no event tells of it. What it can't write is delivered again, and in the end parked.
 */
export const handle = serve(async (delivery, environment, logger) => {
  if (delivery.kind !== 'event') {
    throw new ContractViolation(`lineage takes events, and got a delivery of kind ${delivery.kind}`);
  }
  const event = parseEvent(Deployed, delivery.event);
  const { approved } = event.data;
  const log = logger.with({ run: event.correlationid, traceparent: event.traceparent });
  if (!approved) {
    log('WARNING', 'the deployment does not say what was approved, so its lineage is not recorded', {
      event: event.id,
    });
    return 'acknowledge';
  }
  await writeLineage(lineageOf(event, approved), environment);
  log('INFO', `recorded the lineage of version ${event.data.model.version}`, { event: event.id });
  return 'acknowledge';
});
