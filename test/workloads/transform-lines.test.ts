import { describe, expect, test } from 'vitest';
import { loadUdf } from './transform-engine.ts';

const udf = loadUdf();
const row = (line: string): unknown => JSON.parse(udf(line) ?? 'null');
const HEADER =
  'age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,gender,' +
  'capital_gain,capital_loss,hours_per_week,native_country,income_bracket';
const LINE = '64,,321403, HS-grad,9, Widowed,, Other-relative, Black, Male,0,0,40, United-States, <=50K';
const COLUMNS = HEADER.split(',');

/** The good line with one column's text replaced. */
function withColumn(name: string, text: string): string {
  const values = LINE.split(',');
  values[COLUMNS.indexOf(name)] = text;
  return values.join(',');
}

describe('a good line', () => {
  test('becomes a typed row with trimmed texts, in the order of the columns', () => {
    expect(udf(LINE)).toBe(
      '{"age":64,"workclass":"","fnlwgt":321403,"education":"HS-grad","education_num":9,' +
        '"marital_status":"Widowed","occupation":"","relationship":"Other-relative","race":"Black","gender":"Male",' +
        '"capital_gain":0,"capital_loss":0,"hours_per_week":40,"native_country":"United-States",' +
        '"income_bracket":"<=50K","baton_reject_reason":null,"baton_raw":null}',
    );
  });

  test('of the original adult.test is read the same: `?` is missing, the label ends with a full stop', () => {
    const original =
      '64, ?, 321403, HS-grad, 9, Widowed, ?, Other-relative, Black, Male, 0, 0, 40, United-States, <=50K.';
    expect(udf(original)).toBe(udf(LINE));
    expect(row(original.replace('<=50K.', '>50K.'))).toMatchObject({ income_bracket: '>50K' });
  });

  test('may end with the carriage return of a DOS file, and begin with a byte order mark', () => {
    expect(udf(`\ufeff${LINE}\r`)).toBe(udf(LINE));
  });

  test('may hold a category never seen before: that is drift, not damage', () => {
    expect(row(withColumn('occupation', ' "Prompt" engineer'))).toMatchObject({
      occupation: '"Prompt" engineer',
    });
  });
});

describe('a line that holds no row is dropped', () => {
  test.each([
    ['the header', HEADER],
    ['a header with spaces around the names', ` ${HEADER.replaceAll(',', ' , ')} `],
    ['a header after a byte order mark', `\ufeff${HEADER}\r`],
    ['an empty line', ''],
    ['a blank line', ' \t\r'],
    ['the comment atop adult.test', '|1x3 Cross validator'],
  ])('%s', (_, line) => {
    expect(udf(line)).toBeNull();
  });
});

describe('a malformed line is staged, marked with its reason', () => {
  test.each([
    ['too few columns', '39, State-gov', 'row: expected 15 columns, found 2'],
    ['too many columns', `${LINE},`, 'row: expected 15 columns, found 16'],
    ['a header with other names', HEADER.replace('gender', 'sex'), 'age: "age" is not an integer'],
    ['a missing integer', withColumn('age', ''), 'age: "" is not an integer'],
    ['a fraction', withColumn('hours_per_week', '37.5'), 'hours_per_week: "37.5" is not an integer'],
    ['an exponent', withColumn('fnlwgt', '1e5'), 'fnlwgt: "1e5" is not an integer'],
    ['a quoted number', withColumn('age', '"39"'), 'age: "\\"39\\"" is not an integer'],
    ['a negative age', withColumn('age', ' -1'), 'age: "-1" is not in 0..130'],
    [
      'an education code beyond the list',
      withColumn('education_num', '17'),
      'education_num: "17" is not in 1..16',
    ],
    [
      'an unknown label',
      withColumn('income_bracket', '50K'),
      'income_bracket: "50K" is neither "<=50K" nor ">50K"',
    ],
    [
      'a missing label',
      withColumn('income_bracket', ' ?'),
      'income_bracket: "?" is neither "<=50K" nor ">50K"',
    ],
    ['a NUL', withColumn('race', 'Bl\0ck'), 'race: "Bl\\u0000ck" has characters that are not text'],
    [
      'bytes that are not UTF-8',
      withColumn('race', 'Bl\ufffdck'),
      'race: "Bl\ufffdck" has characters that are not text',
    ],
  ])('%s', (_, line, reason) => {
    const nulls = Object.fromEntries(COLUMNS.map((name) => [name, null]));
    expect(row(line)).toEqual({ ...nulls, baton_reject_reason: reason, baton_raw: line });
  });

  test('the reason shows at most 120 characters of the text, the row at most 4096 of the line', () => {
    const line = withColumn('age', '9'.repeat(5000));
    expect(row(line)).toMatchObject({
      baton_reject_reason: `age: "${'9'.repeat(120)}" is not in 0..130`,
      baton_raw: '9'.repeat(4096),
    });
  });

  test('a cut never leaves half a surrogate pair', () => {
    const line = `${'x'.repeat(4095)}😀`;
    expect(row(line)).toMatchObject({ baton_raw: 'x'.repeat(4095) });
  });
});
