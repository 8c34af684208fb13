import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, it } from 'vitest';
import { Account } from '../../../infra/components/account.ts';
import { FunctionSource } from '../../../infra/components/function-source.ts';
import { Handler } from '../../../infra/components/handler.ts';
import { JobStatusTrigger } from '../../../infra/components/job-status-trigger.ts';
import { Schedule } from '../../../infra/components/schedule.ts';
import { ServiceAgents } from '../../../infra/components/service-agents.ts';
import type { Tenancy } from '../../../infra/components/tenancy.ts';
import { parseSettings } from '../../../infra/settings.ts';
import { readProjectConfig } from '../../../local/program/project-config.ts';
import { INFRA } from '../recorded-program.ts';
import { type Declared, declare, find, KEY, NUMBER, names, PROJECT, REGION } from './declare.ts';

const { config } = readProjectConfig(INFRA, 'nonprod', {
  'gcp:project': PROJECT,
  'baton:projectNumber': NUMBER,
  'baton:functionBundles': '',
});
const TOPIC = 'projects/elsewhere/topics/model-trained';
const PUSH = `pubsub-push@${PROJECT}.iam.gserviceaccount.com`;
const URI = `https://train-${NUMBER}.${REGION}.run.app`;

function tenancy(): Tenancy {
  const settings = parseSettings('nonprod', (key) => config[key]);
  const agents = new ServiceAgents('service-agents', settings);
  const kmsKey = pulumi.output(KEY);
  const bucket = pulumi.output('lake');
  return {
    settings,
    kmsKey,
    agents,
    source: new FunctionSource('function-source', {
      project: PROJECT,
      region: REGION,
      kmsKey,
      agents,
      bucket,
      functionBundles: undefined,
    }),
    pushIdentity: new Account('pubsub-push', { project: PROJECT, purpose: 'pushes' }),
    variables: { BATON_KMS_KEY: KEY },
  };
}

