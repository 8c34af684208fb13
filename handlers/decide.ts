import type { Request, Response } from '@google-cloud/functions-framework';
import { z } from 'zod';
import { DecisionRequest, type FailureCode } from '../events/index.ts';
import { decideApproval } from './decide-approval.ts';
import { decideRollback } from './decide-rollback.ts';
import { callerOf } from './runtime/caller.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure, toStageFailure } from './runtime/failure.ts';
import { createLogger, type Logger } from './runtime/log.ts';

/** The HTTP status of a refusal; whatever else goes wrong may go right the next time. */
const STATUS: Partial<Record<FailureCode, number>> = {
  BATON_DECISION_MALFORMED: 400,
  BATON_CALLER_NOT_ALLOWED: 403,
  BATON_APPROVAL_OWN_RUN: 403,
  BATON_APPROVAL_NOT_AWAITED: 409,
  BATON_APPROVAL_DECIDED: 409,
  BATON_APPROVAL_DIGEST: 409,
  BATON_APPROVAL_EXPIRED: 410,
  BATON_ROLLBACK_OUTDATED: 409,
};

/**
 * What people decide in production comes in here, with an identity token that Cloud Run has checked: the only function
 * that they call. Answers what was decided as it is on record, or a refusal with its code and a sentence.
 */
export async function handle(request: Request, response: Response): Promise<void> {
  const environment = readEnvironment(Environment);
  const log = createLogger({ project: environment.GOOGLE_CLOUD_PROJECT });
  try {
    const caller = callerOf(request.headers);
    response.json(await decide(parse(request), caller, environment, log));
  } catch (error) {
    const { code, message: reason, advice } = toStageFailure(error);
    const status = STATUS[code] ?? 503;
    log(status === 503 ? 'ERROR' : 'WARNING', `refused with ${code}: ${reason}`, { code });
    response.status(status).json({ code, reason, advice });
  }
}

function parse({ method, body }: Request): DecisionRequest {
  const parsed = DecisionRequest.safeParse(body);
  if (method === 'POST' && parsed.success) return parsed.data;
  const problem = parsed.error ? z.prettifyError(parsed.error) : `it is a ${method}, where POST is expected`;
  throw new StageFailure('BATON_DECISION_MALFORMED', `the request is not understood: ${problem}`);
}

function decide(
  request: DecisionRequest,
  caller: string,
  environment: Environment,
  log: Logger,
): Promise<unknown> {
  switch (request.kind) {
    case 'approval':
      return decideApproval(request, caller, environment, log);
    case 'rollback':
      return decideRollback(request, caller, environment, log);
  }
}
