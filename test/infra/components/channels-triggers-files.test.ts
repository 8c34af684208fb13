import * as pulumi from '@pulumi/pulumi';
import { describe, expect, it } from 'vitest';
import { Account } from '../../../infra/components/account.ts';
import { AlertChannel } from '../../../infra/components/alert-channel.ts';
import { BuildTrigger } from '../../../infra/components/build-trigger.ts';
import { WorkloadFiles } from '../../../infra/components/workload-files.ts';
import { declare, find, KEY, NUMBER, names, PROJECT, REGION } from './declare.ts';

const LINK = `projects/${PROJECT}/locations/${REGION}/connections/github/gitRepositoryLinks/baton`;

describe("an alerts' channel", () => {
  it('is a topic under the key, on which Cloud Monitoring may publish and nobody else', async () => {
    const declared = await declare(() => {
      const place = { project: PROJECT, projectNumber: NUMBER, region: REGION };
      const { topic, channel } = new AlertChannel('alerts', {
        ...{ ...place, kmsKey: KEY, protect: true, purpose: 'alerts' },
      });
      return { topic, channel };
    });
    expect(names(declared)).toEqual([
      'Topic alerts',
      'NotificationChannel alerts',
      'TopicIAMMember monitoring-agent-alerts-pubsub.publisher',
    ]);
    expect(find(declared, 'Topic', 'alerts').inputs).toMatchObject({ kmsKeyName: KEY });
    const topic = `projects/${PROJECT}/topics/alerts`;
    const channel = find(declared, 'NotificationChannel', 'alerts');
    expect(channel.inputs).toMatchObject({ type: 'pubsub', labels: { topic } });
    const grant = find(declared, 'TopicIAMMember', 'monitoring-agent-alerts-pubsub.publisher');
    expect(grant.inputs).toMatchObject({
      topic,
      role: 'roles/pubsub.publisher',
      member: `serviceAccount:service-${NUMBER}@gcp-sa-monitoring-notification.iam.gserviceaccount.com`,
    });
    expect(grant.dependencies).toContain(channel.urn);
    expect(declared.answer).toMatchObject({ topic });
  });
});

describe("a workload's files", () => {
  it('lie under a digest of their content, under the key, and stay when another version comes', async () => {
    const declared = await declare(() => {
      const { descriptor } = new WorkloadFiles('stub', { bucket: pulumi.output('lake'), kmsKey: KEY });
      return { descriptor };
    });
    const objects = declared.resources.filter(({ type }) => type === 'gcp:storage/bucketObject:BucketObject');
    const folders = objects.map(({ inputs }) => String(inputs.name).split('/').slice(0, 3).join('/'));
    expect(new Set(folders).size).toBe(1);
    expect(folders[0]).toMatch(/^workloads\/stub\/[0-9a-f]{16}/);
    for (const { inputs } of objects) expect(inputs).toMatchObject({ bucket: 'lake', kmsKeyName: KEY });
    expect(declared.answer).toEqual({ descriptor: `gs://lake/${folders[0]}/workload.json` });
  });
});

describe('a trigger', () => {
  const declareTrigger = (on: { mergeTo: string } | { proposalFor: string }, approvalRequired?: boolean) =>
    declare(() => {
      const account = new Account('deployer', { project: PROJECT, purpose: 'releases' });
      const place = { project: PROJECT, region: REGION, purpose: 'Releases.', repository: LINK };
      const pipeline = { pipeline: 'cloudbuild/staging.yaml', substitutions: { _STACK: 'test' } };
      new BuildTrigger('staging', { ...place, ...pipeline, on, account, approvalRequired });
      return undefined;
    });

  it('builds a merge to exactly its branch, as its account, and asks first where it is told to', async () => {
    const declared = await declareTrigger({ mergeTo: 'main' }, true);
    expect(names(declared)).toEqual(['Account deployer', 'Trigger staging']);
    expect(find(declared, 'Trigger', 'staging').inputs).toEqual({
      project: PROJECT,
      location: REGION,
      name: 'staging',
      description: 'Releases.',
      developerConnectEventConfig: { gitRepositoryLink: LINK, push: { branch: '^main$' } },
      filename: 'cloudbuild/staging.yaml',
      substitutions: { _STACK: 'test' },
      serviceAccount: `projects/${PROJECT}/serviceAccounts/deployer@${PROJECT}.iam.gserviceaccount.com`,
      approvalConfig: { approvalRequired: true },
    });
  });

  it("builds what an owner proposes, and a stranger's proposal when an owner says so", async () => {
    const { inputs } = find(await declareTrigger({ proposalFor: 'staging' }), 'Trigger', 'staging');
    const commentControl = 'COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY';
    expect(inputs).toMatchObject({
      developerConnectEventConfig: { pullRequest: { branch: '^staging$', commentControl } },
      approvalConfig: { approvalRequired: false },
    });
  });
});
