import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Decision } from '../../local/iam/policy.ts';
import type { ServiceKeyUse } from '../../local/kms/key-management.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { isIamMember, readIamMember } from '../../local/realise/iam.ts';
import { monitoringOnDemand } from '../../ops/demo/monitor-config.ts';
import { startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { APPROVER, ON_CALL } from '../end-to-end/decide.ts';
import { runScheduled, YEARLY } from '../end-to-end/schedule.ts';
import { recordBoth } from '../infra/recorded-program.ts';
import { deadLetterAll } from './dead-letter-drill.ts';
import { Exercise } from './exercise.ts';
import { keyGrantsOf, refusedWithout, useOf } from './key-grants.ts';

/**
 * Grants that no call of the exercise asks for: the keys' have a test of their own below; no function's image is
 * built here; and what these agents do is not served here, so that only Google's word says they need their role.
 */
const ASKED_ELSEWHERE = [
  'roles/cloudkms.cryptoKeyEncrypterDecrypter',
  'roles/artifactregistry.admin',
  'roles/artifactregistry.serviceAgent',
  'roles/cloudfunctions.serviceAgent',
  'roles/eventarc.serviceAgent',
  'roles/run.serviceAgent',
];
/** With all that a stack may be asked for beyond the least, so that its grants are looked at too. */
const CONFIG = {
  'baton:retraining': 'retrain',
  'baton:runSchedule': YEARLY,
  'baton:monitor': monitoringOnDemand({ samplingRate: 1 }),
  'baton:approval': JSON.stringify({ required: true, approvers: [`user:${APPROVER}`] }),
  'baton:operators': JSON.stringify([`user:${ON_CALL}`]),
};

/**
 * By declared member, a call that it alone permits, so that without it this call would be denied: out of all that
 * the program's identities do when runs pass, fail, are refused, repeated, replayed, parked and given up.
 */
const needed = new Map<string, Decision>();
const denied = new Map<string, Decision>();
const keyUses = new Map<string, ServiceKeyUse>();
let cloud: TestCloud;
let stacks: RecordedStack[];
let declared: string[];

function onDecision(decision: Decision): void {
  const grants = new Set(decision.grants.map(({ declaredAs }) => declaredAs));
  const [only] = grants;
  if (decision.isOwner) return;
  if (grants.size === 0) denied.set(`${decision.principal} ${decision.permission}`, decision);
  if (grants.size !== 1 || only === undefined || needed.has(only)) return;
  needed.set(only, decision);
}

const unneeded = () => declared.filter((name) => !needed.has(name));

beforeAll(async () => {
  stacks = await recordBoth({ config: CONFIG });
  declared = stacks
    .flatMap((stack) => stack.resources)
    .filter(isIamMember)
    .map(readIamMember)
    .filter(({ role }) => !ASKED_ELSEWHERE.includes(role))
    .map(({ declaredAs }) => declaredAs);
  await deadLetterAll(stacks, onDecision);
  cloud = await startTestCloud({
    onDecision,
    onKeyUse: (use) => keyUses.set(useOf(use), use),
    config: CONFIG,
  });
  const exercise = new Exercise(cloud);
  const { good, weak, rejected } = await exercise.runs();
  await exercise.duplicates([good, weak, rejected]);
  await exercise.redeploy(good);
  await exercise.rollBack(good);
  await exercise.rollOut(good);
  await exercise.supersede(good);
  await exercise.hold(good);
  await exercise.drift(good);
  await runScheduled(cloud);
  await exercise.parks(good);
}, 400_000);
afterAll(() => cloud.close());

test('no grant is unused: without any one of them, some call would be denied', async () => {
  await expect.poll(unneeded, { timeout: 120_000 }).toEqual([]);
});

test('no grant on a key is unused: without any one of them, something that was made would be refused', () => {
  const grants = keyGrantsOf(stacks);
  expect(grants.length).toBeGreaterThan(15);
  for (const grant of grants) {
    const agent = String(grant.inputs.member).replace('serviceAccount:', '');
    expect([grant.stack, refusedWithout(grant, stacks, keyUses.values())]).toEqual([
      grant.stack,
      expect.stringContaining(`${agent} can't encrypt`),
    ]);
  }
});

test('no grant is missing: nothing that the exercise asked for was denied', () => {
  expect([...denied.keys()]).toEqual([]);
});
