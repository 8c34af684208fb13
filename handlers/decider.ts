import { z } from 'zod';
import { ApprovalPolicy, json, Member } from '../events/index.ts';
import { memberOf } from './runtime/caller.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';

const Settings = Environment.extend({
  BATON_APPROVAL: json(ApprovalPolicy),
  BATON_OPERATORS: json(z.array(Member)),
});

/** Who decides on promotions, and who on what serves. */
export type Role = 'approver' | 'operator';

/**
 * Checks that a caller is on the list that a decision takes: IAM has let them in by either of the two. A group's members
 * are IAM's to know, so whoever is not on the other list by name may have come by a group on this one;
 * infra/settings.ts sees to it that no group on the other can be mistaken for one of these.
 *
 * @throws StageFailure `BATON_CALLER_NOT_ALLOWED`
 */
export function checkListed(caller: string, role: Role): void {
  const { BATON_APPROVAL, BATON_OPERATORS } = readEnvironment(Settings);
  const { approvers } = BATON_APPROVAL;
  const [listed, others] = role === 'approver' ? [approvers, BATON_OPERATORS] : [BATON_OPERATORS, approvers];
  const member = memberOf(caller);
  if (listed.includes(member)) return;
  const isOfGroup = listed.some((entry) => entry.startsWith('group:'));
  if (isOfGroup && !others.includes(member)) return;
  const list = role === 'approver' ? 'approvers (baton:approval)' : 'operators (baton:operators)';
  throw new StageFailure('BATON_CALLER_NOT_ALLOWED', `${caller} is not on the list of ${list}`);
}
