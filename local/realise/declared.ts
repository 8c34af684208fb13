import { z } from 'zod';

/** A resource of the program, as `local/program` records it. */
export interface DeclaredResource {
  stack: string;
  type: string;
  name: string;
  id: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

/**
 * Reads properties of a resource.
 *
 * @throws Error naming the resource and the property that is missing or malformed
 */
export function read<Schema extends z.ZodType>(
  resource: DeclaredResource,
  schema: Schema,
  from: 'inputs' | 'outputs' = 'inputs',
): z.output<Schema> {
  const parsed = schema.safeParse(resource[from]);
  if (parsed.success) return parsed.data;
  const place = `${resource.type} '${resource.name}' of stack '${resource.stack}'`;
  throw new Error(
    `The program declares ${place} in a way that can't be realised:\n${z.prettifyError(parsed.error)}`,
  );
}
