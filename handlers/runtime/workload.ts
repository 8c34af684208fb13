import { Workload } from '../../events/index.ts';
import { readText } from './objects.ts';

/** Reads the workload's descriptor, whose address the function's environment gives. */
export async function readWorkload(uri: string): Promise<Workload> {
  const parsed = Workload.safeParse(JSON.parse(await readText(uri)));
  if (!parsed.success)
    throw new Error(`the workload descriptor ${uri} is malformed: ${parsed.error.message}`);
  return parsed.data;
}

/** The gs:// address of a file that the descriptor names by a path relative to itself. */
export function besideDescriptor(descriptorUri: string, relativePath: string): string {
  return new URL(relativePath, descriptorUri).href;
}
