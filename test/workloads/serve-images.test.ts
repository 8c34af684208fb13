import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
/** What the first of the images is built on; the others are to be built on the same. */
const [, PINNED] =
  /^FROM (\S+)/m.exec(readFileSync(join(ROOT, 'workloads/census/train/Dockerfile'), 'utf8')) ?? [];

/** The npm packages that a module needs at run time, itself or through modules of its own repository. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\s+(?!type\b)[^;]*?from '([^']+)'/gms,
  );
  for (const [, specifier] of imports) {
    if (specifier.startsWith('.')) {
      for (const name of packagesOf(join(dirname(file), specifier), seen)) packages.add(name);
    } else if (!specifier.startsWith('node:')) {
      packages.add(specifier);
    }
  }
  return packages;
}

describe.each(['train', 'evaluate', 'serve'])("the %s role's image", (role) => {
  const dockerfile = readFileSync(join(ROOT, 'workloads/census', role, 'Dockerfile'), 'utf8');

  test('installs exactly the packages that its program imports', () => {
    const installed = /node only-dependencies\.ts (?<names>[^\\\n]+)/
      .exec(dockerfile)
      ?.groups?.names.trim()
      .split(' ');
    const imported = packagesOf(join(ROOT, 'workloads/census', role, 'main.ts'));
    expect(installed).toEqual([...imported].toSorted());
  });

  test("is built on one image, by the digest of the project's Node", () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases).toEqual(Array(2).fill(PINNED));
    expect(PINNED).toMatch(new RegExp(`^node:${process.versions.node}-slim@sha256:[0-9a-f]{64}$`));
  });

  test('starts its program from files that it copies, and not as root', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) =>
      paths.split(' '),
    );
    for (const path of copied) expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(dockerfile).toContain(`\nENTRYPOINT ["node", "workloads/census/${role}/main.ts"]\n`);
    expect(copied).toContain('workloads/census');
    expect(dockerfile.slice(dockerfile.lastIndexOf('\nFROM'))).toContain('\nUSER node\n');
  });

  test('reaches no module outside the folder that it copies', () => {
    const modules = new Set<string>();
    packagesOf(join(ROOT, 'workloads/census', role, 'main.ts'), modules);
    const folder = join(ROOT, 'workloads/census/');
    expect([...modules].filter((file) => !file.startsWith(folder))).toEqual([]);
  });
});
