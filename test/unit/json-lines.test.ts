import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { JsonLines } from '../../local/json-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'baton-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('reads back what was appended and what replaced it, and drops what a crash left of a line', () => {
  const file = join(folder, 'lines.jsonl');
  const lines = new JsonLines<{ at: number; text: string }>(file);
  expect(lines.read()).toEqual([]);
  lines.append({ at: 1, text: 'a\nb' });
  lines.append({ at: 2, text: 'ü' });
  appendFileSync(file, '{"at":3,"te');

  const again = new JsonLines<{ at: number; text: string }>(file);
  expect(again.read()).toEqual([
    { at: 1, text: 'a\nb' },
    { at: 2, text: 'ü' },
  ]);
  expect(again.count).toBe(2);
  again.append({ at: 4, text: '' });
  expect(again.read().map(({ at }) => at)).toEqual([1, 2, 4]);
  again.replace([{ at: 5, text: '' }]);
  expect(new JsonLines(file).read()).toEqual([{ at: 5, text: '' }]);
});
