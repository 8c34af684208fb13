import { readFileSync } from 'node:fs';
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
import { LABELLED, labelled } from '../../infra/policy/labels.ts';
import { isMember, type PolicyResource, type Rule, valueAt, violations } from '../../infra/policy/rule.ts';
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

  const ofType = (stack: string, type: string) => stacks[stack].filter((one) => one.type === type);

  it.each(['nonprod', 'prod', 'dev'])('%s: access, keys, state, labels', (stack) => {
    const rules = [
      ...ACCESS_RULES,
      ...[knownToEncryption, underKey(keyOf(stack)), neverExpires, protectedState, labelled],
    ];
    expect(violations(stacks[stack], rules)).toEqual([]);
    const carriers = stacks[stack].filter(({ type }) => type in CARRIERS);
    expect(carriers.length).toBeGreaterThan(10);
    const grants = stacks[stack].filter(isMember).map(({ type, props }) => JSON.stringify([type, props]));
    expect(new Set(grants).size).toBe(grants.length);
  });

  it.each(['nonprod', 'prod', 'dev'])('F18 %s: every dead-letter topic has a subscription', (stack) => {
    const letters = ofType(stack, 'gcp:pubsub/subscription:Subscription').flatMap(
      ({ props }) => valueAt(props, 'deadLetterPolicy.deadLetterTopic') ?? [],
    );
    expect(letters.length).toBeGreaterThan(4);
    expect(deadLettersAreHeard(stacks[stack])).toEqual([]);
  });

  it.each(['nonprod', 'prod', 'dev'])(
    'F21 %s: no subscription expires, and an alert watches how old the oldest message of each is',
    (stack) => {
      const subscriptions = ofType(stack, 'gcp:pubsub/subscription:Subscription');
      expect(subscriptions.length).toBeGreaterThan(10);
      expect(new Set(subscriptions.map(({ props }) => valueAt(props, 'expirationPolicy.ttl')))).toEqual(
        new Set(['']),
      );
      const watching = ofType(stack, 'gcp:monitoring/alertPolicy:AlertPolicy').flatMap(
        ({ props }) => props.conditions as { conditionThreshold: object }[],
      );
      expect(watching.map(({ conditionThreshold }) => conditionThreshold)).toContainEqual(
        expect.objectContaining({
          filter:
            'resource.type="pubsub_subscription" AND metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age"',
          aggregations: [expect.objectContaining({ groupByFields: ['resource.label.subscription_id'] })],
        }),
      );
    },
  );

  it('the rule on labels knows every type of the program whose resources can carry some', () => {
    const declared = Object.values(stacks).flatMap((resources) => resources.filter((one) => !isMember(one)));
    const types = new Set(declared.map(({ type }) => type));
    const carriers = [...types].filter((type) => type.startsWith('gcp:') && takesLabels(type));
    expect(carriers.sort()).toEqual(Object.keys(LABELLED));
  });

  const ofProd = (resources: PolicyResource[]) =>
    resources.filter(({ props }) => /baton-prod|222222222222/.test(String(props.member)));
  const readsAndAttaches = [
    'roles/pubsub.subscriber',
    'roles/storage.objectViewer',
    'roles/bigquery.dataViewer',
    'roles/bigquery.metadataViewer',
  ];

  it('non-production holds nothing in production, which attaches to one topic and reads a bucket and a dataset', () => {
    expect(nothingForNonprod(NONPROD)(stacks.prod)).toEqual([]);
    expect(productionHoldsNoMore(PROD)(stacks.nonprod)).toEqual([]);
    expect(new Set(ofProd(stacks.nonprod).map(({ props }) => props.role))).toEqual(new Set(readsAndAttaches));
  });

  it('where drift is answered, one identity of production may also call retrain, and nothing else anywhere', async () => {
    const answering = await recordBoth({ config: { 'baton:retraining': 'notify' } });
    const [nonprod, prod] = answering.map(policyResources);
    expect(nothingForNonprod(NONPROD)(prod)).toEqual([]);
    expect(productionHoldsNoMore(PROD, true)(nonprod)).toEqual([]);
    expect(productionHoldsNoMore(PROD)(nonprod)).toEqual([expect.stringContaining('roles/run.invoker')]);
    const more = ofProd(nonprod).filter(({ props }) => !readsAndAttaches.includes(String(props.role)));
    expect(
      more.map(({ type, props: { role, project, name, member } }) => [type, role, project, name, member]),
    ).toEqual([[SERVICE_MEMBER, 'roles/run.invoker', 'baton-nonprod', 'retrain', RETRAIN_PUSH]]);
    expect([...nonprod, ...prod].filter(({ props }) => props.member === RETRAIN_PUSH)).toEqual(more);
  });
});

