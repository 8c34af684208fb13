import * as pulumi from '@pulumi/pulumi';
import { plainProperties } from './plain.ts';
import type { RecordedResource } from './recorded.ts';

type Struct = Parameters<typeof pulumi.runtime.deserializeProperties>[0];

/** The parts of the SDK's registration messages that a recording is made of. */
interface Registration {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getDependenciesList(): string[];
  getObject(): Struct;
}
interface Registered {
  getUrn(): string;
  getId(): string;
  getObject(): Struct;
}
type Done = (error: Error | undefined, registered?: Registered) => void;
interface Monitor {
  registerResource(registration: Registration, done: Done): Promise<void>;
}

/**
 * Listens to what the program registers. Pulumi's mocks are told of types and inputs only, so this stands before
 * them, where parents and dependencies pass too.
 *
 * @returns gives the resources registered so far, in the order of their registration
 */
export function listenToRegistrations(stack: string): () => RecordedResource[] {
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  const resources = new Map<string, RecordedResource>();
  monitor.registerResource = (registration, done) =>
    register(registration, async (error, registered) => {
      if (!registered) return done(error);
      try {
        const resource = await describe(stack, registration, registered);
        if (resources.has(resource.urn))
          throw new Error(`Duplicate resource URN '${resource.urn}'; try giving it a unique name`);
        resources.set(resource.urn, resource);
      } catch (problem) {
        return done(problem as Error);
      }
      done(undefined, registered);
    });
  return () => [...resources.values()];
}

async function describe(
  stack: string,
  registration: Registration,
  registered: Registered,
): Promise<RecordedResource> {
  return {
    stack,
    type: registration.getType(),
    name: registration.getName(),
    urn: registered.getUrn(),
    id: registered.getId(),
    inputs: await properties(registration.getObject()),
    outputs: await properties(registered.getObject()),
    parent: registration.getParent() || undefined,
    protect: registration.getProtect(),
    dependencies: registration.getDependenciesList(),
  };
}

const properties = (object: Struct) => plainProperties(pulumi.runtime.deserializeProperties(object));
