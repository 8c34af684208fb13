import { z } from 'zod';
import { Envelope, RunRequested, runIdOf, topicOf } from '../events/index.ts';
import { newestDrop } from './newest-drop.ts';
import type { Environment } from './runtime/environment.ts';
import { ownIdentity } from './runtime/identity.ts';
import { readJson, type Stored, writeJson } from './runtime/objects.ts';
import { publish } from './runtime/outbox.ts';
import { childTrace } from './runtime/trace.ts';

/** What a further run over the newest drop answers, such as a monitoring window or a tick of the schedule. */
export interface Occasion {
  /** Its name: the run's id follows from it, so one occasion has one run. */
  occasion: string;
  /** The object that keeps the request; `retraining/<occasion>.json` also names the event. */
  object: string;
  /** The handler that asks. */
  handler: string;
  reason: string;
  /** The event that is answered, where one is. */
  causationid?: string;
}

/** What an occasion was answered with: the request as published, and whether it is out. */
const Requested = z.object({ request: Envelope, published: z.boolean() });
type Requested = z.infer<typeof Requested>;

/** `no-drop` where no drop is complete, so that there is nothing to run over. */
type Answer = { asked: 'now' | 'before'; request: Envelope } | { asked: 'no-drop' };

/**
 * Asks for the run of an occasion over the newest drop. The request is written first, if the occasion has none, and
 * what is written is published: whoever asks again, or at the same time, publishes the same request.
 */
export async function requestRun(of: Occasion, environment: Environment): Promise<Answer> {
  const { BATON_BUCKET: bucket } = environment;
  const standing = (await readJson(bucket, of.object, Requested)) ?? (await write(of, environment));
  if (!standing) return { asked: 'no-drop' };
  const { request, published } = standing.value;
  if (published) return { asked: 'before', request };
  await publish(request, topicOf(RunRequested.name));
  const value: Requested = { request, published: true };
  await writeJson(bucket, of.object, value, standing.generation);
  return { asked: 'now', request };
}

async function write(of: Occasion, environment: Environment): Promise<Stored<Requested> | undefined> {
  const { BATON_BUCKET: bucket } = environment;
  const request = await requestFor(of, environment);
  if (!request) return undefined;
  const value: Requested = { request, published: false };
  const generation = await writeJson(bucket, of.object, value, '0');
  return generation ? { value, generation } : readJson(bucket, of.object, Requested);
}

async function requestFor(of: Occasion, environment: Environment): Promise<Envelope | undefined> {
  const { GOOGLE_CLOUD_PROJECT: project, BATON_MODEL: model, BATON_BUCKET: bucket } = environment;
  const drop = await newestDrop(bucket);
  if (!drop) return undefined;
  const { occasion, object, handler, reason, causationid } = of;
  const run = runIdOf(drop.name, drop.generations, occasion);
  return {
    specversion: '1.0',
    id: `${object.replace(/\.json$/, '')}/${RunRequested.name}`,
    source: `//baton.dev/projects/${project}/handlers/${handler}`,
    type: RunRequested.type,
    time: new Date().toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    causationid,
    traceparent: childTrace(run, undefined),
    attempt: 1,
    ...(await ownIdentity()),
    data: {
      ...{ model, bucket, drop: drop.name, generations: drop.generations },
      ...{ reason, occasion },
    } satisfies z.infer<typeof RunRequested.data>,
  };
}
