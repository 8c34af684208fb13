import type { Request, Response } from '@google-cloud/functions-framework';
import {
  carriesCloudEvent,
  fromPubsubMessage,
  type PushBody,
  parsePushBody,
  StageName,
} from '../events/index.ts';
import { fail } from './runtime/ending.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { createLogger, type Logger } from './runtime/log.ts';
import { workOn } from './runtime/stage.ts';
import { keepUndecodable } from './runtime/undecodable.ts';

const SOURCE = 'CloudPubSubDeadLetterSource';

/**
 * Wakes for every dead letter: a message that a handler could not take in all its deliveries. The bytes are
 * kept, and where they are a run's event, the stage ends as parked, so that it can be replayed.
 */
export async function handle(request: Request, response: Response): Promise<void> {
  const environment = readEnvironment(Environment);
  const log = createLogger({ project: environment.GOOGLE_CLOUD_PROJECT });
  await park(parsePushBody(request.body), environment, log);
  response.status(204).end();
}

async function park(push: PushBody, environment: Environment, logger: Logger): Promise<void> {
  const { attributes, messageId } = push.message;
  const subscription = attributes[`${SOURCE}Subscription`] ?? push.subscription;
  const reason = `not handled in ${attributes[`${SOURCE}DeliveryCount`] ?? 'any number of'} deliveries to ${subscription}`;
  await keepUndecodable(environment.BATON_BUCKET, push, reason);
  logger('ERROR', `dead letter ${messageId}: ${reason}`);

  const stage = StageName.safeParse(subscription.split('/').at(-1));
  if (!stage.success || !carriesCloudEvent(attributes)) return;
  const event = fromPubsubMessage({ data: Buffer.from(push.message.data ?? '', 'base64'), attributes });
  const attempt = { run: event.correlationid, stage: stage.data, attempt: event.attempt };
  const work = workOn(attempt, event.traceparent, environment, logger);
  const failure = new StageFailure('BATON_DEAD_LETTER', `${event.id} was ${reason}`);
  await fail(attempt, failure, work, { id: event.id, deliveryId: messageId });
}
