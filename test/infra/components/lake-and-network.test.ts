import * as pulumi from '@pulumi/pulumi';
import { describe, expect, it } from 'vitest';
import { Account } from '../../../infra/components/account.ts';
import { EventTopic } from '../../../infra/components/event-topic.ts';
import { both, type Grants } from '../../../infra/components/grants.ts';
import { Lake } from '../../../infra/components/lake.ts';
import { Notebook } from '../../../infra/components/notebook.ts';
import { ServiceAgents } from '../../../infra/components/service-agents.ts';
import { declareNetwork } from '../../../infra/network.ts';
import { parseSettings, type TrainingSettings } from '../../../infra/settings.ts';
import { readProjectConfig } from '../../../local/program/project-config.ts';
import { INFRA } from '../recorded-program.ts';
import { declare, find, KEY, NUMBER, names, PROJECT, REGION } from './declare.ts';

const project = { project: PROJECT, projectNumber: NUMBER };
const MADE = `projects/${PROJECT}/regions/${REGION}/subnetworks/baton`;

describe('the lake', () => {
  it.each([true, false])(
    'is private, under the key, and emptied only where it may go: protected %s',
    async (protect) => {
      const declared = await declare(() => {
        const agents = new ServiceAgents('service-agents', project);
        const args = { ...project, region: REGION, kmsKey: KEY, protect };
        const topic = new EventTopic('drops', args);
        const lake = new Lake('lake', { ...args, agents, notifications: [{ topic, prefix: 'datasets/' }] });
        return { bucket: lake.bucket };
      });
      expect(find(declared, 'Bucket', 'lake')).toMatchObject({
        protect,
        inputs: {
          name: `${PROJECT}-baton`,
          location: REGION,
          uniformBucketLevelAccess: true,
          publicAccessPrevention: 'enforced',
          encryption: { defaultKmsKeyName: KEY },
          forceDestroy: !protect,
          lifecycleRules: [
            {
              action: { type: 'Delete' },
              condition: { age: 14, matchesPrefixes: ['signals/', 'dataflow/'] },
            },
          ],
        },
      });
      const notification = find(declared, 'Notification', 'drops-notification');
      expect(notification.inputs).toMatchObject({
        objectNamePrefix: 'datasets/',
        eventTypes: ['OBJECT_FINALIZE'],
      });
      const grant = find(declared, 'TopicIAMMember', 'storage-agent-drops-pubsub.publisher');
      expect(notification.dependencies).toContain(grant.urn);
      expect(grant.inputs.member).toBe(
        `serviceAccount:service-${NUMBER}@gs-project-accounts.iam.gserviceaccount.com`,
      );
    },
  );
});

