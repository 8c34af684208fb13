import type { Request, Response } from '@google-cloud/functions-framework';
import {
  ContractViolation,
  type Delivery,
  decodeDelivery,
  type PushBody,
  parsePushBody,
} from '../../events/index.ts';
import type { Answer } from './attempt.ts';
import { Environment, readEnvironment } from './environment.ts';
import { handleEvent } from './handle-event.ts';
import { createLogger, type Logger } from './log.ts';
import { keepBytes } from './parked-message.ts';
import type { Stage } from './stage.ts';

type HttpFunction = (request: Request, response: Response) => Promise<void>;

/** Handles what a request means; what it throws makes the platform deliver again. */
export type Handler<Received> = (
  received: Received,
  environment: Environment,
  log: Logger,
) => Promise<Answer>;

/** Makes an HTTP function of a delivery handler. */
export const serve = (handler: Handler<Delivery>): HttpFunction => serveDecoded(decodeDelivery, handler);

/** The function of `park`, which must take also what can't be decoded. */
export const servePush = (handler: Handler<PushBody>): HttpFunction =>
  serveDecoded(({ body }) => parsePushBody(body), handler);

/** The function of a stage that is woken by one event. */
export function serveStage(stage: Stage): HttpFunction {
  return serve(async (delivery, environment, log) => {
    if (delivery.kind === 'event') return handleEvent(stage, delivery, environment, log);
    throw new ContractViolation(`${stage.name} takes events, and got a delivery of kind ${delivery.kind}`);
  });
}

/**
 * Answers 204 where the platform may forget the message, 503 where it must deliver it again. A message that can't
 * be decoded is kept and acknowledged: delivering it again would not make it readable.
 */
function serveDecoded<Received>(
  decode: (request: Request) => Received,
  handler: Handler<Received>,
): HttpFunction {
  return async (request, response) => {
    const environment = readEnvironment(Environment);
    const log = createLogger({ project: environment.GOOGLE_CLOUD_PROJECT });
    try {
      const answer = await handler(decode(request), environment, log);
      response.status(answer === 'acknowledge' ? 204 : 503).end();
    } catch (error) {
      if (error instanceof ContractViolation) {
        await keepUndecodable(request.body, error.message, environment);
        log('ERROR', `message kept as undecodable: ${error.message}`);
        response.status(204).end();
        return;
      }
      const stack = error instanceof Error ? error.stack : String(error);
      log('ERROR', `the delivery failed and will be made again: ${stack}`);
      response.status(503).end();
    }
  };
}

/** A request that is not even a push has nothing to keep, and ends as an error of whoever sent it. */
async function keepUndecodable(body: unknown, reason: string, environment: Environment): Promise<void> {
  const parking = { code: 'BATON_EVENT_MALFORMED', reason } as const;
  await keepBytes(environment.BATON_BUCKET, parsePushBody(body), parking, new Date());
}
