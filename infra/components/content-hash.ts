import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The repository, seen from the folder of Pulumi.yaml, in which Pulumi runs the program. */
export const REPOSITORY = '..';

/**
 * Digests files and folders by name and content. A changed digest in an object's name is what makes a change of
 * the content reach those who refer to the object.
 *
 * @param paths relative to the repository
 * @returns 16 hexadecimal digits
 */
export function contentHash(paths: string[]): string {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesBelow).sort()) {
    const content = readFileSync(join(REPOSITORY, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(path: string): string[] {
  if (statSync(join(REPOSITORY, path)).isFile()) return [path];
  const entries = readdirSync(join(REPOSITORY, path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(REPOSITORY.length + 1));
}
