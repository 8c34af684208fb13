import { beforeAll, describe, expect, it } from 'vitest';
import { CARRIERS, underKey } from '../../infra/policy/encryption.ts';
import { valueAt, violations } from '../../infra/policy/rule.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { ofType, policyResources, recordBoth, TYPES } from './recorded-program.ts';

const KEY_RING = 'gcp:kms/keyRing:KeyRing';
const KEY = 'gcp:kms/cryptoKey:CryptoKey';
const MEMBER = 'gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember';

const google = ({ resources }: RecordedStack) => resources.filter(({ type }) => type.startsWith('gcp:'));
const carriersOf = (stack: RecordedStack) => google(stack).filter(({ type }) => type in CARRIERS);

/** The members of a stack's agents, that encrypt under a key. */
const agentsOf = (stack: RecordedStack, key: string) =>
  ofType([stack], MEMBER)
    .filter(({ inputs }) => inputs.cryptoKeyId === key)
    .map(({ inputs }) => inputs.member);

const agents = (number: string, names: string[]) =>
  names.map((name) => `serviceAccount:service-${number}@${name}.iam.gserviceaccount.com`);

const agentsEverywhere = (number: string) => [
  `serviceAccount:bq-${number}@bigquery-encryption.iam.gserviceaccount.com`,
  `serviceAccount:cmek-p${number}@gcp-sa-logging.iam.gserviceaccount.com`,
  ...agents(number, [
    'gcf-admin-robot',
    'gcp-sa-aiplatform',
    'gcp-sa-artifactregistry',
    'gcp-sa-pubsub',
    'gs-project-accounts',
    'serverless-robot-prod',
  ]),
];

const created = (tenant: string) =>
  `projects/baton-${tenant}/locations/us-central1/keyRings/baton/cryptoKeys/baton`;

describe('a stack that creates its key', () => {
  let stacks: RecordedStack[];
  beforeAll(async () => {
    stacks = await recordBoth({ config: { 'baton:keyRotationDays': '30' } });
  });

  it('has it rotate, in the region, and protects it from being deleted', () => {
    for (const stack of ['nonprod', 'prod']) {
      const [ring] = ofType(stacks, KEY_RING, stack);
      expect(ring.inputs).toMatchObject({ project: `baton-${stack}`, location: 'us-central1' });
      const keys = ofType(stacks, KEY, stack);
      expect(keys).toEqual([expect.objectContaining({ id: created(stack), protect: true })]);
      expect(keys[0].inputs).toMatchObject({ rotationPeriod: '2592000s', purpose: 'ENCRYPT_DECRYPT' });
    }
  });

  it('tells the key to the functions, for what they create', () => {
    for (const { inputs, stack } of ofType(stacks, TYPES.function)) {
      expect(inputs.serviceConfig).toMatchObject({ environmentVariables: { BATON_KMS_KEY: created(stack) } });
    }
  });

  it("grants the key to exactly the agents of the services that keep something in the stack's project", () => {
    const [nonprod, prod] = stacks;
    expect(agentsOf(nonprod, created('nonprod')).sort()).toEqual(
      [
        ...agentsEverywhere('111111111111'),
        ...agents('111111111111', ['compute-system', 'dataflow-service-producer-prod', 'gcp-sa-eventarc']),
      ].sort(),
    );
    expect(agentsOf(prod, created('prod')).sort()).toEqual(agentsEverywhere('222222222222').sort());
  });

  it('grants on keys only, never on a ring or a project, and nothing but to encrypt and decrypt', () => {
    for (const { type, inputs } of stacks.flatMap(google)) {
      if (!String(inputs.role ?? '').includes('cloudkms')) continue;
      expect(type).toBe(MEMBER);
      expect(inputs.role).toBe('roles/cloudkms.cryptoKeyEncrypterDecrypter');
    }
    expect(ofType(stacks, 'gcp:kms/keyRingIAMMember:KeyRingIAMMember')).toEqual([]);
  });

  it('creates nothing under the key before every grant on it is there', () => {
    for (const stack of stacks) {
      const grants = ofType([stack], MEMBER).map(({ urn }) => urn);
      for (const { dependencies } of carriersOf(stack))
        expect(dependencies).toEqual(expect.arrayContaining(grants));
    }
  });

  it('sends the logs to the bucket that the key encrypts', () => {
    for (const stack of ['nonprod', 'prod']) {
      const [sink] = ofType(stacks, 'gcp:logging/projectSink:ProjectSink', stack);
      const [bucket] = ofType(stacks, 'gcp:logging/projectBucketConfig:ProjectBucketConfig', stack);
      expect(sink.inputs).toMatchObject({
        name: '_Default',
        destination: `logging.googleapis.com/${bucket.id}`,
      });
    }
  });
});

describe('a stack that is given a key of a key project', () => {
  const given = 'projects/keys/locations/us-central1/keyRings/ring/cryptoKeys/models';
  let stacks: RecordedStack[];
  beforeAll(async () => {
    stacks = await recordBoth({ config: { 'baton:kmsKey': given } });
  });

  it('creates none, and puts everything under that one', () => {
    expect([...ofType(stacks, KEY_RING), ...ofType(stacks, KEY)]).toEqual([]);
    for (const stack of stacks) expect(violations(policyResources(stack), [underKey(given)])).toEqual([]);
  });

  it('grants it to its own agents, before anything is created under it', () => {
    const [, prod] = stacks;
    expect(agentsOf(prod, given).sort()).toEqual(agentsEverywhere('222222222222').sort());
    const grants = ofType([prod], MEMBER).map(({ urn }) => urn);
    for (const { dependencies } of carriersOf(prod))
      expect(dependencies).toEqual(expect.arrayContaining(grants));
  });
});

it('without a key nothing names one, and the stores that exist only for its sake are not declared', async () => {
  const stacks = await recordBoth({ config: { 'baton:createKey': 'false' } });
  for (const stack of stacks) {
    const forTheKey = google(stack).filter(({ type }) => /^gcp:(kms|vertex|logging\/project)/.test(type));
    // Lineage is written to its store with a key or without.
    expect(forTheKey.map(({ name }) => name)).toEqual(stack.stack === 'prod' ? ['metadata-store'] : []);
    for (const { type, inputs } of carriersOf(stack)) {
      for (const path of CARRIERS[type]) expect(valueAt(inputs, path)).toBeUndefined();
    }
  }
});
