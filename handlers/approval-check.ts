import { ApprovalPolicy, type Approved, approvalDigest, json } from '../events/index.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';

const Settings = Environment.extend({ BATON_APPROVAL: json(ApprovalPolicy) });

/**
 * Checks, where the stack asks for approval, that an event carries one, and of what it is about: it may be of a time when
 * the stack did not ask, or put together by hand.
 *
 * @throws StageFailure `BATON_APPROVAL_MISSING`
 */
export function checkApproval(approved: Approved): void {
  if (!readEnvironment(Settings).BATON_APPROVAL.required) return;
  const digest = approvalDigest(approved);
  if (approved.approval?.digest === digest) return;
  const found = approved.approval ? `the approval is of ${approved.approval.digest}` : 'there is no approval';
  throw new StageFailure(
    'BATON_APPROVAL_MISSING',
    `nobody approved ${digest}, which this stack asks for: ${found}`,
  );
}
