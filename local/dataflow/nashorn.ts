import { parse } from 'acorn';

/** Syntax of ES2015 that Nashorn doesn't have, though its ES6 mode has let, const, arrows and templates. */
const MISSING: Record<string, string> = {
  ClassDeclaration: 'classes',
  ClassExpression: 'classes',
  ObjectPattern: 'destructuring',
  ArrayPattern: 'destructuring',
  AssignmentPattern: 'default parameters',
  RestElement: 'rest parameters',
  SpreadElement: 'spread',
};

/**
 * Throws when Dataflow's JavaScript engine, Nashorn, would not run the source: it is a script of ES5 with a few
 * parts of ES2015, and never a module.
 */
export function checkNashornSyntax(source: string, uri: string): void {
  let program: object;
  try {
    program = parse(source, { ecmaVersion: 2015, sourceType: 'script', locations: true });
  } catch (error) {
    throw new Error(
      `${uri}: ${(error as Error).message}. UDFs run on Nashorn: ship them as ES5, not as a module.`,
    );
  }
  const found = findMissing(program);
  if (found)
    throw new Error(
      `${uri} line ${found.line}: Nashorn does not support ${found.what}; ship the UDF as ES5.`,
    );
}

function findMissing(node: object): { what: string; line: number } | undefined {
  const { type, loc } = node as { type?: string; loc?: { start: { line: number } } };
  if (type && type in MISSING) return { what: MISSING[type], line: loc?.start.line ?? 0 };
  for (const child of Object.values(node).flat()) {
    if (typeof child !== 'object' || child === null || !('type' in child)) continue;
    const found = findMissing(child);
    if (found) return found;
  }
  return undefined;
}
