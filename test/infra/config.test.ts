import { beforeAll, describe, expect, it } from 'vitest';
import { leaveOut } from '../../local/program/leave-out.ts';
import { recordProgram } from '../../local/program/record-program.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { INFRA, ofType, recordBoth, TYPES } from './recorded-program.ts';

const record = (stack: string, config: Record<string, string>) => recordBoth({ stacks: [stack], config });

it('a wrong config value ends the program with its name, and nothing is declared', async () => {
  const config = { 'baton:trainReplicas': 'two' };
  const failure = recordProgram({ directory: INFRA, stacks: ['nonprod'], config });
  await expect(failure).rejects.toThrow(/stack 'nonprod'.*baton:trainReplicas: /s);
});

it('a declared value without default that a stack does not set is named', async () => {
  const { readProjectConfig } = await import('../../local/program/project-config.ts');
  expect(() => readProjectConfig(INFRA, 'staging', {})).toThrow(/Pulumi\.staging\.yaml/);
});

it('overrides reach the functions', async () => {
  const [nonprod] = await record('nonprod', { 'baton:dropTimeoutSeconds': '5' });
  for (const { inputs } of ofType([nonprod], TYPES.function)) {
    expect(inputs.serviceConfig).toMatchObject({ environmentVariables: { BATON_DROP_TIMEOUT_SECONDS: '5' } });
  }
});

it('prod before its identities exist gets no grants but the one that its deployment needs', async () => {
  const [nonprod] = await record('nonprod', { 'baton:prodIdentitiesExist': 'false' });
  const toProd = nonprod.resources.filter(({ inputs }) =>
    /baton-prod|222222222222/.test(String(inputs.member)),
  );
  expect(toProd.map(({ inputs }) => [inputs.member, inputs.role])).toEqual([
    ['serviceAccount:deployer@baton-prod.iam.gserviceaccount.com', 'roles/pubsub.subscriber'],
  ]);
});

describe('leaving out', () => {
  let all: RecordedStack[];
  beforeAll(async () => {
    all = await recordBoth();
  });

  it('a topic also leaves out what depends on it, in both stacks', () => {
    const stacks = leaveOut([`${TYPES.topic}::eval-passed`], all);
    const subscriptions = ofType(stacks, TYPES.subscription).map(({ name }) => name);
    expect(subscriptions).not.toContain('approve');
    expect(subscriptions).toContain('evaluate');
    expect(ofType(stacks, TYPES.topicMember).map(({ inputs }) => inputs.topic)).not.toContain(
      'projects/baton-nonprod/topics/eval-passed',
    );
  });

  it('a grant leaves out nothing else: a program that forgot it would still declare the rest', () => {
    const [some] = leaveOut(['storage-agent-cloudkms.cryptoKeyEncrypterDecrypter'], all);
    const google = ({ resources }: RecordedStack) => resources.filter(({ type }) => type.startsWith('gcp:'));
    expect(google(some)).toHaveLength(google(all[0]).length - 1);
  });

  it('a resource that there is not is an error', () => {
    expect(() => leaveOut(['no-such-topic'], all)).toThrow(/no resource 'no-such-topic'/);
  });
});
