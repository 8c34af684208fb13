import type { RecordedResource, RecordedStack } from './recorded.ts';

/**
 * Takes resources out of a recording, together with everything that depends on them (but for grants, which
 * nothing is made of), as if the program didn't declare them.
 *
 * @param entries resources by `type::name`, or all of a type or of a logical name
 * @throws Error for an entry that matches nothing: a run that stalls without it would prove nothing
 */
export function leaveOut(entries: string[], stacks: RecordedStack[]): RecordedStack[] {
  const resources = stacks.flatMap((stack) => stack.resources);
  const gone = new Set<RecordedResource>();
  for (const entry of entries) {
    const matches = resources.filter(({ type, name }) => [name, type, `${type}::${name}`].includes(entry));
    if (matches.length === 0) {
      throw new Error(`The program declares no resource '${entry}', so it can't be left out.`);
    }
    for (const match of matches) takeOut(match, resources, gone);
  }
  return stacks.map(({ resources, ...stack }) => ({
    ...stack,
    resources: resources.filter((resource) => !gone.has(resource)),
  }));
}

function takeOut(resource: RecordedResource, all: RecordedResource[], gone: Set<RecordedResource>): void {
  if (gone.has(resource)) return;
  gone.add(resource);
  if (isGrant(resource)) return;
  for (const other of all) if (dependsOn(other, resource)) takeOut(other, all, gone);
}

/** What waits for a grant uses nothing of it, so a program that forgot the grant would still declare the rest. */
const isGrant = ({ type }: RecordedResource) => /I[aA][mM]Member$/.test(type);

/** Between stacks there are no dependencies to see, only the full names of resources in the inputs. */
function dependsOn(dependent: RecordedResource, resource: RecordedResource): boolean {
  if (dependent.stack === resource.stack) return dependent.dependencies.includes(resource.urn);
  return resource.id.startsWith('projects/') && Object.values(dependent.inputs).includes(resource.id);
}