describe("Dataflow's workers", () => {
  const worker = () => new Account('dataflow-worker', { project: PROJECT, purpose: 'works' });
  function settings(overrides: Record<string, string>): TrainingSettings {
    const { config } = readProjectConfig(INFRA, 'nonprod', {
      ...{ 'gcp:project': PROJECT, 'baton:projectNumber': NUMBER, 'baton:functionBundles': '' },
      ...overrides,
    });
    return parseSettings('nonprod', (key) => config[key]) as TrainingSettings;
  }
  const declareWith = (overrides: Record<string, string>) =>
    declare(() => {
      const agents = new ServiceAgents('service-agents', project);
      return { subnetwork: declareNetwork(settings(overrides), { agents, worker: worker() }) ?? '' };
    });

  it('get a network of their own, with Google by private addresses and each other on two ports', async () => {
    const declared = await declareWith({ 'baton:networkRange': '10.9.0.0/26' });
    expect(declared.answer).toEqual({ subnetwork: `https://www.googleapis.com/compute/v1/${MADE}` });
    expect(find(declared, 'Network', 'workers').inputs).toMatchObject({ autoCreateSubnetworks: false });
    expect(find(declared, 'Subnetwork', 'workers').inputs).toMatchObject({
      region: REGION,
      ipCidrRange: '10.9.0.0/26',
      privateIpGoogleAccess: true,
    });
    const account = `dataflow-worker@${PROJECT}.iam.gserviceaccount.com`;
    expect(find(declared, 'Firewall', 'workers-among-workers').inputs).toMatchObject({
      direction: 'INGRESS',
      allows: [{ protocol: 'tcp', ports: ['12345-12346'] }],
      sourceServiceAccounts: [account],
      targetServiceAccounts: [account],
    });
  });

  const url = (host: string) =>
    `https://www.googleapis.com/compute/v1/projects/${host}/regions/${REGION}/subnetworks/shared`;

  it("use a Shared VPC's subnetwork, where the agent is granted that one", async () => {
    const declared = await declareWith({
      'baton:createNetwork': 'false',
      'baton:subnetwork': url('host-vpc'),
    });
    expect(declared.answer).toEqual({ subnetwork: url('host-vpc') });
    expect(
      names(declared)
        .filter((name) => /work/i.test(name))
        .sort(),
    ).toEqual(['Account dataflow-worker', 'SubnetworkIAMMember dataflow-agent-workers-compute.networkUser']);
    expect(
      find(declared, 'SubnetworkIAMMember', 'dataflow-agent-workers-compute.networkUser').inputs,
    ).toEqual({
      project: 'host-vpc',
      region: REGION,
      subnetwork: 'shared',
      role: 'roles/compute.networkUser',
      member: `serviceAccount:service-${NUMBER}@dataflow-service-producer-prod.iam.gserviceaccount.com`,
    });
  });

  it.each([
    ["the project's own subnetwork", url(PROJECT)],
    ['the network named default', ''],
  ])('use %s without another grant', async (_what, subnetwork) => {
    const declared = await declareWith({ 'baton:createNetwork': 'false', 'baton:subnetwork': subnetwork });
    expect(declared.answer).toEqual({ subnetwork });
    expect(names(declared).filter((name) => /work/i.test(name))).toEqual(['Account dataflow-worker']);
  });
});

describe('the notebook', () => {
  const declareNotebook = (kmsKey?: string) =>
    declare(() => {
      const notebook = new Notebook('notebook', {
        ...{ project: PROJECT, zone: `${REGION}-a`, machineType: 'e2-standard-4', protect: true, kmsKey },
        owner: 'someone@example.com',
        account: new Account('notebook', { project: PROJECT, purpose: 'explores' }),
        subnetwork: pulumi.output(`https://www.googleapis.com/compute/v1/${MADE}`),
      });
      return { uri: notebook.uri };
    });

  it('has no public address, its own account and its disks under the key', async () => {
    const declared = await declareNotebook(KEY);
    const disk = { diskEncryption: 'CMEK', kmsKey: KEY };
    expect(find(declared, 'Instance', 'notebook')).toMatchObject({
      protect: true,
      inputs: {
        instanceOwners: ['someone@example.com'],
        enableDeletionProtection: true,
        gceSetup: {
          disablePublicIp: true,
          networkInterfaces: [{ subnet: MADE }],
          serviceAccounts: [{ email: `notebook@${PROJECT}.iam.gserviceaccount.com` }],
          bootDisk: disk,
          dataDisks: disk,
        },
      },
    });
  });

  it('has disks under keys of Google where the stack has none', async () => {
    const { inputs } = find(await declareNotebook(), 'Instance', 'notebook');
    expect(inputs.gceSetup).toMatchObject({ bootDisk: { diskEncryption: 'GMEK' } });
    expect(JSON.stringify(inputs)).not.toContain('kmsKey');
  });
});

it('an account with two parts is granted once what both need', () => {
  const topic = (name: string, role = 'roles/pubsub.publisher') => ({
    name,
    topic: `projects/p/topics/${name}`,
    role,
    why: 'publishes',
  });
  const lake = { name: 'lake', bucket: 'b', role: 'roles/storage.objectUser', why: 'writes' };
  const user = { role: 'roles/aiplatform.user', why: 'creates jobs' };
  const x = { role: 'roles/x', why: 'does x' };
  const one: Grants = {
    project: [user],
    buckets: [lake],
    topics: [topic('parked'), topic('a')],
  };
  const other: Grants = {
    project: [user, x],
    buckets: [lake],
    topics: [topic('parked')],
  };
  expect(both(one, other)).toEqual({
    project: [user, x],
    buckets: [lake],
    topics: [topic('parked'), topic('a')],
    actsAs: [],
  });
});
