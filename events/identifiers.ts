import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * A run's identifier: lower-case letters, digits and dashes, at most 63 characters, so that it is also a legal
 * Google Cloud label value and a legal part of job names.
 */
export const RunId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/, 'a run id has 2 to 63 lower-case letters, digits and dashes')
  .brand<'RunId'>();
export type RunId = z.infer<typeof RunId>;

/** A `gs://bucket/object` address. */
export const GcsUri = z
  .string()
  .regex(/^gs:\/\/[^/]+\/.*$/, 'expected gs://bucket/object')
  .brand<'GcsUri'>();
export type GcsUri = z.infer<typeof GcsUri>;

export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')
  .brand<'Sha256'>();
export type Sha256 = z.infer<typeof Sha256>;

/**
 * The run that a pair of dropped files starts. The same two object generations always give the same run, so a
 * storage notification delivered twice starts one run, and a file overwritten later starts another.
 *
 * @param drop the drop's folder name under `datasets/`
 * @param generations the object generations; `undefined` where a file never came
 * @param occasion what a further run over the same files answers, such as a monitoring window; each has its own run
 */
export function runIdOf(
  drop: string,
  generations: { train?: string; eval?: string },
  occasion?: string,
): RunId {
  const slug = drop
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40);
  const digest = createHash('sha256')
    .update(
      JSON.stringify([
        drop,
        generations.train ?? null,
        generations.eval ?? null,
        ...(occasion === undefined ? [] : [occasion]),
      ]),
    )
    .digest('hex')
    .slice(0, 10);
  return RunId.parse(`${slug || 'drop'}-${digest}`.replace(/-{2,}/g, '-'));
}

export function gcsUri(bucket: string, object: string): GcsUri {
  return GcsUri.parse(`gs://${bucket}/${object}`);
}

/** Splits `gs://bucket/object` into its two parts. */
export function parseGcsUri(uri: string): { bucket: string; object: string } {
  const match = /^gs:\/\/([^/]+)\/(.*)$/.exec(uri);
  if (!match) throw new TypeError(`not a gs:// address: ${uri}`);
  return { bucket: match[1], object: match[2] };
}