/** Whether the provider lets the user say labels of a type, as its declarations have it. */
function takesLabels(type: string): boolean {
  const [, module, name] = /^gcp:(\w+)\/(\w+):/.exec(type) ?? [];
  const file = new URL(`../../node_modules/@pulumi/gcp/${module}/${name}.d.ts`, import.meta.url);
  const [, args = ''] = /export interface \w+Args \{(.*?)\n\}/s.exec(readFileSync(file, 'utf8')) ?? [];
  return /^ {4}(user)?labels\?:/im.test(args);
}

const resource = (type: string, props: object, protect = false): PolicyResource => ({
  type,
  name: 'bad',
  props: { ...props },
  protect,
});
const member = (role: string, who: string, type = 'gcp:projects/iAMMember:IAMMember', more = {}) =>
  resource(type, { role, member: who, ...more });

const DEPLOY = 'serviceAccount:deploy@baton-prod.iam.gserviceaccount.com';
const RETRAIN_PUSH = 'serviceAccount:retrain-push@baton-prod.iam.gserviceaccount.com';
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
    ['a topic that nobody knows the use of', labelled, resource('gcp:pubsub/topic:Topic', {})],
    [
      'a bucket labelled with what is no label',
      labelled,
      resource(BUCKET, { labels: { model: 'census', env: 'prod', component: 'The lake' } }),
    ],
    [
      'a channel labelled where its configuration belongs',
      labelled,
      resource('gcp:monitoring/notificationChannel:NotificationChannel', {
        labels: { model: 'census', env: 'prod', component: 'alerts' },
      }),
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
      'reads two datasets',
      ['one', 'two'].map((id) =>
        member('roles/bigquery.metadataViewer', DEPLOY, undefined, { condition: { expression: onlyIn(id) } }),
      ),
    ],
    ['calls a function', [member('roles/run.invoker', RETRAIN_PUSH, SERVICE_MEMBER, { name: 'retrain' })]],
    [
      'acts as an account',
      [member('roles/iam.serviceAccountUser', DEPLOY, 'gcp:serviceaccount/iAMMember:IAMMember')],
    ],
  ])('production that %s', (_what, held) => {
    expect(productionHoldsNoMore(PROD)(held)).not.toEqual([]);
  });

  it.each([
    ['another function', RETRAIN_PUSH, 'prepare'],
    ['it as another identity', DEPLOY, 'retrain'],
  ])('production that calls %s where only drift is answered', (_what, who, name) => {
    const held = [member('roles/run.invoker', who, SERVICE_MEMBER, { name })];
    expect(productionHoldsNoMore(PROD, true)(held)).toHaveLength(1);
  });
});

function onlyIn(dataset: string): string {
  const name = `projects/baton-nonprod/datasets/${dataset}`;
  return `resource.name == "${name}" || resource.name.startsWith("${name}/")`;
}

function onBucket(role: string, bucket: string): PolicyResource {
  return member(role, DEPLOY, 'gcp:storage/bucketIAMMember:BucketIAMMember', { bucket });
}
