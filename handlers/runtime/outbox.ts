import {
  type AttemptRecord,
  type BatonEvent,
  type Envelope,
  type EventContract,
  starterOf,
  toPubsubMessage,
} from '../../events/index.ts';
import { pubsub } from './clients.ts';
import { StageFailure, toStageFailure } from './failure.ts';
import type { Work } from './stage.ts';

/**
 * The event with which an attempt of a stage ends. Its id follows from the attempt, so that publishing it twice
 * is one event to every subscriber.
 */
export function endingEvent<Data>(
  contract: EventContract<Data>,
  data: Data,
  { run, stage, attempt, input, sequence }: AttemptRecord,
  { environment, traceparent, clock }: Work,
): BatonEvent<Data> {
  return {
    specversion: '1.0',
    id: `${run}/${stage}/${attempt}/${contract.name}`,
    source: `//baton.dev/projects/${environment.GOOGLE_CLOUD_PROJECT}/stages/${stage}`,
    type: contract.type,
    time: clock().toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    causationid: input?.id,
    traceparent,
    attempt,
    sequence,
    ...starterOf(input),
    data,
  };
}

/** An ending that the stage may not publish: it can't stand, since nobody would ever hear of it. */
export class UnpublishableEnding extends StageFailure {}

/**
 * Publishes an event on its topic and waits until Pub/Sub has it.
 *
 * @throws UnpublishableEnding when the topic is gone or the caller may not publish there
 */
export async function publish(event: Envelope, topic: string): Promise<void> {
  const publisher = (await pubsub()).topic(topic, { batching: { maxMessages: 1 } });
  try {
    await publisher.publishMessage(toPubsubMessage(event));
  } catch (error) {
    // Calls that the client would retry come back without the error's info read.
    const { GoogleError } = await import('google-gax');
    const informed = GoogleError.parseGRPCStatusDetails(error as InstanceType<typeof GoogleError>);
    const { code, message, outcome } = toStageFailure(informed);
    if (outcome !== 'retry') throw new UnpublishableEnding(code, message, { cause: error });
    throw error;
  }
}
