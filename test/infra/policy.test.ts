import { beforeAll, describe, expect, it } from 'vitest';
import {
  ACCESS_RULES,
  additiveGrants,
  noBasicRole,
  noPublicMember,
  noServiceAccountKey,
  nothingForNonprod,
  ownAccount,
  privateBucket,
  privateMachines,
  productionHoldsNoMore,
} from '../../infra/policy/access.ts';
import { CARRIERS, knownToEncryption, underKey } from '../../infra/policy/encryption.ts';
import { isMember, type PolicyResource, type Rule, violations } from '../../infra/policy/rule.ts';
import { deadLettersAreHeard, neverExpires, protectedState } from '../../infra/policy/state.ts';
import { policyResources, recordBoth } from './recorded-program.ts';

const NONPROD = { project: 'baton-nonprod', projectNumber: '111111111111' };
const PROD = { project: 'baton-prod', projectNumber: '222222222222' };

const keyOf = (stack: string) =>
  `projects/baton-${stack}/locations/us-central1/keyRings/baton/cryptoKeys/baton`;

describe('the rules hold of every stack', () => {
  let stacks: Record<string, PolicyResource[]>;

  beforeAll(async () => {
    const recorded = await recordBoth({
      stacks: ['nonprod', 'prod', 'dev'],
      stackConfig: { dev: { 'baton:notebook': 'true', 'baton:protect': 'true' } },
    });
    stacks = Object.fromEntries(recorded.map((stack) => [stack.stack, policyResources(stack)]));
  });

  it.each(['nonprod', 'prod', 'dev'])('%s: access, keys, state', (stack) => {
    const rules = [...ACCESS_RULES, knownToEncryption, underKey(keyOf(stack)), neverExpires, protectedState];
    expect(violations(stacks[stack], rules)).toEqual([]);
    expect(deadLettersAreHeard(stacks[stack])).toEqual([]);
    const carriers = stacks[stack].filter(({ type }) => type in CARRIERS);
    expect(carriers.length).toBeGreaterThan(10);
    const grants = stacks[stack].filter(isMember).map(({ type, props }) => JSON.stringify([type, props]));
    expect(new Set(grants).size).toBe(grants.length);
  });

  it('non-production holds nothing in production, which reads what passed and calls retrain', () => {
    expect(nothingForNonprod(NONPROD)(stacks.prod)).toEqual([]);
    expect(productionHoldsNoMore(PROD)(stacks.nonprod)).toEqual([]);
    const held = stacks.nonprod.filter(({ props }) => /baton-prod|222222222222/.test(String(props.member)));
    expect(new Set(held.map(({ props }) => props.role))).toEqual(
      new Set([
        'roles/pubsub.subscriber',
        'roles/storage.objectViewer',
        'roles/bigquery.dataViewer',
        'roles/bigquery.metadataViewer',
        'roles/run.invoker',
      ]),
    );
  });

  it('the identity with which production calls non-production may call retrain, and nothing else anywhere', () => {
    const caller = 'serviceAccount:retrain-push@baton-prod.iam.gserviceaccount.com';
    const held = [...stacks.nonprod, ...stacks.prod].filter(({ props }) => props.member === caller);
    expect(held.map(({ props: { role, project, name } }) => [role, project, name])).toEqual([
      ['roles/run.invoker', 'baton-nonprod', 'retrain'],
    ]);
    const callers = stacks.nonprod.filter(
      ({ type, props }) => type === SERVICE_MEMBER && /baton-prod|222222222222/.test(String(props.member)),
    );
    expect(callers).toEqual(held);
  });
});

const resource = (type: string, props: object, protect = false): PolicyResource => ({
  type,
  name: 'bad',
  props: { ...props },
  protect,
});
const member = (role: string, who: string, type = 'gcp:projects/iAMMember:IAMMember', more = {}) =>
  resource(type, { role, member: who, ...more });

const DEPLOY = 'serviceAccount:deploy@baton-prod.iam.gserviceaccount.com';
const TOPIC_MEMBER = 'gcp:pubsub/topicIAMMember:TopicIAMMember';
const SERVICE_MEMBER = 'gcp:cloudrunv2/serviceIamMember:ServiceIamMember';
const BUCKET = 'gcp:storage/bucket:Bucket';
const FUNCTION = 'gcp:cloudfunctionsv2/function:Function';
const NOTEBOOK = 'gcp:workbench/instance:Instance';
const DEFAULT_COMPUTE = '111111111111-compute@developer.gserviceaccount.com';

