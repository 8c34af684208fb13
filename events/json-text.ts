import { z } from 'zod';

/** A value that is JSON in a string, as a stack's config and a function's environment have it. */
export const json = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: `expected JSON, found ${text}` });
        return z.NEVER;
      }
    })
    .pipe(schema);