describe('a handler', () => {
  let declared: Declared;
  let children: string[];
  beforeAll(async () => {
    declared = await declare(() => {
      const of = tenancy();
      const account = (id: string) => new Account(id, { project: PROJECT, purpose: id });
      const park = new Handler('park', { purpose: 'Parks.', tenancy: of, account: account('park') });
      const wokenBy = { topic: TOPIC, park };
      const train = new Handler('train', {
        purpose: 'Trains.',
        tenancy: of,
        account: account('train'),
        wokenBy,
      });
      const target = new Handler('sweep', {
        ...{ purpose: 'Sweeps.', tenancy: of, account: account('sweep') },
        scheduledOnly: true,
        maxInstances: 1,
      });
      const schedule = {
        purpose: 'Sweeps.',
        schedule: '*/5 * * * *',
        target,
        identity: account('scheduler'),
      };
      new Schedule('sweeping', { project: PROJECT, region: REGION, ...schedule });
      new JobStatusTrigger('job-status', { tenancy: of, target: train });
      return {
        uri: train.uri,
        subscription: train.subscription?.subscription,
        none: park.subscription ?? '',
      };
    });
    children = names(declared);
  });

  it('is a function, its subscription, the dead letters with theirs, and the four grants that these need', () => {
    expect(children).toEqual(
      expect.arrayContaining([
        'Function train',
        'Subscription train',
        'Topic train-dead-letter',
        'Subscription train-dead-letter',
        'ServiceIamMember push-train-run.invoker',
        'TopicIAMMember pubsub-agent-train-dead-letter-pubsub.publisher',
        'SubscriptionIAMMember pubsub-agent-train-pubsub.subscriber',
      ]),
    );
    expect(children.filter((name) => / park|push-park/.test(name))).toEqual([
      'Account park',
      'Function park',
      'ServiceIamMember push-park-run.invoker',
    ]);
    expect(declared.answer).toEqual({
      uri: URI,
      subscription: `projects/${PROJECT}/subscriptions/train`,
      none: '',
    });
  });

  it('runs as its own account, under the key, and ends before its message is delivered again', () => {
    expect(find(declared, 'Function', 'train').inputs).toMatchObject({
      kmsKeyName: KEY,
      buildConfig: {
        entryPoint: 'train',
        serviceAccount: expect.stringContaining('/serviceAccounts/function-builder@'),
        dockerRepository: `projects/${PROJECT}/locations/${REGION}/repositories/functions`,
        source: { storageSource: { bucket: 'lake', object: expect.stringMatching(/[0-9a-f]{16}/) } },
      },
      serviceConfig: {
        serviceAccountEmail: `baton-train@${PROJECT}.iam.gserviceaccount.com`,
        environmentVariables: { BATON_KMS_KEY: KEY },
        timeoutSeconds: 540,
      },
    });
    expect(find(declared, 'Topic', 'train-dead-letter').inputs).toMatchObject({ kmsKeyName: KEY });
  });

  it('is pushed to with an identity for its address, with backoff, for ever, and ten times', () => {
    const push = (uri: string) => ({
      pushEndpoint: uri,
      oidcToken: { serviceAccountEmail: PUSH, audience: uri },
    });
    const always = {
      ackDeadlineSeconds: 600,
      messageRetentionDuration: '604800s',
      expirationPolicy: { ttl: '' },
      retryPolicy: { minimumBackoff: '10s', maximumBackoff: '600s' },
    };
    const deadLetters = `projects/${PROJECT}/topics/train-dead-letter`;
    expect(find(declared, 'Subscription', 'train').inputs).toEqual({
      project: PROJECT,
      name: 'train',
      topic: TOPIC,
      ...always,
      pushConfig: push(URI),
      deadLetterPolicy: { deadLetterTopic: deadLetters, maxDeliveryAttempts: 10 },
    });
    expect(find(declared, 'Subscription', 'train-dead-letter').inputs).toEqual({
      project: PROJECT,
      name: 'train-dead-letter',
      topic: deadLetters,
      ...always,
      pushConfig: push(URI.replace('train', 'park')),
    });
  });

  it('is not pushed to before that is permitted', () => {
    const { dependencies } = find(declared, 'Subscription', 'train');
    const grant = find(declared, 'TopicIAMMember', 'pubsub-agent-train-dead-letter-pubsub.publisher');
    expect(grant.inputs.member).toBe(
      `serviceAccount:service-${NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com`,
    );
    expect(dependencies).toEqual(
      expect.arrayContaining([grant.urn, find(declared, 'ServiceIamMember', 'push-train-run.invoker').urn]),
    );
  });

  it("hears of Dataflow's jobs by a channel under the key, as the identity of pushes", () => {
    expect(find(declared, 'GoogleChannelConfig', 'google-channel').inputs).toMatchObject({
      cryptoKeyName: KEY,
    });
    const { inputs, dependencies } = find(declared, 'Trigger', 'job-status');
    expect(inputs).toMatchObject({
      matchingCriterias: [{ attribute: 'type', value: 'google.cloud.dataflow.job.v1beta3.statusChanged' }],
      destination: { cloudRunService: { service: 'train', region: REGION } },
      serviceAccount: PUSH,
    });
    expect(dependencies).toContain(find(declared, 'GoogleChannelConfig', 'google-channel').urn);
  });

  it('that only the clock calls takes no push, and one call at a time', () => {
    expect(children.filter((name) => name.includes('sweep'))).toEqual([
      'Account sweep',
      'Function sweep',
      'ServiceIamMember scheduler-sweep-run.invoker',
      'Job sweeping',
    ]);
    expect(find(declared, 'Function', 'sweep').inputs).toMatchObject({
      serviceConfig: { maxInstanceCount: 1 },
    });
    const uri = URI.replace('train', 'sweep');
    expect(find(declared, 'Job', 'sweeping').inputs).toMatchObject({
      schedule: '*/5 * * * *',
      timeZone: 'Etc/UTC',
      httpTarget: {
        uri,
        oidcToken: { serviceAccountEmail: `scheduler@${PROJECT}.iam.gserviceaccount.com`, audience: uri },
      },
    });
  });
});
