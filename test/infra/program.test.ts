import { beforeAll, describe, expect, it } from 'vitest';
import { EVENT_TOPICS } from '../../events/topics.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { ofType, recordBoth, TYPES } from './recorded-program.ts';

let stacks: RecordedStack[];
beforeAll(async () => {
  stacks = await recordBoth();
});

const names = (type: string, stack: string) => ofType(stacks, type, stack).map(({ inputs }) => inputs.name);

describe('the topics', () => {
  it.each(['nonprod', 'prod'] as const)('of %s include every event that its tenant has', (tenant) => {
    const events = Object.entries(EVENT_TOPICS)
      .filter(([, tenants]) => (tenants as readonly string[]).includes(tenant))
      .map(([name]) => name);
    expect(names(TYPES.topic, tenant)).toEqual(expect.arrayContaining(events));
  });

  it('keep what passed for 31 days', () => {
    for (const { inputs } of ofType(stacks, TYPES.topic)) {
      expect(inputs).toMatchObject({ messageRetentionDuration: '2678400s' });
    }
  });
});

describe('the functions', () => {
  it('are the stages of their tenant, settle and park', () => {
    expect(names(TYPES.function, 'nonprod').sort()).toEqual([
      'evaluate',
      'ingest',
      'park',
      'prepare',
      'settle',
      'train',
    ]);
    expect(names(TYPES.function, 'prod').sort()).toEqual(['deploy', 'monitor', 'park', 'settle']);
  });

  it('each run as a service account of their own', () => {
    const emails = ofType(stacks, TYPES.function).map(({ inputs, stack, name }) => {
      const { serviceAccountEmail } = inputs.serviceConfig as { serviceAccountEmail: string };
      expect(serviceAccountEmail).toBe(`${name}@baton-${stack}.iam.gserviceaccount.com`);
      return serviceAccountEmail;
    });
    expect(new Set(emails).size).toBe(emails.length);
  });

  it('end before Pub/Sub would deliver again', () => {
    for (const { inputs } of ofType(stacks, TYPES.function)) {
      const { timeoutSeconds } = inputs.serviceConfig as { timeoutSeconds: number };
      for (const subscription of ofType(stacks, TYPES.subscription)) {
        expect(timeoutSeconds).toBeLessThan(subscription.inputs.ackDeadlineSeconds as number);
      }
    }
  });

  it('read the workload that the program uploads', () => {
    const [{ inputs }] = ofType(stacks, TYPES.function, 'nonprod');
    const { environmentVariables } = inputs.serviceConfig as { environmentVariables: Record<string, string> };
    const uploaded = ofType(stacks, 'gcp:storage/bucketObject:BucketObject', 'nonprod').map(
      (object) => `gs://${object.inputs.bucket}/${object.inputs.name}`,
    );
    expect(uploaded).toContain(environmentVariables.BATON_WORKLOAD);
  });
});

