import { KeyManagement, type ServiceKeyUse } from '../../local/kms/key-management.ts';
import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';
import { StackOutputs } from '../../local/stacks.ts';

const KEY_GRANT = 'gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember';

export const keyGrantsOf = (stacks: RecordedStack[]): RecordedResource[] =>
  stacks.flatMap(({ resources }) => resources.filter(({ type }) => type === KEY_GRANT));

/** What is told apart of the uses of keys: by whom, where, and of which key. */
export const useOf = ({ service, project, kmsKeyName }: ServiceKeyUse) =>
  `${service} ${project} ${kmsKeyName}`;

/**
 * The first of the uses that would be refused if a grant were not declared, with the refusal; none where the grant
 * isn't needed for any of them.
 */
export function refusedWithout(
  grant: RecordedResource,
  stacks: RecordedStack[],
  uses: Iterable<ServiceKeyUse>,
): string | undefined {
  const outputs = new StackOutputs(stacks);
  const keys = new KeyManagement({ projectNumber: (project) => outputs.projectNumber(project) });
  for (const other of keyGrantsOf(stacks)) {
    const { cryptoKeyId, role, member } = other.inputs as Record<string, string>;
    if (other !== grant) keys.grant(cryptoKeyId, role, member);
  }
  for (const use of uses) {
    try {
      keys.check(use.service, use);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}
