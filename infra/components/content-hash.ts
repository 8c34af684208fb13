import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** The repository, seen from the folder of Pulumi.yaml, in which Pulumi runs the program. */
export const REPOSITORY = '..';

/** The path of something in the repository; an absolute path is left as it is. */
export const inRepository = (path: string) => resolve(import.meta.dirname, '../..', path);

/**
 * Digests files and folders by name and content. A changed digest in an object's name is what makes a change of
 * the content reach those who refer to the object.
 *
 * @param paths relative to the folder
 * @param folder what the names are relative to
 * @returns 16 hexadecimal digits
 */
export function contentHash(paths: string[], folder = REPOSITORY): string {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((path) => filesBelow(path, folder)).sort()) {
    const content = readFileSync(join(folder, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(path: string, folder: string): string[] {
  if (statSync(join(folder, path)).isFile()) return [path];
  const entries = readdirSync(join(folder, path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
