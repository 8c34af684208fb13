import { describe, expect, it } from 'vitest';
import { condition, count, duration, rate, runId, stage } from '../../ops/commands/arguments.ts';
import { fits } from '../../ops/runs/filter.ts';
import { summaryOf } from '../../ops/runs/summary.ts';
import { fields, table } from '../../ops/terminal/output.ts';
import { NOW, parkedRun } from './run-views.ts';

describe('what a flag takes', () => {
  it.each([
    [duration, '90s', 90_000],
    [duration, '1d12h', 36 * 3_600_000],
    [rate, '5/s', { limit: 5, intervalMs: 1000 }],
    [rate, '100/m', { limit: 100, intervalMs: 60_000 }],
    [count, '3', 3],
    [stage, 'train', 'train'],
    [runId, 'census-1', 'census-1'],
    [condition, 'state=parked', { state: 'parked' }],
    [condition, 'drop=a=b', { drop: 'a=b' }],
  ])('%o reads %s', (parse, text, value) => {
    expect((parse as (text: string) => unknown)(text)).toEqual(value);
  });

  it.each([
    [duration, 'soon', /duration such as/],
    [duration, '-1h', /duration such as/],
    [rate, '0/s', /rate such as/],
    [rate, '5', /rate such as/],
    [count, '1.5', /whole number/],
    [stage, 'serve', /expected one of prepare, ingest/],
    [runId, 'A run', /as `baton runs list` prints/],
    [condition, 'colour=red', /with one of state, stage, model, drop, code/],
    [condition, 'state', /FIELD=VALUE/],
  ])('%o refuses %s, saying what it takes', (parse, text, says) => {
    expect(() => (parse as (text: string) => unknown)(text)).toThrow(says);
  });

  it('several conditions are all to hold', () => {
    expect(condition('stage=train', condition('state=parked'))).toEqual({ state: 'parked', stage: 'train' });
  });
});

describe('a filter', () => {
  const run = summaryOf(parkedRun());

  it.each([
    [{ where: {} }, true],
    [{ where: { state: 'parked', stage: 'train', code: 'BATON_OPERATION_FAILED' } }, true],
    [{ where: { state: 'parked', stage: 'ingest' } }, false],
    [{ where: {}, since: new Date(NOW.getTime() - 7_200_000) }, true],
    [{ where: {}, since: NOW }, false],
  ])('%j means the run: %s', (filter, expected) => {
    expect(fits(run, filter)).toBe(expected);
  });
});

describe('a table', () => {
  it('is a line a row, with a dash for what is absent, and no trailing space', () => {
    expect(
      table(
        ['RUN', 'STATE'],
        [
          ['a', undefined],
          ['census-1', 'parked'],
        ],
      ).split('\n'),
    ).toEqual(['RUN       STATE', 'a         -', 'census-1  parked']);
  });

  it('of names and values leaves out what is absent', () => {
    expect(
      fields([
        ['run', 'a'],
        ['model', undefined],
        ['replays', 0],
      ]),
    ).toBe('run      a\nreplays  0');
  });
});
