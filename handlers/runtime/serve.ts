import type { Request, Response } from '@google-cloud/functions-framework';
import { ContractViolation, type Delivery, decodeDelivery, parsePushBody } from '../../events/index.ts';
import type { Answer } from './attempt.ts';
import { Environment, readEnvironment } from './environment.ts';
import { handleEvent } from './handle-event.ts';
import { createLogger, type Logger } from './log.ts';
import type { Stage } from './stage.ts';
import { keepUndecodable } from './undecodable.ts';

/** Handles one delivery; what it throws makes the platform deliver again. */
export type DeliveryHandler = (delivery: Delivery, environment: Environment, log: Logger) => Promise<Answer>;

/**
 * Makes an HTTP function of a delivery handler: decodes the request, and answers 204 where the platform may
 * forget the message, 503 where it must deliver it again. A message that cannot be decoded is kept and
 * acknowledged: delivering it again would not make it readable.
 */
export function serve(handler: DeliveryHandler): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    const environment = readEnvironment(Environment);
    const log = createLogger({ project: environment.GOOGLE_CLOUD_PROJECT });
    try {
      const answer = await handler(decodeDelivery(request), environment, log);
      response.status(answer === 'acknowledge' ? 204 : 503).end();
    } catch (error) {
      if (error instanceof ContractViolation) {
        await keepUndecodable(environment.BATON_BUCKET, parsePushBody(request.body), error.message);
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

/** The function of a stage that is woken by one event. */
export function serveStage(stage: Stage) {
  return serve(async (delivery, environment, log) => {
    if (delivery.kind === 'event') return handleEvent(stage, delivery, environment, log);
    throw new ContractViolation(`${stage.name} takes events, and got a delivery of kind ${delivery.kind}`);
  });
}
