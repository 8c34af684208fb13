// Fits the sample's model to the census tables: `node workloads/census/sample/fit.ts [folder with train.csv, eval.csv]`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { transform } from '../transform/transform.ts';
import workload from '../workload.json' with { type: 'json' };
import { type Coded, dependenceTree } from './dependence-tree.ts';
import type { CensusModel, Column } from './model.ts';
import { FEWEST_PEOPLE, publishable, publishableAlone } from './publish.ts';
import { type CodedColumn, codeColumn } from './states.ts';

const TABLES = fileURLToPath(new URL('../../../../shared/data/census', import.meta.url));
const MODEL = fileURLToPath(new URL('./model.json', import.meta.url));

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
type Row = z.infer<typeof Row>;

/**
 * Fits a tree-augmented naive Bayes model: every column depends on the label and on one other column. A Chow–Liu tree
 * that treats the label as one column among many would tie only two or three columns to it, too few to learn from.
 *
 * @param folder where `train.csv` and `eval.csv` are; the model is fitted to both
 */
export function fitCensus(folder: string): CensusModel {
  const rows = ['train.csv', 'eval.csv'].flatMap((file) => readRows(join(folder, file)));
  const labels = [workload.label.negative, workload.label.positive];
  const label: Coded = {
    states: labels.length,
    codes: Uint8Array.from(rows, (row) => labels.indexOf(String(row[workload.label.column]))),
  };
  const fields = workload.columns.filter((field) => field.name !== workload.label.column);
  const coded = fields.map(({ name }) =>
    codeColumn(
      name,
      rows.map((row) => row[name] ?? ''),
      label,
    ),
  );
  const parents = dependenceTree(coded, label);

  return {
    fewestPeople: FEWEST_PEOPLE,
    fittedRows: rows.length,
    label: { name: workload.label.column, values: labels, weights: publishableAlone(countStates(label)) },
    columns: fields.map(({ name, type }, i) => {
      const parent = parents[i];
      return {
        name,
        type: z.enum(['INTEGER', 'STRING']).parse(type),
        parent: parent === null ? null : fields[parent].name,
        states: coded[i].meaning,
        distributions: distributionsOf(coded[i], parent === null ? null : coded[parent], label),
      };
    }),
  };
}

/** The good rows of a census file, read as the pipeline itself reads them. */
function readRows(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => transform(line) ?? [])
    .map((json) => Row.parse(JSON.parse(json)))
    .filter((row) => row[workload.rejectColumns.reason] === null);
}

function distributionsOf(
  column: CodedColumn,
  parent: CodedColumn | null,
  label: Coded,
): Column['distributions'] {
  const byLabel = split(column, label).map(publishableAlone);
  if (!parent) return { byParentAndLabel: [], byParent: [], byLabel };
  const both: Coded = {
    states: parent.states * label.states,
    codes: parent.codes.map((code, i) => code * label.states + label.codes[i]),
  };
  const cells = split(column, both).map(publishable);
  return {
    byParentAndLabel: Array.from({ length: parent.states }, (_, p) =>
      cells.slice(p * label.states, (p + 1) * label.states),
    ),
    byParent: split(column, parent).map(publishable),
    byLabel,
  };
}

/** How many people are in each of the column's states, for each state of the condition. */
function split(column: Coded, condition: Coded): Float64Array[] {
  const counts = Array.from({ length: condition.states }, () => new Float64Array(column.states));
  for (let i = 0; i < column.codes.length; i++) counts[condition.codes[i]][column.codes[i]]++;
  return counts;
}

function countStates(column: Coded): Float64Array {
  const [counts] = split(column, { states: 1, codes: new Uint8Array(column.codes.length) });
  return counts;
}

if (import.meta.main) {
  const model = fitCensus(process.argv[2] ?? TABLES);
  writeFileSync(MODEL, `${JSON.stringify(model, null, 2)}\n`);
  process.stdout.write(`fitted ${model.fittedRows} rows into ${MODEL}; now run \`npm run format\`\n`);
}
