import { expect, test } from 'vitest';
import { compileFilter } from '../../local/pubsub/filter.ts';

const train = { stage: 'train', 'my key': 'a"b', region: 'us-central1' };

test.each([
  ['', true],
  ['attributes:stage', true],
  ['attributes:nothing', false],
  ['attributes:toString', false],
  ['attributes.stage = "train"', true],
  ['attributes.stage="deploy"', false],
  ['attributes.stage != "deploy"', true],
  ['attributes.nothing != "x"', true],
  ['attributes."my key" = "a\\"b"', true],
  ['hasPrefix(attributes.region, "us-")', true],
  ['hasPrefix(attributes.nothing, "")', false],
  ['NOT attributes:stage', false],
  ['-attributes:stage', false],
  ['attributes:stage AND attributes:region AND attributes:nothing', false],
  ['attributes:nothing OR attributes:stage', true],
  ['attributes:stage AND (attributes:nothing OR attributes.region = "us-central1")', true],
  ['NOT (attributes:nothing OR attributes:region)', false],
])('%j matches: %s', (expression, expected) => {
  expect(compileFilter(expression)(train)).toBe(expected);
});

test.each([
  ['attributes', 'unexpected end'],
  ['stage = "train"', 'unexpected stage'],
  ['attributes.stage', 'unexpected end'],
  ['attributes.stage > "a"', 'unexpected text at position 16'],
  ['attributes.stage = ', 'unexpected end'],
  ['attributes:a AND attributes:b OR attributes:c', 'AND and OR need parentheses to be combined'],
  ['(attributes:a', 'unexpected end'],
  ['attributes:a)', 'unexpected )'],
  ['hasPrefix(attributes:a, "x")', 'expected ., found :'],
  [`attributes:${'a'.repeat(256)}`, 'at most 256 bytes'],
])('%j is malformed: %s', (expression, reason) => {
  expect(() => compileFilter(expression)).toThrow(reason);
});
