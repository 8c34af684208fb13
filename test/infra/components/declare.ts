import * as pulumi from '@pulumi/pulumi';
import { lookUp, make } from '../../../local/program/google-outputs.ts';
import { plainProperties } from '../../../local/program/plain.ts';
import type { RecordedResource } from '../../../local/program/recorded.ts';
import { listenToRegistrations } from '../../../local/program/registrations.ts';
import { INFRA } from '../recorded-program.ts';

export const PROJECT = 'baton-test';
export const REGION = 'us-central1';
export const NUMBER = '444444444444';
export const KEY = `projects/${PROJECT}/locations/${REGION}/keyRings/ring/cryptoKeys/key`;

/** What was declared and looked up, and what the declaring function answered, with its outputs known. */
export interface Declared {
  resources: RecordedResource[];
  /** The data sources asked, with what they were asked. */
  invokes: { token: string; inputs: Record<string, unknown> }[];
  answer: Record<string, unknown>;
}

/** Declares resources under Pulumi's own mocks, in this process: for components, where a whole program is slow. */
export async function declare(build: () => Record<string, unknown> | undefined): Promise<Declared> {
  process.chdir(INFRA);
  const invokes: Declared['invokes'] = [];
  const projectNumbers = { [PROJECT]: NUMBER };
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const { id, outputs } = make(type, { name, inputs, projectNumbers });
        return { id, state: outputs };
      },
      call: ({ token, inputs }) => {
        invokes.push({ token, inputs });
        return lookUp(token, inputs, projectNumbers);
      },
    },
    'baton',
    'test',
    false,
  );
  const registered = listenToRegistrations('test');
  const answer = await pulumi.runtime.runInPulumiStack(async () => build());
  await pulumi.runtime.disconnect();
  return { resources: registered(), invokes, answer: await plainProperties(answer ?? {}) };
}

/** The resources of Google's among them, by `type name`, without the module of the type. */
export const names = ({ resources }: Declared): string[] =>
  resources
    .filter(({ type }) => type.startsWith('gcp:'))
    .map(({ type, name }) => `${type.split(':').at(-1)} ${name}`);

/** The one resource of a type and name. */
export function find({ resources }: Declared, type: string, name: string): RecordedResource {
  const found = resources.filter((resource) => resource.type.endsWith(`:${type}`) && resource.name === name);
  if (found.length !== 1) throw new Error(`${found.length} resources are a ${type} named ${name}`);
  return found[0];
}
