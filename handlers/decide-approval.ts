import {
  ApprovalPolicy,
  type ApprovalRequest,
  type AttemptKey,
  AttemptRecord,
  type Decision,
  type DecisionRequest,
  endingName,
  json,
  layout,
} from '../events/index.ts';
import { hasExpired, readDecision, readRequest, recordDecision } from './approval.ts';
import { checkListed } from './decider.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import type { Logger } from './runtime/log.ts';
import { readJson, writeText } from './runtime/objects.ts';

const Settings = Environment.extend({ BATON_APPROVAL: json(ApprovalPolicy) });

type Asked = Extract<DecisionRequest, { kind: 'approval' }>;

/**
 * Approves or rejects what a run waits for. The decision is an object that only one can create, so that the second of
 * two finds the first one's; `settle` goes on from there, woken by the marker, or without it by the clock.
 *
 * @throws StageFailure with the code of why it is refused; then nothing has changed
 */
export async function decideApproval(
  asked: Asked,
  caller: string,
  { BATON_BUCKET: bucket }: Environment,
  log: Logger,
): Promise<Decision> {
  checkListed(caller, 'approver');
  const key: AttemptKey = { run: asked.run, stage: 'approve', attempt: asked.attempt };
  const request = await awaited(bucket, key);
  const now = new Date();
  checkAnswerable(asked, request, now);
  if (asked.decision === 'approved') checkNotOwn(caller, request, readEnvironment(Settings).BATON_APPROVAL);
  const { decision, reason, digest } = asked;
  const decided = { decision, by: caller, reason, digest, at: now.toISOString() };
  const standing = await recordDecision(bucket, key, decided);
  if (!standing.isOurs) throw alreadyDecided(key, standing.decision);
  const { run, stage, attempt } = key;
  log.with({ run, stage, attempt })('NOTICE', `${caller} ${decision} ${digest}: ${reason}`);
  await writeText(bucket, layout.marker(run, stage, attempt), '{}\n', 'application/json');
  return standing.decision;
}

/** The request that an attempt waits with. */
async function awaited(bucket: string, key: AttemptKey): Promise<ApprovalRequest> {
  const [record, request, decision] = await Promise.all([
    readJson(bucket, layout.attemptRecord(key), AttemptRecord),
    readRequest(bucket, key),
    readDecision(bucket, key),
  ]);
  if (decision) throw alreadyDecided(key, decision);
  const ending = record?.value.ending;
  if (request && !ending) return request;
  const where = ending
    ? `it has ended with ${endingName(ending)}`
    : record
      ? 'it is still being looked at'
      : 'its event has not come to production, as it does when the gate has let the model through';
  throw new StageFailure(
    'BATON_APPROVAL_NOT_AWAITED',
    `attempt ${key.attempt} of ${key.run} waits for no approval: ${where}`,
  );
}

function checkAnswerable({ run, digest }: Asked, request: ApprovalRequest, now: Date): void {
  if (hasExpired(request, now)) {
    throw new StageFailure('BATON_APPROVAL_EXPIRED', `${run} could be approved until ${request.expiresAt}`);
  }
  if (digest === request.digest) return;
  throw new StageFailure(
    'BATON_APPROVAL_DIGEST',
    `${run} waits for a decision on ${request.digest}, not on ${digest}`,
  );
}

function checkNotOwn(caller: string, { run, startedBy }: ApprovalRequest, policy: ApprovalPolicy): void {
  if (policy.selfApproval || startedBy?.toLowerCase() !== caller.toLowerCase()) return;
  throw new StageFailure('BATON_APPROVAL_OWN_RUN', `${caller} started ${run}, and may not approve it`);
}

function alreadyDecided({ run, attempt }: AttemptKey, { decision, by, at }: Decision): StageFailure {
  const what = `attempt ${attempt} of ${run} was ${decision} by ${by} at ${at}`;
  return new StageFailure(by === 'expiry' ? 'BATON_APPROVAL_EXPIRED' : 'BATON_APPROVAL_DECIDED', what);
}
