import { z } from 'zod';

/** An optional variable: the Pulumi program sets an empty string where there is no value. */
export const optional = z
  .string()
  .default('')
  .transform((value) => value || undefined);

/** What every handler is told by its function's environment. */
export const Environment = z.object({
  GOOGLE_CLOUD_PROJECT: z.string().min(1),
  BATON_ENV: z.string().min(1),
  BATON_REGION: z.string().min(1),
  BATON_BUCKET: z.string().min(1),
  BATON_MODEL: z.string().min(1),
  BATON_KMS_KEY: optional,
  /** The git commit that was released; empty where nobody said. */
  BATON_COMMIT: z.string().default(''),
  /** For how long others keep off an attempt that a handler has taken. */
  BATON_LEASE_SECONDS: z.coerce.number().positive(),
});
export type Environment = z.infer<typeof Environment>;

/**
 * Reads variables of the process by their schema. Called when a handler runs, never when its module loads, so
 * that a function with one wrong variable still starts and says which.
 *
 * @throws Error naming each variable that is missing or malformed
 */
export function readEnvironment<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  throw new Error(`the function's environment is wrong:\n${z.prettifyError(parsed.error)}`);
}
