import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCron } from '../../local/scheduler/cron.ts';

/** The next times after the instant, in RFC 3339 to the minute. */
function times(expression: string, timeZone: string, after: string, count: number): string[] {
  const cron = parseCron(expression, timeZone);
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count; ) {
    at = cron.next(at);
    found.push(`${new Date(at).toISOString().slice(0, 16)}Z`);
  }
  return found;
}

describe('schedules', () => {
  test.each([
    ['* * * * *', 'Etc/UTC', '2026-01-01T00:00:30Z', ['2026-01-01T00:01Z', '2026-01-01T00:02Z']],
    [
      '*/20 * * * *',
      'Etc/UTC',
      '2026-01-01T00:00:00Z',
      ['2026-01-01T00:20Z', '2026-01-01T00:40Z', '2026-01-01T01:00Z'],
    ],
    ['5/20 9-10 * * *', 'Etc/UTC', '2026-01-01T09:30:00Z', ['2026-01-01T09:45Z', '2026-01-01T10:05Z']],
    ['0 9 * * mon-fri', 'Etc/UTC', '2026-01-02T10:00:00Z', ['2026-01-05T09:00Z', '2026-01-06T09:00Z']],
    ['0 0 * * 7', 'Etc/UTC', '2026-01-01T00:00:00Z', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
    ['0 0 1,15 * *', 'Etc/UTC', '2026-01-02T00:00:00Z', ['2026-01-15T00:00Z', '2026-02-01T00:00Z']],
    [
      '0 0 13 * fri',
      'Etc/UTC',
      '2026-01-01T00:00:00Z',
      ['2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-13T00:00Z'],
    ],
    ['0 0 1 JAN,Jul *', 'Etc/UTC', '2026-01-01T00:00:00Z', ['2026-07-01T00:00Z', '2027-01-01T00:00Z']],
    ['0 0 29 2 *', 'Etc/UTC', '2026-01-01T00:00:00Z', ['2028-02-29T00:00Z', '2032-02-29T00:00Z']],
    ['30 4 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', ['2026-01-01T23:00Z', '2026-01-02T23:00Z']],
    ['0 12 * * *', 'America/New_York', '2026-03-07T00:00:00Z', ['2026-03-07T17:00Z', '2026-03-08T16:00Z']],
  ])('%s in %s after %s', (expression, timeZone, after, expected) => {
    expect(times(expression, timeZone, after, expected.length)).toEqual(expected);
  });

  test('a wall-clock time that daylight saving skips does not come that day', () => {
    expect(times('30 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z', 1)).toEqual(['2026-03-09T06:30Z']);
  });

  test('a wall-clock time that daylight saving repeats comes twice', () => {
    expect(times('30 1 * * *', 'America/New_York', '2026-11-01T00:00:00Z', 2)).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-01T06:30Z',
    ]);
  });

  test.each([
    'a b c d e',
    '1-0 * * * *',
    '*/0 * * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '1,, * * * *',
    '-1 * * * *',
  ])('%s is refused', (expression) => {
    expect(() => parseCron(expression, 'Etc/UTC')).toThrow(expression);
  });

  test('the next time matches the fields, and no time before it does', () => {
    const field = (min: number, max: number) =>
      fc.oneof(fc.constant('*'), fc.integer({ min, max }).map(String), fc.constant('*/7'));
    const instant = fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2027, 0) });
    fc.assert(
      fc.property(field(0, 59), field(0, 23), instant, (minute, hour, after) => {
        const next = parseCron(`${minute} ${hour} * * *`, 'Etc/UTC').next(after);
        const allowed = (text: string, value: number) =>
          text === '*' || (text === '*/7' ? value % 7 === 0 : Number(text) === value);
        const matches = (at: Date) => allowed(minute, at.getUTCMinutes()) && allowed(hour, at.getUTCHours());
        for (let at = (Math.floor(after / 60_000) + 1) * 60_000; at < next; at += 60_000) {
          if (matches(new Date(at))) return false;
        }
        return next > after && matches(new Date(next));
      }),
      { numRuns: 50 },
    );
  });
});