describe('each rule finds what it is about', () => {
  it.each<[what: string, rule: Rule, bad: PolicyResource]>([
    ['the public', noPublicMember, member('roles/run.invoker', 'allUsers')],
    ['everybody with an account', noPublicMember, member('roles/run.invoker', 'allAuthenticatedUsers')],
    ['a basic role', noBasicRole, member('roles/editor', 'user:someone@example.com')],
    ['a binding', additiveGrants, resource('gcp:projects/iAMBinding:IAMBinding', {})],
    ['a policy', additiveGrants, resource('gcp:pubsub/topicIAMPolicy:TopicIAMPolicy', {})],
    ['a key of an account', noServiceAccountKey, resource('gcp:serviceaccount/key:Key', {})],
    ['a function without account', ownAccount, resource(FUNCTION, { serviceConfig: {} })],
    [
      'a function that the default account builds',
      ownAccount,
      resource(FUNCTION, {
        serviceConfig: { serviceAccountEmail: 'train@baton-nonprod.iam.gserviceaccount.com' },
        buildConfig: { serviceAccount: `projects/p/serviceAccounts/${DEFAULT_COMPUTE}` },
      }),
    ],
    ['a notebook without account', ownAccount, resource(NOTEBOOK, { gceSetup: {} })],
    [
      'a bucket with access by object',
      privateBucket,
      resource(BUCKET, { publicAccessPrevention: 'enforced' }),
    ],
    ['a notebook on the Internet', privateMachines, resource(NOTEBOOK, { gceSetup: {} })],
    ['workers cut off from Google', privateMachines, resource('gcp:compute/subnetwork:Subnetwork', {})],
    ['a topic without key', underKey('k'), resource('gcp:pubsub/topic:Topic', {})],
    [
      "a bucket under another's key",
      underKey('k'),
      resource(BUCKET, { encryption: { defaultKmsKeyName: 'o' } }),
    ],
    [
      'a notebook with one disk without',
      underKey('k'),
      resource(NOTEBOOK, { gceSetup: { bootDisk: { kmsKey: 'k' } } }),
    ],
    [
      'a type nobody thought of',
      knownToEncryption,
      resource('gcp:sql/databaseInstance:DatabaseInstance', {}),
    ],
    ['a topic that may go', protectedState, resource('gcp:pubsub/topic:Topic', {})],
    ['a bucket emptied when it goes', protectedState, resource(BUCKET, { forceDestroy: true }, true)],
    [
      'a table with its lock open',
      protectedState,
      resource('gcp:bigquery/table:Table', { deletionProtection: false }, true),
    ],
    ['a subscription that expires', neverExpires, resource('gcp:pubsub/subscription:Subscription', {})],
  ])('%s', (_what, rule, bad) => {
    expect(violations([bad], [rule])).toEqual([expect.stringMatching(/^gcp:\S+ 'bad' \S/)]);
  });

  it('dead letters that nobody hears of', () => {
    const subscription = { topic: 't', deadLetterPolicy: { deadLetterTopic: 'projects/p/topics/lost' } };
    const bad = resource('gcp:pubsub/subscription:Subscription', subscription);
    expect(deadLettersAreHeard([bad])).toEqual(["'bad' loses its dead letters in projects/p/topics/lost"]);
    expect(deadLettersAreHeard([bad, resource(bad.type, { topic: 'projects/p/topics/lost' })])).toEqual([]);
  });

  it.each([
    'serviceAccount:train@baton-nonprod.iam.gserviceaccount.com',
    'serviceAccount:service-111111111111@gcp-sa-aiplatform.iam.gserviceaccount.com',
    'serviceAccount:bq-111111111111@bigquery-encryption.iam.gserviceaccount.com',
    'serviceAccount:cmek-p111111111111@gcp-sa-logging.iam.gserviceaccount.com',
    `serviceAccount:${DEFAULT_COMPUTE}`,
  ])('a grant in production to %s', (who) => {
    expect(nothingForNonprod(NONPROD)([member('roles/aiplatform.user', who)])).toHaveLength(1);
  });

  it.each<[what: string, held: PolicyResource[]]>([
    ['writes the bucket', [onBucket('roles/storage.objectUser', 'lake')]],
    [
      'reads two buckets',
      [onBucket('roles/storage.objectViewer', 'one'), onBucket('roles/storage.objectViewer', 'two')],
    ],
    [
      'hears two topics',
      ['one', 'two'].map((topic) => member('roles/pubsub.subscriber', DEPLOY, TOPIC_MEMBER, { topic })),
    ],
    ['publishes', [member('roles/pubsub.publisher', DEPLOY, TOPIC_MEMBER, { topic: 'one' })]],
    ['reads every dataset', [member('roles/bigquery.dataViewer', DEPLOY)]],
    [
      'calls two functions',
      ['one', 'two'].map((name) => member('roles/run.invoker', DEPLOY, SERVICE_MEMBER, { name })),
    ],
    [
      'acts as an account',
      [member('roles/iam.serviceAccountUser', DEPLOY, 'gcp:serviceaccount/iAMMember:IAMMember')],
    ],
  ])('production that %s', (_what, held) => {
    expect(productionHoldsNoMore(PROD)(held)).not.toEqual([]);
  });
});

function onBucket(role: string, bucket: string): PolicyResource {
  return member(role, DEPLOY, 'gcp:storage/bucketIAMMember:BucketIAMMember', { bucket });
}
