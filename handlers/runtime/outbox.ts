import {
  type BatonEvent,
  type Claim,
  Envelope,
  type EventContract,
  layout,
  toPubsubMessage,
} from '../../events/index.ts';
import { pubsub } from './clients.ts';
import { StageFailure, toStageFailure } from './failure.ts';
import { readJson, writeJson } from './objects.ts';

type Attempt = Pick<Claim, 'run' | 'stage' | 'attempt'>;

/**
 * The event with which an attempt of a stage ends. Its id follows from the attempt, so that publishing it twice
 * is one event to every subscriber.
 */
export function endingEvent<Data>(
  contract: EventContract<Data>,
  data: Data,
  context: Attempt & { project: string; causationid?: string; traceparent: string; now: Date },
): BatonEvent<Data> {
  const { run, stage, attempt } = context;
  return {
    specversion: '1.0',
    id: `${run}/${stage}/${attempt}/${contract.name}`,
    source: `//baton.dev/projects/${context.project}/stages/${stage}`,
    type: contract.type,
    time: context.now.toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    causationid: context.causationid,
    traceparent: context.traceparent,
    attempt,
    data,
  };
}

/**
 * Writes an attempt's ending into the run folder, unless there is one already: the first ending stands.
 *
 * @returns the ending that stands, which is the one to publish
 */
export async function recordEnding(bucket: string, attempt: Attempt, event: Envelope): Promise<Envelope> {
  const object = layout.event(attempt.run, attempt.stage, attempt.attempt);
  if (await writeJson(bucket, object, event, '0')) return event;
  const standing = await readJson(bucket, object, Envelope);
  if (!standing) throw new Error(`gs://${bucket}/${object} was there and is gone`);
  return standing.value;
}

/** The recorded ending of an attempt, or `undefined` while it has none. */
export async function recordedEnding(bucket: string, attempt: Attempt): Promise<Envelope | undefined> {
  const object = layout.event(attempt.run, attempt.stage, attempt.attempt);
  return (await readJson(bucket, object, Envelope))?.value;
}

/** Puts another ending in the place of one that never went out. */
export async function replaceEnding(bucket: string, attempt: Attempt, event: Envelope): Promise<Envelope> {
  const object = layout.event(attempt.run, attempt.stage, attempt.attempt);
  const standing = await readJson(bucket, object, Envelope);
  if (await writeJson(bucket, object, event, standing?.generation ?? '0')) return event;
  throw new Error(`gs://${bucket}/${object} was replaced by somebody else`);
}

/** An ending that the stage may not publish: it can't stand, since nobody would ever hear of it. */
export class UnpublishableEnding extends StageFailure {}

/**
 * Publishes an event on its topic and waits until Pub/Sub has it.
 *
 * @throws UnpublishableEnding when the caller may not publish there
 */
export async function publish(event: Envelope, topic: string): Promise<void> {
  const publisher = (await pubsub()).topic(topic, { batching: { maxMessages: 1 } });
  try {
    await publisher.publishMessage(toPubsubMessage(event));
  } catch (error) {
    // Calls that the client would retry come back without the error's info read.
    const { GoogleError } = await import('google-gax');
    const informed = GoogleError.parseGRPCStatusDetails(error as InstanceType<typeof GoogleError>);
    const { code, message } = toStageFailure(informed);
    if (code === 'BATON_PERMISSION_DENIED') throw new UnpublishableEnding(code, message, { cause: error });
    throw error;
  }
}
