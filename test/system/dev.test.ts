import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApprovalRequest, stagesFrom } from '../../events/index.ts';
import type { Decision } from '../../local/iam/policy.ts';
import { learnableDrop, startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { APPROVER, decideAs, requestOf } from '../end-to-end/decide.ts';

const denied: string[] = [];
let test: TestCloud;

function onDecision({ grants, isOwner, principal, permission, resource }: Decision): void {
  if (grants.length === 0 && !isOwner) denied.push(`${principal} ${permission} ${resource}`);
}

beforeAll(async () => {
  const config = { 'baton:approval': `{"required":true,"approvers":["user:${APPROVER}"]}` };
  test = await startTestCloud({ stacks: ['dev'], config, onDecision });
});
afterAll(() => test?.close());

it('one project that plays both parts takes a drop from landing to monitoring, with its approval, and nothing it does is denied', async () => {
  const run = await test.drop('alone', learnableDrop());
  await expect.poll(() => requestOf(test, run), { timeout: 120_000 }).toBeDefined();
  const { digest } = (await requestOf(test, run)) as ApprovalRequest;
  const asked = { kind: 'approval', decision: 'approved', reason: 'mine', run, attempt: 1, digest } as const;
  expect(await decideAs(test.cloud, APPROVER, asked)).toMatchObject({ status: 200, data: { by: APPROVER } });
  const report = test.report(await test.ended(run, 60_000));
  expect(report).toMatchObject({ state: 'monitored', endpoint: test.cloud.output('prod', 'endpoint') });
  expect(report.stages.map(({ state }) => state)).toEqual(stagesFrom('prepare').map(() => 'completed'));
  expect(test.buckets).toEqual({ nonprod: 'baton-dev-baton', prod: 'baton-dev-baton' });
  expect(denied).toEqual([]);
  expect(test.cloud.lints()).toEqual([]);
}, 300_000);
