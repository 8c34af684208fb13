import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  type BatonEvent,
  ContractViolation,
  DriftDetected,
  Envelope,
  layout,
  parseEvent,
  RunRequested,
  runIdOf,
  topicOf,
} from '../events/index.ts';
import { newestDrop } from './newest-drop.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import type { Logger } from './runtime/log.ts';
import { readJson, type Stored, writeJson } from './runtime/objects.ts';
import { publish } from './runtime/outbox.ts';
import { serve } from './runtime/serve.ts';
import { childTrace } from './runtime/trace.ts';

const Settings = Environment.extend({ BATON_RETRAINING: z.enum(['notify', 'retrain']) });

/** What a monitoring window was answered with: the request as published, and whether it is out. */
const Retraining = z.object({ request: Envelope, published: z.boolean() });
type Retraining = z.infer<typeof Retraining>;

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

/**
 * Asks for the window's run: the request is written first, if the window has none, and what is written is published.
 * So events of one window that are handled side by side, or again, publish the same request.
 */
async function retrain(event: Drift, { BATON_BUCKET: bucket }: Environment, log: Logger): Promise<void> {
  const object = layout.retraining(occasionOf(event));
  const standing = (await readJson(bucket, object, Retraining)) ?? (await write(event, bucket, object, log));
  if (!standing || standing.value.published) return;
  const { request } = standing.value;
  await publish(request, topicOf(RunRequested.name));
  await writeJson(bucket, object, { request, published: true } satisfies Retraining, standing.generation);
  log('NOTICE', `${summaryOf(event)}: asked for the run ${request.correlationid}`, { event: request.id });
}

async function write(
  event: Drift,
  bucket: string,
  object: string,
  log: Logger,
): Promise<Stored<Retraining> | undefined> {
  const request = await requestFor(event, bucket);
  if (!request) {
    log('WARNING', `${summaryOf(event)}; there is no complete drop to train on`);
    return undefined;
  }
  const value: Retraining = { request, published: false };
  const generation = await writeJson(bucket, object, value, '0');
  return generation ? { value, generation } : readJson(bucket, object, Retraining);
}

async function requestFor(event: Drift, bucket: string): Promise<Envelope | undefined> {
  const drop = await newestDrop(bucket);
  if (!drop) return undefined;
  const { GOOGLE_CLOUD_PROJECT: project, BATON_MODEL: model } = readEnvironment(Settings);
  const occasion = occasionOf(event);
  const run = runIdOf(drop.name, drop.generations, occasion);
  return {
    specversion: '1.0',
    id: `retraining/${occasion}/${RunRequested.name}`,
    source: `//baton.dev/projects/${project}/handlers/retrain`,
    type: RunRequested.type,
    time: new Date().toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    causationid: event.id,
    traceparent: childTrace(run, undefined),
    attempt: 1,
    data: {
      ...{ model, bucket, drop: drop.name, generations: drop.generations },
      reason: summaryOf(event),
      occasion,
    } satisfies z.infer<typeof RunRequested.data>,
  };
}
