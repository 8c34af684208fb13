import { vi } from 'vitest';
import { type ApprovalRequest, type DecisionRequest, Promoted, type RunId } from '../../events/index.ts';
import { OPERATOR } from '../../local/declared-policy.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { type Decided, decideAs, requestOf } from '../end-to-end/decide.ts';
import { attemptOf } from './publish.ts';

/** Lets the operator decide on everything, and has each run wait for that. */
export const DECIDED_BY_OPERATOR = {
  'baton:approval': JSON.stringify({ required: true, approvers: [`user:${OPERATOR}`] }),
  'baton:operators': JSON.stringify([`user:${OPERATOR}`]),
};

/** The function died over what it was asked, or could not do it now. */
const FAILED = 503;
const TRIES = 5;

/** What a run asks somebody to decide, once it does. */
export const askedOf = (cloud: StubCloud, run: RunId, timeout: number): Promise<ApprovalRequest> =>
  vi.waitUntil(() => requestOf(cloud, run), { timeout, interval: 100 });

/** Asks `decide` as the operator, and once more whenever that fails; answers all that it answered. */
async function decide(cloud: StubCloud, request: DecisionRequest): Promise<Decided[]> {
  const answers: Decided[] = [];
  do answers.push(await decideAs(cloud.cloud, OPERATOR, request));
  while (answers.at(-1)?.status === FAILED && answers.length < TRIES);
  return answers;
}

/** Approves a run as soon as it asks for that. */
export async function approve(cloud: StubCloud, run: RunId, timeout: number): Promise<Decided[]> {
  const { attempt, digest } = await askedOf(cloud, run, timeout);
  return decide(cloud, {
    ...{ kind: 'approval', decision: 'approved', reason: 'a test' },
    ...{ run, attempt, digest },
  } as DecisionRequest);
}

/** The request for the version that served before that of a promoted run. */
async function rollbackOf(cloud: StubCloud, run: RunId) {
  const { ending } = await attemptOf(cloud, run, 'rollout');
  const { model, previous } = Promoted.data.parse(ending?.data);
  return {
    ...({ kind: 'rollback', reason: 'a test' } as const),
    ...{ run, attempt: 2, from: model.version, to: String(previous) },
  };
}

/** Has the version serve that served before that of a promoted run. */
export const rollBack = async (cloud: StubCloud, run: RunId): Promise<Decided[]> =>
  decide(cloud, await rollbackOf(cloud, run));

/** Asks for the same once, and if that fails never again; somebody else then asks for a version of their own. */
export async function rollBackInPassing(cloud: StubCloud, run: RunId): Promise<Decided[]> {
  const request = await rollbackOf(cloud, run);
  const first = await decideAs(cloud.cloud, OPERATOR, request);
  return [first, ...(await decide(cloud, { ...request, to: '999999' }))];
}
