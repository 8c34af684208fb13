import { z } from 'zod';

/** The kinds of values that a stack's config has. */

export const projectId = z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected a project id');
export const projectNumber = z.string().regex(/^\d+$/, 'expected digits');
export const positive = z.coerce.number().int().positive();
export const fraction = z.coerce.number().min(0).max(1);
export const thresholds = z.record(z.string(), z.number());

/** An optional value, which Pulumi.yaml declares with an empty default. */
export const optional = <Schema extends z.ZodType<unknown, string>>(schema: Schema) =>
  z
    .literal('')
    .or(z.undefined())
    .or(schema)
    .transform((value) => value || undefined);

export const keyName = z
  .string()
  .regex(/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/, 'expected a key name');
export const principal = z
  .string()
  .regex(/^(user|serviceAccount|group|principal):/, 'expected an IAM principal');
export const cron = z.string().regex(/^\S+( \S+){4}$/, 'expected the five fields of unix-cron');
export const modelId = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes');
export const subnetworkUrl = z
  .string()
  .regex(
    /^https:\/\/www\.googleapis\.com\/compute\/v1\/projects\/[^/]+\/regions\/[^/]+\/subnetworks\/[^/]+$/,
    'expected https://www.googleapis.com/compute/v1/projects/P/regions/R/subnetworks/S',
  );
