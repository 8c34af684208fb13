import { join } from 'node:path';
import { z } from 'zod';

export const REPOSITORY_ROOT = join(import.meta.dirname, '..');

/** The roles of a workload that run as containers. */
export const ROLES = z.enum(['train', 'evaluate', 'serve']);
export type Role = z.infer<typeof ROLES>;

/** Where `npm run images` leaves what it pushed, and `npm run release:configure` finds it. */
export const BUILT_IMAGES = join(REPOSITORY_ROOT, 'dist', 'images.json');

/** The pushed images by role, each named by its digest. */
export const BuiltImages = z.partialRecord(
  ROLES,
  z.string().regex(/@sha256:[0-9a-f]{64}$/, 'expected an image by its digest, NAME@sha256:…'),
);
export type BuiltImages = z.infer<typeof BuiltImages>;
