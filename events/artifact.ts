import { z } from 'zod';
import { GcsUri, Sha256 } from './identifiers.ts';

const ArtifactFile = z.object({
  name: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: Sha256,
  generation: z
    .string()
    .optional()
    .describe("The object's generation, whose bytes never change. Events of before it was kept have none."),
});
export type ArtifactFile = z.infer<typeof ArtifactFile>;

/** A folder's files and their digests, such as a model's: what is promoted is exactly these bytes. */
export const Artifact = z
  .object({
    uri: GcsUri.describe('The folder, ending in `/`.'),
    sha256: Sha256.describe(
      'SHA-256 over the sorted lines `<sha256>  <name>` of all files, each ended by a line feed, as `sha256sum` prints them.',
    ),
    files: z.array(ArtifactFile).describe('Empty where they are more than an event takes.'),
    manifest: z
      .object({ uri: GcsUri, sha256: Sha256 })
      .optional()
      .describe('The object that has `files` instead, and its digest.'),
  })
  .refine(({ files, manifest }) => files.length > 0 || manifest, {
    error: 'expected files, or the manifest that has them',
  });
export type Artifact = z.infer<typeof Artifact>;

/** What the object has that `manifest` names. */
export const ArtifactManifest = z.object({ files: z.array(ArtifactFile).min(1) });
export type ArtifactManifest = z.infer<typeof ArtifactManifest>;

/** The two tables that a run is about, and something of each. */
export const perTable = <Value extends z.ZodType>(value: Value) => z.object({ train: value, eval: value });

/** Optional, since events of before they were taken have none. */
export const SnapshotDigests = perTable(Artifact)
  .optional()
  .describe("The snapshots' files and their digests.");
export type SnapshotDigests = z.infer<typeof SnapshotDigests>;

/** A container's image; empty in events of before it was kept. */
export const Image = z.string().default('');

/** Empty where the program was released without saying, and in events of before it was kept. */
export const Commit = z.string().default('').describe('The git commit of the program that started the job.');
