import { expect, test } from 'vitest';
import { InputError } from '../../workloads/census/container/errors.ts';
import { censusRows, loadTable } from './model-census.ts';

const ROWS = `SELECT * FROM (${censusRows('train')} LIMIT 500)`;

const replaced = (replacement: string) => `SELECT * REPLACE (${replacement}) FROM (${ROWS})`;

test('a snapshot is the same table whatever the order of its rows and their spread over files', async () => {
  const whole = await loadTable(ROWS);
  expect(whole.rows).toBe(500);
  const numbered = `FROM (SELECT *, row_number() OVER () AS number FROM (${ROWS}))`;
  const half = (remainder: number) =>
    `SELECT * EXCLUDE (number) ${numbered} WHERE number % 2 = ${remainder} ORDER BY number DESC`;
  const none = `${ROWS} WHERE false`;
  expect(await loadTable(half(1), none, half(0))).toEqual(whole);
});

test('a number may be of any numeric type', async () => {
  const expected = await loadTable(ROWS);
  expect(await loadTable(replaced('age::DOUBLE AS age, education_num::TINYINT AS education_num'))).toEqual(
    expected,
  );
  expect(await loadTable(replaced('capital_gain::DECIMAL(18, 4) AS capital_gain'))).toEqual(expected);
});

test.each([
  ['no rows', `${ROWS} WHERE false`, 'no rows'],
  ['one class', `${ROWS} WHERE income_bracket = '>50K'`, 'have income_bracket ">50K", expected both labels'],
  [
    'missing columns',
    `SELECT * EXCLUDE (occupation, age) FROM (${ROWS})`,
    'missing columns: age, occupation',
  ],
  ['a missing label', `SELECT * EXCLUDE (income_bracket) FROM (${ROWS})`, 'missing columns: income_bracket'],
  ['a text for a number', replaced('age::VARCHAR AS age'), 'column age is VARCHAR, expected a number'],
  ['a number for a text', replaced('5 AS race'), 'column race is INTEGER, expected a string'],
  ['a missing number', replaced('nullif(age, 39) AS age'), 'column age has no number in '],
  ['an infinite number', replaced("'inf'::DOUBLE AS age"), 'column age has no number in 500 rows'],
  [
    'a foreign label',
    replaced("replace(income_bracket, '>50K', '>50K.') AS income_bracket"),
    'column income_bracket has ">50K." in ',
  ],
  ['a row without label', replaced("nullif(income_bracket, '>50K') AS income_bracket"), 'has no value in '],
])('a snapshot with %s is refused', async (_, select, message) => {
  const loading = loadTable(select);
  await expect(loading).rejects.toThrow(InputError);
  await expect(loading).rejects.toThrow(message);
});
