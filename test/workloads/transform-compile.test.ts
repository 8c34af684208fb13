import { readFileSync } from 'node:fs';
import { parse } from 'acorn';
import { describe, expect, test } from 'vitest';
import { compileUdf } from '../../workloads/census/transform/compile.ts';
import { CENSUS, COMPILED, loadUdf } from './transform-engine.ts';

const committed = readFileSync(COMPILED, 'utf8');

describe('the committed transform.js', () => {
  test('is what transform.ts compiles to', () => {
    const source = readFileSync(new URL('transform/transform.ts', CENSUS), 'utf8');
    expect(committed, 'stale: run `npm run build:udf`').toBe(compileUdf(source));
  });

  test('is ES5 and declares exactly one function, and nothing else', () => {
    const { body } = parse(committed, { ecmaVersion: 5 });
    expect(body).toMatchObject([{ type: 'FunctionDeclaration', id: { name: 'transform' } }]);
  });

  test('keeps no state between lines', () => {
    const udf = loadUdf();
    const line =
      '39,State-gov,77516,Bachelors,13,Never-married,Adm-clerical,Not-in-family,White,Male,0,0,40,Cuba,>50K';
    const first = udf(line);
    expect([udf('not,a,row'), udf(''), udf(line)]).toEqual([expect.stringContaining('row:'), null, first]);
  });
});

describe('compiling a user-defined function', () => {
  test('a local that shadows another declaration stays its own', () => {
    const code = compileUdf(`
      const limit = 1;
      function line(): number { return limit; }
      export function f(text: string): string { const limit = 2; return text + limit + line(); }
    `);
    expect(new Function(`${code}; return f('a');`)()).toBe('a21');
  });

  test.each([
    ['an import', "import { x } from 'y'; export function f() { return x; }", /no imports/],
    ['a second export', 'export const a = 1; export function f() { return a; }', /one named function/],
    ['a default export', 'export default function f() {}', /one named function/],
    ['no export', 'function f() {}', /one named function/],
    [
      'syntax that needs run-time support',
      'export function f(a: string[]) { return [...a]; }',
      /run-time support/,
    ],
  ])('%s is refused, with the cause', (_, source, cause) => {
    expect(() => compileUdf(source)).toThrow(cause);
  });
});
