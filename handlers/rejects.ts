import { type GcsUri, gcsUri, layout } from '../events/index.ts';
import type { StagedTable, TableCounts } from './ingested-table.ts';
import { writeText } from './runtime/objects.ts';
import type { Work } from './runtime/stage.ts';

/** How many malformed rows of each file are kept for a person to look at. */
const KEPT_PER_FILE = 1000;

/**
 * Keeps the rows that the transform could not read in the run's `rejects.jsonl`: file, reason and raw text.
 *
 * @returns its address, or `undefined` when every row was read
 */
export async function keepRejects<Name extends string>(
  work: Work,
  tables: Record<Name, StagedTable>,
  counts: Record<Name, TableCounts>,
): Promise<GcsUri | undefined> {
  const names = (Object.keys(tables) as Name[]).filter((name) => counts[name].rejected > 0);
  if (names.length === 0) return undefined;
  const lines: string[] = [];
  for (const name of names) {
    const { file, rejects } = tables[name];
    for (const reject of await rejects(KEPT_PER_FILE)) lines.push(JSON.stringify({ file, ...reject }));
  }
  const object = `${layout.attempt(work.run, 'ingest', work.attempt)}rejects.jsonl`;
  await writeText(work.environment.BATON_BUCKET, object, `${lines.join('\n')}\n`, 'application/x-ndjson');
  return gcsUri(work.environment.BATON_BUCKET, object);
}
