import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ACCESS_RULES, nothingForNonprod, productionHoldsNoMore } from '../../infra/policy/access.ts';
import { knownToEncryption } from '../../infra/policy/encryption.ts';
import { violations } from '../../infra/policy/rule.ts';
import { applyingRoles } from '../../infra/release-roles.ts';
import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';
import { imagesFor } from '../../release/built-images.ts';
import { NONPROD, ofType, PROD, policyResources, recordBoth } from './recorded-program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LINK = 'projects/baton-releases/locations/us-central1/connections/github/gitRepositoryLinks/baton';
const STATE = 'baton-releases-state';
const TRIGGER = 'gcp:cloudbuild/trigger:Trigger';
/** Everything that a stack may be asked for. */
const EVERYTHING = {
  'baton:repository': LINK,
  'baton:stateBucket': STATE,
  'baton:retraining': 'retrain',
  'baton:runSchedule': '0 3 * * 1',
  'baton:composerAccount': 'serviceAccount:composer@baton-composer.iam.gserviceaccount.com',
  'baton:alertEmails': '["ml-operations@example.com"]',
};

let nonprod: RecordedStack;
let prod: RecordedStack;
beforeAll(async () => {
  [nonprod, prod] = await recordBoth({ config: EVERYTHING });
});

const triggers = () => ofType([nonprod, prod], TRIGGER);
const emailIn = (stack: RecordedStack, id: string) =>
  `serviceAccount:${id}@baton-${stack.stack}.iam.gserviceaccount.com`;
const heldBy = (member: string) =>
  [nonprod, prod].flatMap(({ resources }) => resources.filter(({ inputs }) => inputs.member === member));

describe('the triggers', () => {
  it('release by merges, and preview what is proposed, each as an account of its own project', () => {
    expect(triggers().map(({ inputs }) => inputs)).toMatchObject([
      {
        name: 'pull-request',
        filename: 'cloudbuild/pull-request.yaml',
        developerConnectEventConfig: {
          gitRepositoryLink: LINK,
          pullRequest: { branch: '^staging$', commentControl: expect.stringContaining('EXTERNAL') },
        },
        serviceAccount: expect.stringContaining('/preview@baton-nonprod.'),
      },
      {
        name: 'staging',
        filename: 'cloudbuild/staging.yaml',
        developerConnectEventConfig: { gitRepositoryLink: LINK, push: { branch: '^staging$' } },
        serviceAccount: expect.stringContaining('/deployer@baton-nonprod.'),
        approvalConfig: { approvalRequired: false },
      },
      {
        name: 'production',
        filename: 'cloudbuild/production.yaml',
        developerConnectEventConfig: { gitRepositoryLink: LINK, push: { branch: '^main$' } },
        serviceAccount: expect.stringContaining('/deployer@baton-prod.'),
        approvalConfig: { approvalRequired: true },
      },
    ]);
  });

  it('are there only where the config names a repository', async () => {
    expect(ofType(await recordBoth(), TRIGGER)).toEqual([]);
  });

  it("tell each pipeline exactly what it asks for, and its steps are the project's own scripts", () => {
    const { scripts } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));
    for (const { inputs } of triggers()) {
      const text = readFileSync(resolve(ROOT, String(inputs.filename)), 'utf8');
      const asked = new Set(text.match(/\$_[A-Z]+/g)?.map((name) => name.slice(1)));
      expect(new Set(Object.keys(inputs.substitutions as object))).toEqual(asked);
      for (const { id, entrypoint, args } of parse(text).steps as Record<string, string[] | string>[]) {
        const [verb, script] = args as string[];
        if (verb === 'run') expect(scripts, String(id)).toHaveProperty([script]);
        else if (entrypoint !== 'npm') expect(existsSync(resolve(ROOT, verb)), verb).toBe(true);
      }
    }
  });
});

