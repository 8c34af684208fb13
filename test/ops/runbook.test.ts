import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../events/index.ts';
import { EXIT_MEANINGS } from '../../ops/terminal/exit-codes.ts';

const docs = (name: string) => readFileSync(resolve(import.meta.dirname, '../../docs', name), 'utf8');

describe('the runbook', () => {
  const text = docs('runbook.md');
  const sections = new Map(
    text
      .split(/^### /m)
      .slice(1)
      .map((section) => section.split('\n', 1).concat(section) as [string, string]),
  );

  it.each(Object.entries(FAILURES))('says what to do for %s', (code, { outcome }) => {
    const word = { refuse: 'Refused', park: 'Parked', retry: 'Retried' }[outcome];
    expect(sections.get(code)).toContain(`_${word}._`);
  });

  it('has a section for no code that is gone', () => {
    const codes = [...sections.keys()].filter((title) => title.startsWith('BATON_'));
    expect(codes.filter((code) => !(code in FAILURES))).toEqual([]);
  });
});

describe('the reference of the command line', () => {
  it.each(Object.entries(EXIT_MEANINGS))('tells what exit code %s means, as --help does', (code, meaning) => {
    const row = new RegExp(`^\\| ${code} +\\| (.*?) +\\|$`, 'm').exec(docs('cli.md'));
    expect(row?.[1].replaceAll('`', '')).toBe(meaning.replaceAll('`', ''));
  });
});
