import { carriesCloudEvent, decodeDelivery, type PushBody, StageName } from '../events/index.ts';
import { type Answer, makeAttempt } from './runtime/attempt.ts';
import type { Environment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { attemptFor, type EventDelivery } from './runtime/handle-event.ts';
import type { Logger } from './runtime/log.ts';
import { keepBytes, sourceOf } from './runtime/parked-message.ts';
import { servePush } from './runtime/serve.ts';

/**
 * Wakes for every dead letter: a message that a handler could not take in all its deliveries. Where it is a run's
 * event, the attempt ends as parked, so that the stage can be replayed, unless somebody has ended it after all. The
 * bytes of what nobody could handle are kept.
 */
export const handle = servePush(async (push, environment, logger) => {
  const { subscription, deliveries } = sourceOf(push);
  const reason = `not handled in ${deliveries ?? 'any number of'} deliveries to ${subscription}`;
  const stage = StageName.safeParse(subscription.split('/').at(-1));
  if (stage.success && carriesCloudEvent(push.message.attributes)) {
    const delivery = decodeDelivery({ headers: {}, body: push });
    if (delivery.kind === 'event') return parkAttempt(stage.data, delivery, reason, environment, logger);
  }
  await keep(push, reason, environment);
  logger('ERROR', `dead letter ${push.message.messageId}: ${reason}`);
  return 'acknowledge';
});

const keep = (push: PushBody, reason: string, { BATON_BUCKET }: Environment) =>
  keepBytes(BATON_BUCKET, push, { code: 'BATON_DEAD_LETTER', reason }, new Date());

/** Takes the attempt as its stage would have, and parks it: a dead letter that comes twice is a duplicate. */
function parkAttempt(
  stage: StageName,
  delivery: EventDelivery,
  reason: string,
  environment: Environment,
  logger: Logger,
): Promise<Answer> {
  const { claim, work } = attemptFor(stage, delivery, environment, logger);
  const { event, push } = delivery;
  return makeAttempt(claim, push, work, async () => {
    const keptAt = await keep(push, reason, environment);
    throw new StageFailure('BATON_DEAD_LETTER', `${event.id} was ${reason}`, { keptAt });
  });
}