describe('who releases', () => {
  it('holds for each type of the program the one role that manages it, and no other', () => {
    for (const stack of [nonprod, prod]) {
      const types = new Set(
        stack.resources.map(({ type }) => type).filter((type) => type.startsWith('gcp:')),
      );
      const roles = applyingRoles(stack.stack as 'nonprod' | 'prod');
      const manages = (type: string) =>
        roles.filter((role) => role.manages.some((begin) => type.startsWith(begin))).map(({ role }) => role);
      for (const type of types) expect([type, manages(type).length]).toEqual([type, 1]);
      const used = new Set([...types].flatMap(manages));
      expect(roles.map(({ role }) => role).filter((role) => !used.has(role))).toEqual([]);
      const held = heldBy(emailIn(stack, 'deployer')).filter(({ type }) =>
        type.includes('projects/iAMMember'),
      );
      expect(held.map(({ inputs }) => inputs.role)).toEqual(
        expect.arrayContaining(roles.map(({ role }) => role)),
      );
    }
  });

  it('holds nothing in the other project, but to attach the subscription', () => {
    expect(nothingForNonprod(NONPROD)(policyResources(prod))).toEqual([]);
    expect(productionHoldsNoMore(PROD, true)(policyResources(nonprod))).toEqual([]);
    const elsewhere = heldBy(emailIn(prod, 'deployer')).filter(({ stack }) => stack === 'nonprod');
    expect(elsewhere.map(({ inputs }) => inputs.role)).toEqual(['roles/pubsub.subscriber']);
  });

  it('reads the state of both stacks, and writes its own alone', () => {
    for (const stack of [nonprod, prod]) {
      const onState = heldBy(emailIn(stack, 'deployer')).filter(({ inputs }) => inputs.bucket === STATE);
      expect(onState.map(({ inputs }) => inputs.role)).toEqual([
        'roles/storage.objectViewer',
        'roles/storage.objectUser',
      ]);
      const { expression } = onState[1].inputs.condition as { expression: string };
      const files = [...expression.matchAll(/\/\.pulumi\/([^"]+)/g)].map(([, file]) => file);
      expect(files).toHaveLength(4);
      for (const file of files) expect(file).toMatch(new RegExp(`baton/${stack.stack}(/|\\.json)$`));
    }
  });

  it('only proposes without being able to change anything', () => {
    const roles = heldBy(emailIn(nonprod, 'preview')).map(({ inputs }) => String(inputs.role));
    expect(roles.sort()).toEqual([
      'projects/baton-nonprod/roles/batonPreview',
      'roles/developerconnect.readTokenAccessor',
      'roles/logging.logWriter',
      'roles/storage.objectViewer',
    ]);
    const [role] = ofType([nonprod], 'gcp:projects/iAMCustomRole:IAMCustomRole');
    for (const permission of role.inputs.permissions as string[]) expect(permission).toMatch(/\.get$/);
  });
});

it('keeps the rules of every stack, with all that a stack may be asked for', () => {
  for (const stack of [nonprod, prod]) {
    expect(violations(policyResources(stack), [...ACCESS_RULES, knownToEncryption])).toEqual([]);
  }
});

it.each<[what: string, change: (inputs: RecordedResource['inputs']) => object, problem: RegExp]>([
  ['production unasked', () => ({ approvalConfig: {} }), /releases production without approval/],
  ['what anybody proposes', () => ({ developerConnectEventConfig: { pullRequest: {} } }), /anybody proposes/],
  ['as the default account', () => ({ serviceAccount: undefined }), /names no serviceAccount/],
])('a trigger that builds %s is found', (_what, change, problem) => {
  const [bad] = policyResources(prod).filter(({ type }) => type === TRIGGER);
  const changed = { ...bad, props: { ...bad.props, ...change(bad.props) } };
  expect(violations([changed], ACCESS_RULES)).toEqual([expect.stringMatching(problem)]);
});

describe("a stack's images", () => {
  const digest = (digit: string) => `@sha256:${digit.repeat(64)}`;
  const image = (project: string, role: string, digit: string) =>
    `us-central1-docker.pkg.dev/${project}/baton/census-${role}${digest(digit)}`;

  it('are those that were built for its project, and else those that it has', () => {
    const deployed = { train: image('np', 'train', '1'), evaluate: image('np', 'evaluate', '1') };
    const built = { train: image('np', 'train', '2'), serve: image('p', 'serve', '2') };
    expect(imagesFor('np', deployed, built)).toEqual({ ...deployed, train: built.train });
    expect(imagesFor('p', {}, built)).toEqual({ serve: built.serve });
  });

  it('without a digest are not kept, so that nobody pins a tag', () => {
    expect(imagesFor('np', { train: 'us-central1-docker.pkg.dev/np/baton/census-train:latest' }, {})).toEqual(
      {},
    );
  });
});
