import { beforeAll, describe, expect, it } from 'vitest';
import { EVENT_TOPICS } from '../../events/topics.ts';
import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';
import { ofType, recordBoth, TYPES } from './recorded-program.ts';

let stacks: RecordedStack[];
beforeAll(async () => {
  stacks = await recordBoth();
});

const pushes = () => ofType(stacks, TYPES.subscription).filter(({ inputs }) => inputs.pushConfig);
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
  it('are the stages of their tenant, settle, park, decide, lineage and that of alerts', () => {
    expect(names(TYPES.function, 'nonprod').sort()).toEqual([
      'evaluate',
      'ingest',
      'park',
      'prepare',
      'settle',
      'train',
    ]);
    expect(names(TYPES.function, 'prod').sort()).toEqual([
      'alert',
      'approve',
      'decide',
      'deploy',
      'lineage',
      'monitor',
      'park',
      'rollback',
      'rollout',
      'settle',
    ]);
  });

  it('each run as a service account of their own', () => {
    const emails = ofType(stacks, TYPES.function).map(({ inputs, stack, name }) => {
      const { serviceAccountEmail } = inputs.serviceConfig as { serviceAccountEmail: string };
      // The ids of service accounts are no shorter than six characters.
      const account = name.length < 6 ? `baton-${name}` : name;
      expect(serviceAccountEmail).toBe(`${account}@baton-${stack}.iam.gserviceaccount.com`);
      return serviceAccountEmail;
    });
    expect(new Set(emails).size).toBe(emails.length);
  });

  it('end before Pub/Sub would deliver again', () => {
    for (const { inputs } of ofType(stacks, TYPES.function)) {
      const { timeoutSeconds } = inputs.serviceConfig as { timeoutSeconds: number };
      for (const subscription of pushes()) {
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
    for (const { inputs } of pushes()) {
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
    const subscriptions = pushes();
    const working = subscriptions.filter(({ name }) => !isDeadLetters(name));
    expect(working.map(({ name }) => name).sort()).toEqual([
      'alert',
      'approve',
      'deploy',
      'evaluate',
      'ingest',
      'lineage',
      'monitor',
      'prepare',
      'rollback',
      'rollout',
      'settle',
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

  it("let production's approve hear non-production's eval-passed", () => {
    const [approve] = ofType(stacks, TYPES.subscription, 'prod').filter(({ name }) => name === 'approve');
    expect(approve.inputs).toMatchObject({
      project: 'baton-prod',
      topic: 'projects/baton-nonprod/topics/eval-passed',
    });
  });

  it('push drift-detected from production to non-production only where that answers it', async () => {
    const config = { 'baton:retraining': 'notify' };
    const answering = await recordBoth({ stacks: ['nonprod', 'prod', 'dev'], config });
    expect(names(TYPES.function, 'nonprod')).not.toContain('retrain');
    expect(ofType(answering, TYPES.function).filter(({ name }) => name === 'retrain')).toHaveLength(2);
    const [retrain, inDev] = ofType(answering, TYPES.subscription).filter(({ name }) => name === 'retrain');
    expect(inDev.stack).toBe('dev');
    expect(retrain.inputs).toMatchObject({
      project: 'baton-prod',
      topic: 'projects/baton-prod/topics/drift-detected',
      pushConfig: {
        pushEndpoint: 'https://retrain-111111111111.us-central1.run.app',
        oidcToken: { serviceAccountEmail: 'retrain-push@baton-prod.iam.gserviceaccount.com' },
      },
    });
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

it('calls start by the clock where the config says when, again if that fails, and otherwise never', async () => {
  const [scheduled] = await recordBoth({ stacks: ['nonprod'], config: { 'baton:runSchedule': '0 3 * * 1' } });
  const [job] = ofType([scheduled], TYPES.job).filter(({ name }) => name === 'start-by-the-clock');
  expect(job.inputs).toMatchObject({
    schedule: '0 3 * * 1',
    retryConfig: { retryCount: 5 },
    httpTarget: {
      uri: expect.stringMatching(/^https:\/\/start-/),
      oidcToken: { serviceAccountEmail: 'scheduler@baton-nonprod.iam.gserviceaccount.com' },
    },
  });
  expect(names(TYPES.job, 'nonprod')).toEqual(['settle-every-minute']);
});

it('waits with everything until the APIs and their service agents are there, with the roles that Google gave them', () => {
  for (const { resources } of stacks) {
    const isRole = ({ inputs }: RecordedResource) => String(inputs.role).endsWith('.serviceAgent');
    const isAgent = (made: RecordedResource) => made.parent?.endsWith('::service-agents') || isRole(made);
    const roles = resources.filter(isRole);
    const identities = resources.filter(({ type }) => type.endsWith(':ServiceIdentity'));
    expect(roles.map(({ inputs }) => inputs.role)).toEqual(
      identities.map(({ inputs }) => `roles/${String(inputs.service).split('.')[0]}.serviceAgent`),
    );
    expect(identities.length).toBeGreaterThan(0);
    for (const [index, { dependencies }] of roles.entries()) {
      expect(dependencies).toContain(identities[index].urn);
    }
    const others = resources.filter((resource) => resource.type.startsWith('gcp:') && !isAgent(resource));
    for (const { dependencies } of others) {
      expect(dependencies).toEqual(expect.arrayContaining(roles.map(({ urn }) => urn)));
    }
  }
});
