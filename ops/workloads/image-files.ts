import { cpSync, existsSync, globSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, matchesGlob, posix, relative } from 'node:path';
import type { ImageConfig } from '../../local/processes/dockerfile.ts';

/**
 * Puts what an image gets of its build context into a folder that stands for its WORKDIR, so that a container run
 * there finds no file that the Dockerfile forgot to copy. What another stage built is taken from the context where
 * there is such a path (`node_modules`), and otherwise from wherever this machine has it.
 *
 * @returns the sources that are not there
 */
export function layOutImage(image: ImageConfig, context: string, folder: string): string[] {
  const missing: string[] = [];
  const isIgnored = ignoredIn(context);
  mkdirSync(folder, { recursive: true });
  for (const { from, sources, target } of image.copies) {
    const place = within(image.workingDirectory, target);
    for (const source of sources) {
      if (from === undefined) {
        const found = globSync(source.replace(/^\//, ''), { cwd: context });
        if (found.length === 0) missing.push(source);
        if (place !== undefined) for (const path of found) copyInto(path, place);
      } else {
        const path = join(context, within(image.workingDirectory, source) ?? source);
        if (place !== undefined && existsSync(path)) link(path, targetOf(source, place, true, folder));
      }
    }
  }
  return missing;

  function copyInto(path: string, place: string): void {
    const isFile = statSync(join(context, path)).isFile();
    const filter = (file: string) => !isIgnored(relative(context, file));
    cpSync(join(context, path), targetOf(path, place, isFile, folder), { recursive: true, filter });
  }
}

/** What .dockerignore keeps out of the context. Its exceptions (`!path`) are not looked at. */
function ignoredIn(context: string): (path: string) => boolean {
  const file = join(context, '.dockerignore');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/) : [];
  const patterns = lines.map((line) => line.trim()).filter((line) => /^[^#!]/.test(line));
  return (path) => patterns.some((pattern) => matchesGlob(path, pattern.replace(/^\/|\/$/g, '')));
}

/** A path in the image, from its WORKDIR on; nothing for one that is elsewhere. The slash at the end stays. */
function within(workingDirectory: string, path: string): string | undefined {
  const relative = posix.relative(workingDirectory, posix.resolve(workingDirectory, path));
  if (relative.startsWith('..')) return undefined;
  return path.endsWith('/') || relative === '' ? `${relative}/` : relative;
}

/** A file that is copied to a folder keeps its name; a folder's content becomes that of the target. */
function targetOf(source: string, place: string, isFile: boolean, folder: string): string {
  const path = isFile && place.endsWith('/') ? join(place, basename(source)) : place;
  return join(folder, path);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  if (!existsSync(target)) symlinkSync(path, target);
}
