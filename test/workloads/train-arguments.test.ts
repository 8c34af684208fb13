import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  decimal,
  GcsFolder,
  GcsObject,
  integer,
  parseArguments,
  parseEnvironment,
} from '../../workloads/census/container/arguments.ts';
import { InputError } from '../../workloads/census/container/errors.ts';

const Schema = z.object({
  train: GcsFolder,
  marker: GcsObject,
  trees: integer(1, 1000).default(100),
  'learning-rate': decimal(0.001, 1).default(0.1),
});

const REQUIRED = ['--train=gs://baton/snapshot/', '--marker=gs://baton/done.json'];

test('arguments are read with = or as two words, in any order; the others have their defaults', () => {
  expect(parseArguments(Schema, ['--learning-rate', '5e-2', ...REQUIRED, '--trees=0007'])).toEqual({
    train: 'gs://baton/snapshot/',
    marker: 'gs://baton/done.json',
    trees: 7,
    'learning-rate': 0.05,
  });
  expect(parseArguments(Schema, REQUIRED)).toMatchObject({ trees: 100, 'learning-rate': 0.1 });
});

test.each([
  [['--trees=0'], 'argument --trees=0: expected a whole number from 1 to 1000'],
  [['--trees=1001'], 'argument --trees=1001: expected a whole number from 1 to 1000'],
  [['--trees=1.5'], 'argument --trees=1.5: expected a whole number from 1 to 1000'],
  [['--trees='], 'argument --trees=: expected a whole number from 1 to 1000'],
  [['--trees'], 'argument --trees has no value'],
  [['--learning-rate=-0.1'], 'argument --learning-rate=-0.1: expected a number from 0.001 to 1'],
  [['--learning-rate=1e9'], 'argument --learning-rate=1e9: expected a number from 0.001 to 1'],
  [['--learning-rate=NaN'], 'argument --learning-rate=NaN: expected a number from 0.001 to 1'],
  [['--trees=5', '--trees=6'], 'argument --trees is given twice: 5 and 6'],
  [['--epochs=5'], 'unknown argument --epochs=5; known are --train, --marker, --trees, --learning-rate'],
  [['--verbose'], 'unknown argument --verbose; known are'],
  [['more'], 'unexpected argument "more"'],
])('%j is refused by name', (args, message) => {
  const parse = () => parseArguments(Schema, [...REQUIRED, ...args]);
  expect(parse).toThrow(InputError);
  expect(parse).toThrow(message);
});

test.each([
  [['--marker=gs://b/o'], 'argument --train is missing'],
  [['--train=gs://b/o', '--marker=gs://b/o'], 'argument --train=gs://b/o: expected gs://bucket/folder/'],
  [['--train=/data/', '--marker=gs://b/o'], 'argument --train=/data/: expected gs://bucket/folder/'],
  [['--train=gs://b/', '--marker=gs://b/o/'], 'argument --marker=gs://b/o/: expected gs://bucket/object'],
])('%j is refused by name', (args, message) => {
  expect(() => parseArguments(Schema, args)).toThrow(message);
});

test('environment variables are refused by name too', () => {
  const schema = z.object({ AIP_MODEL_DIR: GcsFolder });
  expect(parseEnvironment(schema, { AIP_MODEL_DIR: 'gs://b/model/', PATH: '/bin' })).toEqual({
    AIP_MODEL_DIR: 'gs://b/model/',
  });
  expect(() => parseEnvironment(schema, {})).toThrow('environment variable AIP_MODEL_DIR is missing');
  expect(() => parseEnvironment(schema, { AIP_MODEL_DIR: '/model' })).toThrow(
    'environment variable AIP_MODEL_DIR=/model: expected gs://bucket/folder/',
  );
});
