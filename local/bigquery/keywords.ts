import type { Node } from './lexer.ts';

function words(text: string): Set<string> {
  return new Set(text.trim().split(/\s+/));
}

/** Words that a bracket may follow without a call being meant. */
export const BEFORE_BRACKET = words(`
  ALL AND ANY AS BETWEEN BY CASE DISTINCT ELSE EXCEPT EXISTS FILTER FROM HAVING IN INTERSECT IS JOIN LIKE LIMIT NOT
  OFFSET ON OR OVER QUALIFY RETURN ROLLUP SELECT SET SOME THEN UNION USING VALUES WHEN WHERE WITH`);

/** Words that end the list of tables after FROM, and the list of expressions after BY. */
export const CLAUSES = words(
  'WHERE GROUP HAVING ORDER LIMIT WINDOW QUALIFY UNION EXCEPT INTERSECT SELECT SET WHEN VALUES',
);

const JOINS = words('ON USING JOIN INNER LEFT RIGHT FULL CROSS OUTER NATURAL');

/** Words whose constructs DuckDB lacks or means otherwise. */
export const UNSUPPORTED = words(`
  ASSERT_ROWS_MODIFIED AT COLLATE CUBE DEFINE ENUM FETCH FOR GROUPING GROUPS HASH LATERAL LOOKUP
  MATCH_RECOGNIZE NATURAL PIVOT PROTO TABLESAMPLE TREAT UNPIVOT WITHIN`);

/** Names that DuckDB reserves and GoogleSQL doesn't. */
export const RESERVED_IN_DUCKDB = words(`
  ANALYSE ANALYZE ASYMMETRIC BOTH CHECK COLUMN CONSTRAINT DEFERRABLE DESCRIBE DO FOREIGN GRANT INITIALLY LEADING ONLY
  PLACING PRIMARY REFERENCES RETURNING SHOW SUMMARIZE SYMMETRIC TABLE TRAILING UNIQUE USER VARIADIC`);

/** Whether the node can be the alias of the table that stands before it. */
export function isAlias(node: Node | undefined): node is Node & { text: string } {
  if (node?.kind === 'quoted') return true;
  if (node?.kind !== 'word') return false;
  const word = node.text.toUpperCase();
  return !CLAUSES.has(word) && !JOINS.has(word);
}
