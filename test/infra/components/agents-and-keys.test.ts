import { describe, expect, it } from 'vitest';
import { EncryptedStores } from '../../../infra/components/encrypted-stores.ts';
import { EncryptionKey } from '../../../infra/components/encryption-key.ts';
import { type AgentOnRequest, ServiceAgents } from '../../../infra/components/service-agents.ts';
import { declare, find, KEY, NUMBER, names, PROJECT, REGION } from './declare.ts';

const CREATED = `projects/${PROJECT}/locations/${REGION}/keyRings/ring/cryptoKeys/baton`;
const agent = (name: string) => `serviceAccount:service-${NUMBER}@${name}.iam.gserviceaccount.com`;

describe('the service agents', () => {
  it('come into being after their API, and get the role that Google gives only to its own making', async () => {
    const declared = await declare(() => {
      const also: AgentOnRequest[] = ['dataflow', 'eventarc'];
      new ServiceAgents('service-agents', { project: PROJECT, projectNumber: NUMBER, also });
      return {};
    });
    const identity = find(declared, 'ServiceIdentity', 'agent-dataflow');
    expect(identity.inputs).toEqual({ project: PROJECT, service: 'dataflow.googleapis.com' });
    expect(identity.dependencies).toContain(find(declared, 'Service', 'api-dataflow').urn);
    const role = find(declared, 'IAMMember', 'dataflow-agent-dataflow.serviceAgent');
    expect(role.inputs).toEqual({
      project: PROJECT,
      role: 'roles/dataflow.serviceAgent',
      member: agent('dataflow-service-producer-prod'),
    });
    expect(role.dependencies).toContain(identity.urn);
    expect(names(declared).filter((name) => name.includes('notebooks'))).toEqual([]);
    for (const { inputs } of declared.resources.filter(({ type }) => type.endsWith(':Service'))) {
      expect(inputs.disableOnDestroy).toBe(false);
    }
  });

  it('of Storage, BigQuery and Logging are asked for, of this project, since they can only be looked up', async () => {
    const { invokes, answer } = await declare(() => {
      const agents = new ServiceAgents('service-agents', {
        ...{ project: PROJECT, projectNumber: NUMBER },
        also: ['notebooks'],
      });
      return {
        storage: agents.member('storage'),
        bigquery: agents.member('bigquery'),
        logging: agents.member('logging'),
        compute: agents.member('compute'),
        notebooks: agents.member('notebooks'),
      };
    });
    expect(invokes.sort((a, b) => a.token.localeCompare(b.token))).toEqual(
      [
        'bigquery/getDefaultServiceAccount:getDefaultServiceAccount',
        'logging/getProjectCmekSettings:getProjectCmekSettings',
        'storage/getProjectServiceAccount:getProjectServiceAccount',
      ].map((token) => ({ token: `gcp:${token}`, inputs: { project: PROJECT } })),
    );
    expect(answer).toEqual({
      storage: agent('gs-project-accounts'),
      bigquery: `serviceAccount:bq-${NUMBER}@bigquery-encryption.iam.gserviceaccount.com`,
      logging: `serviceAccount:cmek-p${NUMBER}@gcp-sa-logging.iam.gserviceaccount.com`,
      compute: agent('compute-system'),
      notebooks: agent('gcp-sa-notebooks'),
    });
  });
});

describe('the key', () => {
  const encrypters = { pubsub: agent('gcp-sa-pubsub'), storage: agent('gs-project-accounts') };
  const args = { project: PROJECT, region: REGION, encrypters, protect: true };

  it('that is created rotates, is protected, and is granted to each agent on itself', async () => {
    const declared = await declare(() => {
      const key = { keyRing: 'ring', name: 'baton', rotationDays: 30 };
      return { kmsKey: new EncryptionKey('encryption', { ...args, key }).kmsKey };
    });
    expect(names(declared)).toEqual([
      'KeyRing ring',
      'CryptoKey baton',
      'CryptoKeyIAMMember pubsub-agent-cloudkms.cryptoKeyEncrypterDecrypter',
      'CryptoKeyIAMMember storage-agent-cloudkms.cryptoKeyEncrypterDecrypter',
    ]);
    expect(find(declared, 'CryptoKey', 'baton')).toMatchObject({
      protect: true,
      inputs: { rotationPeriod: '2592000s', purpose: 'ENCRYPT_DECRYPT' },
    });
    for (const { inputs } of declared.resources.filter(({ type }) => type.endsWith('IAMMember'))) {
      expect(inputs).toMatchObject({
        cryptoKeyId: CREATED,
        role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
      });
    }
    expect(declared.answer).toEqual({ kmsKey: CREATED });
  });

  it('that is given is granted, and not created', async () => {
    const declared = await declare(() => {
      const { kmsKey } = new EncryptionKey('encryption', { ...args, key: { kmsKey: KEY } });
      new EncryptedStores('stores', { ...args, kmsKey, training: false });
      return {};
    });
    expect(names(declared).filter((name) => /^(KeyRing|CryptoKey) /.test(name))).toEqual([]);
    const grants = declared.resources.filter(({ type }) => type.endsWith('IAMMember')).map(({ urn }) => urn);
    const store = find(declared, 'AiMetadataStore', 'metadata-store');
    expect(store.inputs.encryptionSpec).toEqual({ kmsKeyName: KEY });
    expect(store.dependencies).toEqual(expect.arrayContaining(grants));
    expect(store.protect).toBe(true);
    expect(names(declared).filter((name) => name.startsWith('AiTensorboard'))).toEqual([]);
  });
});
