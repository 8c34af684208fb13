import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Decision } from '../../local/iam/policy.ts';
import { isIamMember, readIamMember } from '../../local/realise/iam.ts';
import { startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { recordBoth } from '../infra/recorded-program.ts';
import { deadLetterAll } from './dead-letter-drill.ts';
import { Exercise } from './exercise.ts';

/**
 * Grants that no call of the exercise asks for: who may encrypt with a key is for `local/kms` to ask (see
 * test/infra/keys.test.ts and test/conformance/kms-refusals.test.ts), and no function's image is built here.
 */
const ASKED_ELSEWHERE = ['roles/cloudkms.cryptoKeyEncrypterDecrypter', 'roles/artifactregistry.admin'];

/**
 * By declared member, a call that it alone permits, so that without it this call would be denied: out of all that
 * the program's identities do when runs pass, fail, are refused, repeated, replayed, parked and given up.
 */
const needed = new Map<string, Decision>();
const denied = new Map<string, Decision>();
let cloud: TestCloud;
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
  const stacks = await recordBoth();
  declared = stacks
    .flatMap((stack) => stack.resources)
    .filter(isIamMember)
    .map(readIamMember)
    .filter(({ role }) => !ASKED_ELSEWHERE.includes(role))
    .map(({ declaredAs }) => declaredAs);
  await deadLetterAll(stacks, onDecision);
  cloud = await startTestCloud({ onDecision });
  const exercise = new Exercise(cloud);
  const { good, weak, rejected } = await exercise.runs();
  await exercise.duplicates([good, weak, rejected]);
  await exercise.redeploy(good);
  await exercise.parks(good);
}, 300_000);
afterAll(() => cloud.close());

test('no grant is unused: without any one of them, some call would be denied', async () => {
  await expect.poll(unneeded, { timeout: 50_000 }).toEqual([]);
});

test('no grant is missing: nothing that the exercise asked for was denied', () => {
  expect([...denied.keys()]).toEqual([]);
});
