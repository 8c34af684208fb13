import { randomUUID } from 'node:crypto';
import {
  type Approval,
  type ApprovalPolicy,
  ApprovalRequest,
  type AttemptKey,
  approvalDigest,
  type BatonEvent,
  Decision,
  type Evaluation,
  layout,
} from '../events/index.ts';
import { readJson, writeJson } from './runtime/objects.ts';
import type { Work } from './runtime/stage.ts';

const keyOf = ({ run, attempt }: Work): AttemptKey => ({ run, stage: 'approve', attempt });

/** Asks for a decision on what an event carries. Asked again after a crash, it is the same request, and ends when it did. */
export async function requestApproval(
  { data, authid }: BatonEvent<Evaluation>,
  { expiresAfterSeconds }: ApprovalPolicy,
  work: Work,
): Promise<void> {
  const now = work.clock();
  const request: ApprovalRequest = {
    ...keyOf(work),
    model: data.model,
    digest: approvalDigest(data),
    requestedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + expiresAfterSeconds * 1000).toISOString(),
    ...(authid && { startedBy: authid }),
  };
  const { run, digest, expiresAt } = request;
  const isNew = await writeJson(work.environment.BATON_BUCKET, layout.approvalRequest(request), request, '0');
  if (!isNew) return;
  // The field makes the entry count as a request: infra/components/log-metrics.ts.
  work.log('NOTICE', `${run} waits until ${expiresAt} for somebody to approve ${digest}`, {
    approval: digest,
  });
}

/** What an attempt waits for somebody to decide, if it does. */
export const readRequest = async (bucket: string, key: AttemptKey): Promise<ApprovalRequest | undefined> =>
  (await readJson(bucket, layout.approvalRequest(key), ApprovalRequest))?.value;

export const readDecision = async (bucket: string, key: AttemptKey): Promise<Decision | undefined> =>
  (await readJson(bucket, layout.decision(key), Decision))?.value;

/**
 * Writes a decision, unless there is one.
 *
 * @returns the one that stands, which is the one given or came before it
 */
export async function recordDecision(
  bucket: string,
  key: AttemptKey,
  decided: Omit<Decision, 'id'>,
): Promise<{ decision: Decision; isOurs: boolean }> {
  const ours: Decision = { id: randomUUID(), ...decided };
  if (await writeJson(bucket, layout.decision(key), ours, '0')) return { decision: ours, isOurs: true };
  const standing = await readDecision(bucket, key);
  if (!standing) throw new Error(`${layout.decision(key)} was there, and is gone`);
  return { decision: standing, isOurs: standing.id === ours.id };
}

export const hasExpired = ({ expiresAt }: ApprovalRequest, now: Date): boolean => now >= new Date(expiresAt);

/** What was decided on an attempt's request; once the time is up, that nobody did. */
export async function decisionOn(request: ApprovalRequest, work: Work): Promise<Decision | undefined> {
  const { BATON_BUCKET: bucket } = work.environment;
  const decision = await readDecision(bucket, request);
  const now = work.clock();
  if (decision || !hasExpired(request, now)) return decision;
  const expired = await recordDecision(bucket, request, {
    ...{ decision: 'rejected', by: 'expiry', digest: request.digest, at: now.toISOString() },
    reason: `nobody decided until ${request.expiresAt}`,
  });
  return expired.decision;
}

export const approvalOf = (
  { by, at, reason, digest }: Decision,
  { expiresAt }: ApprovalRequest,
): Approval => ({
  ...{ by, at, reason, digest, expiresAt },
});
