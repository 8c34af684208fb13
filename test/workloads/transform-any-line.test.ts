import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { transform } from '../../workloads/census/transform/transform.ts';
import { loadUdf } from './transform-engine.ts';

const udf = loadUdf();
const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** A census value, or something else that may stand in its place. */
const value = fc.oneof(
  fc.constantFrom(
    '39',
    ' State-gov',
    '?',
    '',
    ' <=50K',
    '>50K.',
    '-0',
    '007',
    '9'.repeat(400),
    '\ufeff',
    '"',
    '\0',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer().map(String),
);
const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(value, { minLength: 13, maxLength: 17 }).map((values) => values.join(',')),
  fc
    .record({ age: value, occupation: value, label: value })
    .map(
      (v) =>
        `${v.age},Private,1,Masters,14,Divorced,${v.occupation},Wife,White,Female,0,0,40,Cuba,${v.label}`,
    ),
);

test('any line gives no row, a full row, or a row that is nulls with a reason and the line', () => {
  fc.assert(
    fc.property(line, (text) => {
      const answer = udf(text);
      if (answer === null) return;
      const { baton_reject_reason: reason, baton_raw: raw, ...columns } = Row.parse(JSON.parse(answer));
      const values = Object.values(columns);
      expect(values).toHaveLength(15);
      if (reason === null) {
        expect(raw).toBeNull();
        expect(values).not.toContain(null);
      } else {
        expect(raw).toBe(text);
        expect(values.every((column) => column === null)).toBe(true);
      }
    }),
    { numRuns: 5000 },
  );
});

test('the source and what it compiles to answer any line alike', () => {
  fc.assert(
    fc.property(line, (text) => transform(text) === udf(text)),
    { numRuns: 5000 },
  );
});
