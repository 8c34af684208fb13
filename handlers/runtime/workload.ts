import { Workload } from '../../events/index.ts';
import { readText } from './objects.ts';

const known = new Map<string, Workload>();

/**
 * The workload's descriptor, whose address the function's environment gives. The address changes with the content
 * (infra/components/workload-files.ts), so an instance reads it once.
 */
export async function readWorkload(uri: string): Promise<Workload> {
  const workload = known.get(uri) ?? (await read(uri));
  known.set(uri, workload);
  return workload;
}

async function read(uri: string): Promise<Workload> {
  const parsed = Workload.safeParse(JSON.parse(await readText(uri)));
  if (!parsed.success)
    throw new Error(`the workload descriptor ${uri} is malformed: ${parsed.error.message}`);
  return parsed.data;
}

/** The gs:// address of a file that the descriptor names by a path relative to itself. */
export function besideDescriptor(descriptorUri: string, relativePath: string): string {
  return new URL(relativePath, descriptorUri).href;
}
