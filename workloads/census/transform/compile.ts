// Compiles transform.ts to the ES5 that the Dataflow template's JavaScript engine takes: `npm run build:udf`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSync, printSync, transformSync } from '@swc/core';
import { parse } from 'acorn';

const SOURCE = fileURLToPath(new URL('./transform.ts', import.meta.url));
const COMPILED = fileURLToPath(new URL('./transform.js', import.meta.url));
const BANNER =
  '// Compiled from transform.ts by compile.ts. Edit transform.ts, then run `npm run build:udf`.\n';

/**
 * Compiles a module that exports one function into an ES5 script that declares that function and nothing else.
 *
 * @param source TypeScript, without imports
 * @throws when the module does not export exactly one function, or uses syntax that ES5 can only express with
 * run-time support, such as spreading
 */
export function compileUdf(source: string): string {
  const { code } = transformSync(intoOneFunction(source), {
    configFile: false,
    swcrc: false,
    isModule: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es5' },
  });
  const { body } = parse(code, { ecmaVersion: 5 });
  if (body.length !== 1 || body[0].type !== 'FunctionDeclaration') {
    throw new Error(
      'the compiled function needs run-time support beside it, which the template cannot load: ' +
        'write spreading, destructuring, for-of and classes in their ES5 forms',
    );
  }
  return `${BANNER}${code}\n`;
}

/** Wraps a module in the function that it exports, so that nothing else stands at the top level. */
function intoOneFunction(source: string): string {
  const module = parseSync(source, { syntax: 'typescript', target: 'es2022' });
  const imports = module.body.filter((item) => item.type === 'ImportDeclaration');
  const exports = module.body.filter((item) => item.type.startsWith('Export'));
  const [exported] = exports;
  if (imports.length > 0) throw new Error("a user-defined function's module has no imports");
  if (
    exports.length !== 1 ||
    exported.type !== 'ExportDeclaration' ||
    exported.declaration.type !== 'FunctionDeclaration'
  ) {
    throw new Error("a user-defined function's module exports one named function and nothing else");
  }
  const { declaration } = exported;
  const body = module.body.map((item) => (item === exported ? declaration : item));
  const name = declaration.identifier.value;
  return `function ${name}(line) {
    return (function () {
      ${printSync({ ...module, body }).code}
      return ${name};
    })()(line);
  }`;
}

if (import.meta.main) writeFileSync(COMPILED, compileUdf(readFileSync(SOURCE, 'utf8')));
