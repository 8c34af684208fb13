import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { acceptedRows, DROP_FILES, snapshotStatement } from '../../events/index.ts';
import { type DataflowJob, isTerminal } from '../../local/dataflow/job.ts';
import { BENCH } from '../../local/workbench.ts';
import { at, type Bench, until } from './bench.ts';
import { checkLines, loadProblem } from './transform-lines.ts';

const TEMPLATE = `gs://dataflow-templates-${BENCH.location}/latest/GCS_Text_to_BigQuery`;
const TABLES = ['train', 'eval'] as const;
type Table = (typeof TABLES)[number];

/** The sample's rows as the containers get them. */
export interface Snapshots {
  train: { uri: string; rows: number };
  eval: { uri: string; rows: number };
}

/**
 * Ingests the sample as a run would: with Dataflow into staging tables, and from these into snapshots. Answers the
 * snapshots where there are any to train on.
 */
export async function checkTransform(bench: Bench, sample: string): Promise<Snapshots | undefined> {
  const { folder, workload, report } = bench;
  const { source, schema } = workload.transform;
  if (!report.expect('transform-engine', folder.place(source), await loadProblem(bench))) return undefined;
  for (const file of [source, schema]) await upload(bench, join(folder.directory, file), `workload/${file}`);
  for (const table of TABLES) {
    await upload(bench, join(sample, DROP_FILES[table]), `sample/${DROP_FILES[table]}`);
  }
  const jobs = await Promise.all(TABLES.map((table) => ingest(bench, table)));
  let ingested = true;
  for (const [index, table] of TABLES.entries()) {
    const place = join(sample, DROP_FILES[table]);
    ingested = report.expect('transform-rows', place, failureOf(jobs[index])) && ingested;
  }
  await checkLines(bench, join(sample, DROP_FILES.train));
  return ingested ? exportSnapshots(bench, sample) : undefined;
}

async function upload({ storage }: Bench, file: string, name: string): Promise<void> {
  await storage.write(BENCH.bucket, name, createReadStream(file));
}

const stagingTable = (table: Table) => `${BENCH.project}.${BENCH.dataset}.staging_${table}`;

async function ingest(bench: Bench, table: Table): Promise<DataflowJob> {
  const { dataflow, workload } = bench;
  const { source, schema, function: name } = workload.transform;
  const { id } = dataflow.launch({
    ...{ project: BENCH.project, location: BENCH.location, jobName: `ingest-${table}` },
    ...{ templatePath: TEMPLATE, kind: 'classic', environment: {}, labels: {} },
    parameters: {
      inputFilePattern: at(`sample/${DROP_FILES[table]}`),
      JSONPath: at(`workload/${schema}`),
      outputTable: stagingTable(table).replace('.', ':'),
      javascriptTextTransformGcsPath: at(`workload/${source}`),
      javascriptTextTransformFunctionName: name,
      bigQueryLoadingTemporaryDirectory: at('loading'),
    },
  });
  return until(bench, () => {
    const job = dataflow.get(BENCH.project, BENCH.location, id);
    return isTerminal(job) ? job : undefined;
  });
}

function failureOf({ currentState, messages }: DataflowJob): string | undefined {
  if (currentState === 'JOB_STATE_DONE') return undefined;
  const error = messages.find(({ messageImportance }) => messageImportance === 'JOB_MESSAGE_ERROR');
  return error?.messageText.replace('Error message from worker: ', '').replaceAll(at('sample/'), '');
}

async function exportSnapshots(bench: Bench, sample: string): Promise<Snapshots | undefined> {
  const { warehouse, workload, report } = bench;
  const { column, positive, negative } = workload.label;
  const counts = { train: 0, eval: 0 };
  for (const table of TABLES) {
    const rows = await warehouse.query(
      BENCH.project,
      `SELECT \`${column}\` AS label, COUNT(*) AS number FROM (${acceptedRows(workload, stagingTable(table))})
       GROUP BY label ORDER BY label`,
    );
    counts[table] = rows.reduce((sum, { number }) => sum + Number(number), 0);
    const labels = rows.map(({ label }) => String(label));
    const asExpected = labels.length === 2 && [positive, negative].every((label) => labels.includes(label));
    const listed = labels.map((label) => `"${label}"`).join(', ') || 'no row at all';
    const place = join(sample, DROP_FILES[table]);
    if (!report.expect('transform-labels', place, !asExpected && `labels ${listed}`)) return undefined;
    const folder = at(`snapshot/${table}/`);
    await warehouse.query(BENCH.project, snapshotStatement(workload, stagingTable(table), folder));
  }
  return {
    train: { uri: at('snapshot/train/'), rows: counts.train },
    eval: { uri: at('snapshot/eval/'), rows: counts.eval },
  };
}
