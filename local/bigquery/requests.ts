import { z } from 'zod';
import { invalid } from './errors.ts';

export const BASE = '/bigquery/v2/projects/:projectId';

/** Reads a request's body, query or path. Throws `invalid`, naming what is wrong with which field. */
export function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw invalid(`Invalid request: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
