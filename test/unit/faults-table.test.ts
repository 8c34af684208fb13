import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const TESTS = join(ROOT, 'test');

/** For every fault that a test's title begins with, its number and the file. */
function titled(): string[] {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const titles = readFileSync(join(TESTS, file), 'utf8').matchAll(/['"`](F\d+) /g);
    return [...titles].map(([, fault]) => `${fault} test/${file}`);
  });
}

/** The same for every file that a row of the table names. */
function tabled(): string[] {
  const rows = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8').matchAll(/^\| (F\d+) .*$/gm);
  return [...rows].flatMap(([row, fault]) =>
    [...row.matchAll(/\]\(([^)]+)\)/g)].map(
      ([, link]) => `${fault} ${relative(ROOT, resolve(ROOT, 'docs', link))}`,
    ),
  );
}

it('the table of faults names the tests whose titles begin with their numbers, and no others', () => {
  expect(tabled().length).toBeGreaterThan(20);
  expect(tabled().sort()).toEqual([...new Set(titled())].sort());
});

it('the table of faults leaves out no number', () => {
  const numbers = [...new Set(tabled().map((line) => Number(/\d+/.exec(line)?.[0])))];
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});
