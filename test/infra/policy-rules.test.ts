import { describe, expect, it } from 'vitest';
import {
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
import { knownToEncryption, underKey } from '../../infra/policy/encryption.ts';
import { labelled } from '../../infra/policy/labels.ts';
import { type PolicyResource, type Rule, violations } from '../../infra/policy/rule.ts';
import { deadLettersAreHeard, neverExpires, protectedState } from '../../infra/policy/state.ts';
import { NONPROD, PROD, TYPES } from './recorded-program.ts';

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
const BUCKET = 'gcp:storage/bucket:Bucket';
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
    ['a function without account', ownAccount, resource(TYPES.function, { serviceConfig: {} })],
    [
      'a function that the default account builds',
      ownAccount,
      resource(TYPES.function, {
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
    ['a topic without key', underKey('k'), resource(TYPES.topic, {})],
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
    ['a topic that may go', protectedState, resource(TYPES.topic, {})],
    ['a bucket emptied when it goes', protectedState, resource(BUCKET, { forceDestroy: true }, true)],
    [
      'a table with its lock open',
      protectedState,
      resource('gcp:bigquery/table:Table', { deletionProtection: false }, true),
    ],
    ['a topic that nobody knows the use of', labelled, resource(TYPES.topic, {})],
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
    ['a subscription that expires', neverExpires, resource(TYPES.subscription, {})],
  ])('%s', (_what, rule, bad) => {
    expect(violations([bad], [rule])).toEqual([expect.stringMatching(/^gcp:\S+ 'bad' \S/)]);
  });

  it('dead letters that nobody hears of', () => {
    const subscription = { topic: 't', deadLetterPolicy: { deadLetterTopic: 'projects/p/topics/lost' } };
    const bad = resource(TYPES.subscription, subscription);
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
      ['one', 'two'].map((topic) => member('roles/pubsub.subscriber', DEPLOY, TYPES.topicMember, { topic })),
    ],
    ['publishes', [member('roles/pubsub.publisher', DEPLOY, TYPES.topicMember, { topic: 'one' })]],
    ['reads every dataset', [member('roles/bigquery.dataViewer', DEPLOY)]],
    [
      'reads two datasets',
      ['one', 'two'].map((id) =>
        member('roles/bigquery.metadataViewer', DEPLOY, undefined, { condition: { expression: onlyIn(id) } }),
      ),
    ],
    ['calls a function', [member('roles/run.invoker', RETRAIN_PUSH, TYPES.invoker, { name: 'retrain' })]],
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
    const held = [member('roles/run.invoker', who, TYPES.invoker, { name })];
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