describe('the subscriptions', () => {
  const isDeadLetters = (name: string) => name.endsWith('-dead-letter');

  it('push with an identity token for the function, as an account that may invoke it', () => {
    const invokers = ofType(stacks, TYPES.invoker).map(({ inputs }) => `${inputs.member} ${inputs.name}`);
    for (const { inputs } of ofType(stacks, TYPES.subscription)) {
      const { pushEndpoint, oidcToken } = inputs.pushConfig as {
        pushEndpoint: string;
        oidcToken: { serviceAccountEmail: string; audience: string };
      };
      expect(oidcToken.audience).toBe(pushEndpoint);
      const target = new URL(pushEndpoint).host.split('-')[0];
      expect(invokers).toContain(`serviceAccount:${oidcToken.serviceAccountEmail} ${target}`);
    }
  });

  it('never expire, and back off from 10 to 600 seconds', () => {
    for (const { inputs } of ofType(stacks, TYPES.subscription)) {
      expect(inputs).toMatchObject({
        expirationPolicy: { ttl: '' },
        retryPolicy: { minimumBackoff: '10s', maximumBackoff: '600s' },
      });
    }
  });

  it('send what fails to a dead-letter topic that is pushed to park', () => {
    const subscriptions = ofType(stacks, TYPES.subscription);
    const working = subscriptions.filter(({ name }) => !isDeadLetters(name));
    expect(working.map(({ name }) => name).sort()).toEqual([
      'deploy',
      'evaluate',
      'ingest',
      'monitor',
      'prepare',
      'settle',
      'train',
    ]);
    for (const { inputs, stack } of working) {
      const { deadLetterTopic } = inputs.deadLetterPolicy as { deadLetterTopic: string };
      const parks = subscriptions.find((other) => other.inputs.topic === deadLetterTopic);
      expect(parks?.inputs.pushConfig).toMatchObject({
        pushEndpoint: expect.stringMatching(`^https://park-.*run.app$`),
      });
      expect(deadLetterTopic).toContain(`projects/baton-${stack}/`);
    }
  });

  it("let production's deploy hear non-production's eval-passed", () => {
    const [deploy] = ofType(stacks, TYPES.subscription, 'prod').filter(({ name }) => name === 'deploy');
    expect(deploy.inputs).toMatchObject({
      project: 'baton-prod',
      topic: 'projects/baton-nonprod/topics/eval-passed',
    });
  });
});

describe('the grants', () => {
  const members = () =>
    stacks.flatMap(({ resources }) =>
      resources.filter(({ inputs }) => 'role' in inputs && 'member' in inputs),
    );

  it('are to known principals, of predefined narrow roles', () => {
    expect(members().length).toBeGreaterThan(50);
    for (const { inputs } of members()) {
      expect(inputs.member).toMatch(/^(serviceAccount|user|group):/);
      expect(inputs.role).not.toMatch(/^roles\/(owner|editor|viewer)$/);
    }
  });

  it('give no identity of non-production a role in production', () => {
    const prod = members().filter(({ stack }) => stack === 'prod');
    for (const { inputs } of prod) expect(inputs.member).not.toMatch(/baton-nonprod|111111111111/);
  });

  it('let production read what passed, and change nothing', () => {
    const toProd = members().filter(
      ({ stack, inputs }) => stack === 'nonprod' && /baton-prod|222222222222/.test(String(inputs.member)),
    );
    expect(new Set(toProd.map(({ inputs }) => inputs.role))).toEqual(
      new Set(['roles/pubsub.subscriber', 'roles/storage.objectViewer', 'roles/bigquery.dataViewer']),
    );
  });

  it('are all additive members, and no service account has a key', () => {
    for (const { type } of stacks.flatMap(({ resources }) => resources)) {
      expect(type).not.toMatch(/IamBinding|IAMBinding|IamPolicy|IAMPolicy|serviceaccount\/key/);
    }
  });
});

it('wakes settle by markers, by the clock and by Dataflow', () => {
  expect(ofType(stacks, TYPES.notification).map(({ inputs }) => inputs.objectNamePrefix)).toEqual(
    expect.arrayContaining(['datasets/', 'signals/']),
  );
  expect(ofType(stacks, TYPES.trigger)).toHaveLength(1);
  for (const stack of ['nonprod', 'prod']) {
    const [{ inputs }] = ofType(stacks, TYPES.job, stack);
    expect(inputs).toMatchObject({ schedule: '* * * * *' });
    expect((inputs.httpTarget as { uri: string }).uri).toMatch(/^https:\/\/settle-/);
  }
});

it('waits with everything until the APIs and their service agents are there', () => {
  for (const { resources } of stacks) {
    const agents = resources.filter(({ type }) => type === 'gcp:projects/serviceIdentity:ServiceIdentity');
    const others = resources.filter(
      ({ type }) => type.startsWith('gcp:') && !type.startsWith('gcp:projects/service'),
    );
    expect(agents.length).toBeGreaterThan(0);
    for (const { dependencies } of others) {
      expect(dependencies).toEqual(expect.arrayContaining(agents.map(({ urn }) => urn)));
    }
  }
});
