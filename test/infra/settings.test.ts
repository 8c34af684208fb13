import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CONFIG_KEYS, parseSettings } from '../../infra/settings.ts';
import { readProjectConfig } from '../../local/program/project-config.ts';
import { INFRA } from './recorded-program.ts';

const STACKS = ['nonprod', 'prod', 'dev'];
const declared = (
  parse(readFileSync(join(INFRA, 'Pulumi.yaml'), 'utf8')) as { config: Record<string, object> }
).config;

function settingsOf(stack: string, overrides: Record<string, string | undefined> = {}) {
  const { config } = readProjectConfig(INFRA, stack, { 'baton:functionBundles': '' });
  const values: Record<string, string | undefined> = { ...config, ...overrides };
  return parseSettings(stack, (key) => values[key]);
}

describe('the config', () => {
  it.each(STACKS)('of %s is whole', (stack) => {
    expect(settingsOf(stack)).toMatchObject({ environment: stack, tenant: stack });
  });

  it('declares every value that the program reads, and no other, each with its type and description', () => {
    const keys = Object.keys(declared).map((key) => `baton:${key}`);
    expect([...keys, 'gcp:project', 'gcp:region'].sort()).toEqual([...CONFIG_KEYS].sort());
    for (const [key, declaration] of Object.entries(declared)) {
      expect([key, declaration]).toEqual([
        key,
        expect.objectContaining({
          type: expect.any(String),
          description: expect.stringMatching(/\.( \(.+\))?$/),
        }),
      ]);
    }
  });

  it('has no value that nothing in the program uses', () => {
    const files = readdirSync(INFRA, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const program = files
      .filter((file) => file !== 'settings.ts')
      .map((file) => readFileSync(join(INFRA, file), 'utf8'))
      .join('\n');
    const unused = Object.keys(declared).filter((key) => !new RegExp(`\\b${key}\\b`).test(program));
    expect(unused).toEqual([]);
  });

  it('sets in the stack files only what is declared', () => {
    for (const stack of STACKS) {
      const { config } = parse(readFileSync(join(INFRA, `Pulumi.${stack}.yaml`), 'utf8'));
      for (const key of Object.keys(config)) expect(CONFIG_KEYS).toContain(key);
    }
  });
});

/** What the program says of values that stand in for a stack's own. */
function complaint(stack: string, overrides: Record<string, string | undefined>): string {
  try {
    settingsOf(stack, overrides);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('values that are wrong are each named, before anything is declared', () => {
  it.each([
    [
      'nonprod',
      {
        'gcp:project': '',
        'baton:projectNumber': 'twelve',
        'baton:kmsKey': 'my-key',
        'baton:keyRotationDays': '0',
        'baton:protect': 'perhaps',
        'baton:settleSchedule': 'every minute',
        'baton:maxRejectedFraction': '1.5',
        'baton:subnetwork': 'default',
        'baton:networkRange': '10.0.0.0',
        'baton:trainReplicas': 'two',
        'baton:gate': '{"accuracy"',
        'baton:runSchedule': 'mondays',
        'baton:repository': 'https://github.com/example/baton',
        'baton:stateBucket': 'gs://state',
        'baton:commit': 'latest',
      },
    ],
    [
      'prod',
      {
        'baton:championMargin': '{"auc":-1}',
        'baton:approval': '{"approvers":["ada@example.com"]}',
        'baton:operators': '["allUsers"]',
      },
    ],
    [
      'prod',
      { 'baton:rollout': '{"steps":[50,25]}', 'baton:monitor': '{"skew":{}}', 'baton:endpoint': 'Census!' },
    ],
    ['dev', { 'baton:notebook': 'yes please', 'baton:notebookOwner': 'me', 'baton:minReplicas': '0' }],
  ])('of %s', (stack, wrong) => {
    const text = complaint(stack, wrong);
    expect(text).toContain(`stack ${stack} is wrong`);
    for (const key of Object.keys(wrong)) expect(text).toMatch(new RegExp(`${key}( \\(.*\\))?: `));
  });

  it.each([
    ['nonprod', 'gcp:region'],
    ['nonprod', 'baton:trainMachineType'],
    ['prod', 'baton:maxReplicas'],
    ['dev', 'baton:notebookZone'],
  ])('of %s, where %s is missing', (stack, key) => {
    expect(complaint(stack, { [key]: undefined })).toContain(`${key}: not set`);
  });

  it('where there are no bundles, which says how they are made', () => {
    const text = complaint('prod', { 'baton:functionBundles': 'dist/no-functions' });
    expect(text).toMatch(/baton:functionBundles: .*dist\/no-functions.*`npm run bundle`/);
  });

  it('of a gate as it was written before it had slices, naming what it does not know', () => {
    expect(complaint('nonprod', { 'baton:gate': '{"accuracy":0.8}' })).toMatch(/baton:gate.*"accuracy"/);
  });

  const repository = (region: string) =>
    `projects/p/locations/${region}/connections/github/gitRepositoryLinks/baton`;
  const subnetwork =
    'https://www.googleapis.com/compute/v1/projects/host/regions/us-central1/subnetworks/workers';
  it.each([
    ['nonprod', 'baton:tenant', { 'baton:tenant': 'staging' }],
    ['nonprod', 'baton:prodProjectNumber', { 'baton:prodProjectNumber': '' }],
    ['nonprod', 'baton:kmsKey', { 'baton:kmsKey': 'projects/p/locations/global/keyRings/r/cryptoKeys/k' }],
    ['nonprod', 'baton:createNetwork', { 'baton:subnetwork': subnetwork }],
    ['prod', 'baton:stateBucket', { 'baton:repository': repository('us-central1') }],
    [
      'nonprod',
      'baton:repository',
      { 'baton:repository': repository('europe-west1'), 'baton:stateBucket': 'state' },
    ],
    [
      'nonprod',
      'baton:subnetwork',
      { 'baton:subnetwork': subnetwork.replace('us-central1', 'europe-west1') },
    ],
    ['prod', 'baton:maxReplicas', { 'baton:maxReplicas': '1' }],
    ['prod', 'baton:approval', { 'baton:approval': '{"required":true}' }],
    [
      'prod',
      'baton:operators',
      {
        'baton:approval': '{"approvers":["group:approvers@example.com"]}',
        'baton:operators': '["group:approvers@example.com","group:others@example.com"]',
      },
    ],
    [
      'prod',
      'baton:operators',
      {
        'baton:approval': '{"approvers":["group:approvers@example.com","group:others@example.com"]}',
        'baton:operators': '["group:approvers@example.com"]',
      },
    ],
    ['dev', 'baton:notebookZone', { 'baton:notebook': 'true', 'baton:notebookZone': 'europe-west1-b' }],
    ['dev', 'baton:notebook', { 'baton:notebook': 'true', 'baton:createNetwork': 'false' }],
  ])('of %s, where %s does not go with the others', (stack, key, overrides) => {
    expect(complaint(stack, overrides)).toContain(`${key}: `);
  });
});
