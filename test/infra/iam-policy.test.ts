import { beforeAll, describe, expect, it } from 'vitest';
import { ROLE_SOURCES } from '../../local/iam/role-sources.ts';
import { permissionsOf } from '../../local/iam/roles.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import type { IamMember } from '../../local/realise/cloud.ts';
import { isIamMember, readIamMember } from '../../local/realise/iam.ts';
import { ofType, recordBoth, TYPES } from './recorded-program.ts';

const PROD = /baton-prod|222222222222/;
const DEFAULT_COMPUTE = /-compute@developer\.gserviceaccount\.com/;

let stacks: RecordedStack[];
let members: IamMember[];

beforeAll(async () => {
  stacks = await recordBoth();
  members = stacks
    .flatMap((stack) => stack.resources)
    .filter(isIamMember)
    .map(readIamMember);
});

/** The project that a grant's resource belongs to; a bucket's name begins with its project's. */
const isIn = (project: 'baton-nonprod' | 'baton-prod') => (member: IamMember) =>
  new RegExp(`^projects/(_/buckets/)?${project}\\b`).test(member.resource);

describe('who holds what', () => {
  it('every grant is on a resource of one of the two projects', () => {
    const inOne = members.filter((member) => isIn('baton-nonprod')(member) !== isIn('baton-prod')(member));
    expect(inOne).toEqual(members);
  });

  it('no role is basic or unknown, and of each it is said where its permissions were read', () => {
    for (const { role } of members) {
      expect(permissionsOf(role).size).toBeGreaterThan(0);
      expect(ROLE_SOURCES).toHaveProperty([role], expect.stringMatching(/^[0-9a-f]{8}$|^https:/));
    }
  });

  it('production attaches to one topic, and reads one bucket and one dataset of non-production', () => {
    const held = members.filter(isIn('baton-nonprod')).filter(({ member }) => PROD.test(member));
    const what = held.map(({ resource, role, condition }) =>
      [role, resource, condition?.expression].filter(Boolean).join(' '),
    );
    const dataset = 'projects/baton-nonprod/datasets/census';
    expect(new Set(what)).toEqual(
      new Set([
        'roles/pubsub.subscriber projects/baton-nonprod/topics/eval-passed',
        'roles/storage.objectViewer projects/_/buckets/baton-nonprod-baton',
        ...['dataViewer', 'metadataViewer'].map(
          (role) =>
            `roles/bigquery.${role} projects/baton-nonprod resource.name == "${dataset}" || resource.name.startsWith("${dataset}/")`,
        ),
      ]),
    );
  });
});

describe('people', () => {
  it('may call decide and nothing else, each once, and with approval required approve says no more that they agreed', async () => {
    const config = {
      'baton:approval':
        '{"required":true,"approvers":["user:ada@example.com","group:approvers@example.com"]}',
      'baton:operators': '["user:ada@example.com","serviceAccount:ops@example.iam.gserviceaccount.com"]',
    };
    const [prod] = await recordBoth({ stacks: ['nonprod', 'prod'], config }).then((both) => both.slice(1));
    const granted = prod.resources.filter(isIamMember).map(readIamMember);
    const decide = 'projects/baton-prod/locations/us-central1/services/decide';
    const of = ({ member, role, resource }: IamMember) => [member, role, resource];
    expect(granted.filter(({ member }) => !/baton-prod|2{12}/.test(member)).map(of)).toEqual(
      [
        'user:ada@example.com',
        'serviceAccount:ops@example.iam.gserviceaccount.com',
        'group:approvers@example.com',
      ].map((member) => [member, 'roles/run.invoker', decide]),
    );
    const publishes = (grants: IamMember[]) =>
      grants
        .filter(({ member, role }) => member.includes(':approve@') && role === 'roles/pubsub.publisher')
        .map(({ resource }) => resource.split('/').at(-1))
        .sort();
    expect(publishes(granted)).toEqual(['parked', 'superseded']);
    expect(publishes(members)).toEqual(['approved', 'parked', 'superseded']);
  });
});

describe('who runs what', () => {
  it('each function has a service account of its own', () => {
    for (const stack of ['nonprod', 'prod']) {
      const accounts = ofType(stacks, TYPES.function, stack).map(
        ({ inputs }) => (inputs.serviceConfig as { serviceAccountEmail: string }).serviceAccountEmail,
      );
      expect(new Set(accounts).size).toBe(accounts.length);
      for (const account of accounts) expect(account).toMatch(`@baton-${stack}.iam.gserviceaccount.com`);
    }
  });

  it('Dataflow workers, training and serving have accounts of their own', () => {
    const ids = (stack: string) => ofType(stacks, TYPES.account, stack).map(({ inputs }) => inputs.accountId);
    expect(ids('nonprod')).toEqual(expect.arrayContaining(['dataflow-worker', 'training']));
    expect(ids('prod')).toEqual(expect.arrayContaining(['deploy', 'monitor', 'serving']));
  });

  it('the default compute account is named nowhere, and nothing is left to run as it', () => {
    expect(JSON.stringify(stacks)).not.toMatch(DEFAULT_COMPUTE);
    for (const { inputs } of ofType(stacks, TYPES.function)) {
      const { buildConfig, serviceConfig } = inputs as Record<string, Record<string, unknown>>;
      expect(buildConfig.serviceAccount).toMatch(/^projects\/.+\/serviceAccounts\/function-builder@/);
      expect(serviceConfig.environmentVariables).not.toMatchObject({ BATON_TRAINING_SERVICE_ACCOUNT: '' });
      expect(serviceConfig.environmentVariables).not.toMatchObject({ BATON_DATAFLOW_SERVICE_ACCOUNT: '' });
      expect(serviceConfig.environmentVariables).not.toMatchObject({ BATON_SERVING_SERVICE_ACCOUNT: '' });
    }
  });
});
