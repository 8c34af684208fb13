import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
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

/** What was pushed from this clone; nothing where nothing was. */
export async function builtImages(): Promise<BuiltImages> {
  return existsSync(BUILT_IMAGES) ? BuiltImages.parse(JSON.parse(await readFile(BUILT_IMAGES, 'utf8'))) : {};
}

/**
 * The images that a stack is to have, each by its digest: what was built for its project, and else what it has. So a
 * release of the one keeps the other, whoever's clone it is made from.
 *
 * @param deployed the stack's output `images`, in which an image that nobody has released yet has no digest
 */
export function imagesFor(project: string, deployed: Partial<Record<Role, string>>, built: BuiltImages) {
  const isOfProject = ([, image]: [string, string]) => image.split('/')[1] === project;
  const hasDigest = ([, image]: [string, string]) => image.includes('@sha256:');
  const images = [
    ...Object.entries(deployed).filter(hasDigest),
    ...Object.entries(built).filter(isOfProject),
  ];
  return BuiltImages.parse(Object.fromEntries(images));
}
