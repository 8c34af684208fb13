import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACCESS_RULES, nothingForNonprod, productionHoldsNoMore } from '../../infra/policy/access.ts';
import { CARRIERS, knownToEncryption, underKey } from '../../infra/policy/encryption.ts';
import { LABELLED, labelled } from '../../infra/policy/labels.ts';
import { isMember, type PolicyResource, valueAt, violations } from '../../infra/policy/rule.ts';
import { deadLettersAreHeard, neverExpires, protectedState } from '../../infra/policy/state.ts';
import { NONPROD, PROD, policyResources, recordBoth, TYPES } from './recorded-program.ts';

const RETRAIN_PUSH = 'serviceAccount:retrain-push@baton-prod.iam.gserviceaccount.com';

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
    const letters = ofType(stack, TYPES.subscription).flatMap(
      ({ props }) => valueAt(props, 'deadLetterPolicy.deadLetterTopic') ?? [],
    );
    expect(letters.length).toBeGreaterThan(4);
    expect(deadLettersAreHeard(stacks[stack])).toEqual([]);
  });

  it.each(['nonprod', 'prod', 'dev'])(
    'F21 %s: no subscription expires, and an alert watches how old the oldest message of each is',
    (stack) => {
      const subscriptions = ofType(stack, TYPES.subscription);
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
    ).toEqual([[TYPES.invoker, 'roles/run.invoker', 'baton-nonprod', 'retrain', RETRAIN_PUSH]]);
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
