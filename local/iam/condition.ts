import type { ResourceName } from './resource-name.ts';

/** Whether a grant's condition holds for a resource. */
export type Condition = (resource: ResourceName) => boolean;

const TEXT = String.raw`(?:"([^"\\]*)"|'([^'\\]*)')`;
const ATTRIBUTE = String.raw`resource\.(name|type|service)`;
const STARTS_WITH = new RegExp(String.raw`^${ATTRIBUTE}\.startsWith\(\s*${TEXT}\s*\)$`);
const EQUALS = new RegExp(String.raw`^${ATTRIBUTE}\s*(==|!=)\s*${TEXT}$`);

/**
 * Reads the part of CEL that conditions on resources need: `resource.name`, `.type` and `.service`, compared with
 * `==`, `!=` or `startsWith`, and joined with `&&` and `||` without parentheses.
 *
 * @throws Error quoting what it doesn't read: a condition misread would grant too much or too little
 */
export function readCondition(expression: string): Condition {
  const alternatives = expression.split('||').map((alternative) => alternative.split('&&').map(readTerm));
  return (resource) => alternatives.some((terms) => terms.every((term) => term(resource)));
}

function readTerm(text: string): Condition {
  const term = text.trim();
  const starts = STARTS_WITH.exec(term);
  if (starts) {
    const [, attribute, double, single] = starts;
    return (resource) => resource[attribute as keyof ResourceName].startsWith(double ?? single);
  }
  const equals = EQUALS.exec(term);
  if (equals) {
    const [, attribute, operator, double, single] = equals;
    return (resource) =>
      (resource[attribute as keyof ResourceName] === (double ?? single)) === (operator === '==');
  }
  throw new Error(
    `The local cloud can't evaluate the condition "${term}": it reads resource.name, resource.type and resource.service with ==, != or startsWith.`,
  );
}
