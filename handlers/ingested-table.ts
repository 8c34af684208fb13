import {
  acceptedRows,
  type GcsUri,
  gcsUri,
  layout,
  snapshotStatement,
  type Workload,
} from '../events/index.ts';
import { bigquery } from './runtime/clients.ts';
import { isNotFound, StageFailure } from './runtime/failure.ts';
import { labelsOfAttempt } from './runtime/labels.ts';
import { runJobOnce, runQuery } from './runtime/queries.ts';
import type { Work } from './runtime/stage.ts';

export interface TableCounts {
  accepted: number;
  rejected: number;
  /** The first and the last label among the accepted rows, in their order; one where they are all alike. */
  labels: string[];
  /** The first rejected row, as the offending text to show. */
  firstReject?: Reject;
}

/** What BigQuery answers of it in one query. */
interface Found {
  accepted: number;
  rejected: number;
  firstLabel: string | null;
  lastLabel: string | null;
}

export interface Reject {
  reason: string;
  raw: string;
}

/** One of the two tables on its way from the Dataflow job's staging table to the live table and the snapshot. */
export interface StagedTable {
  file: string;
  count(): Promise<TableCounts>;
  rejects(limit: number): Promise<Reject[]>;
  /** @throws StageFailure when the table must not be trained on */
  check(counts: TableCounts, maxRejectedFraction: number): void;
  /** Replaces the live table atomically; answers `project.dataset.table`. */
  promote(): Promise<string>;
  /** Exports the accepted rows into the run folder, in the workload's format; answers the prefix. */
  snapshot(): Promise<GcsUri>;
}

export function ingestedTable(
  work: Work,
  workload: Workload,
  names: { dataset: string; staging: string; live: string; file: string },
): StagedTable {
  const stagingTable = `${names.dataset}.${names.staging}`;
  const staging = `\`${stagingTable}\``;
  const live = `${names.dataset}.${names.live}`;
  const { reason, raw } = workload.rejectColumns;
  const labels = labelsOfAttempt(work, 'ingest');
  const jobId = (step: string) => `baton_${work.run}_${work.attempt}_${step}_${names.live}`;

  const rejects = (limit: number) =>
    runQuery<Reject>(
      `SELECT ${reason} AS reason, ${raw} AS raw FROM ${staging} WHERE ${reason} IS NOT NULL ORDER BY raw LIMIT ${limit}`,
      labels,
    );

  return {
    file: names.file,
    rejects,

    async count() {
      try {
        const label = `IF(${reason} IS NULL, \`${workload.label.column}\`, NULL)`;
        const [found] = await runQuery<Found>(
          `SELECT COUNTIF(${reason} IS NULL) AS accepted, COUNTIF(${reason} IS NOT NULL) AS rejected, MIN(${label}) AS firstLabel, MAX(${label}) AS lastLabel FROM ${staging}`,
          labels,
        );
        const rejected = Number(found.rejected);
        const [firstReject] = rejected > 0 ? await rejects(1) : [];
        return {
          accepted: Number(found.accepted),
          rejected,
          labels: [...new Set([found.firstLabel, found.lastLabel].filter((label) => label !== null))],
          firstReject,
        };
      } catch (error) {
        // A job that appended nothing made no table.
        if (isNotFound(error)) return { accepted: 0, rejected: 0, labels: [] };
        throw error;
      }
    },

    check(counts, maxRejectedFraction) {
      const total = counts.accepted + counts.rejected;
      if (total === 0) throw new StageFailure('BATON_NO_ROWS', `${names.file} has no rows`);
      const fraction = counts.rejected / total;
      if (fraction > maxRejectedFraction) {
        const first = counts.firstReject;
        throw new StageFailure(
          'BATON_ROWS_REJECTED',
          `${counts.rejected} of ${total} rows of ${names.file} are malformed (${percent(fraction)}, at most ${percent(maxRejectedFraction)} is allowed); the first: ${first?.reason}, in "${first?.raw.slice(0, 200)}"`,
        );
      }
      if (counts.labels.length < 2) {
        throw new StageFailure(
          'BATON_ONE_CLASS',
          `every row of ${names.file} has ${workload.label.column} "${counts.labels[0]}": there is nothing to tell apart`,
        );
      }
    },

    async promote() {
      const pairs = Object.entries(labels).map(([name, value]) => `("${name}", "${value}")`);
      await runJobOnce(
        jobId('promote'),
        `CREATE OR REPLACE TABLE \`${live}\` OPTIONS(labels=[${pairs.join()}]) AS ${acceptedRows(workload, stagingTable)}`,
        labels,
      );
      return live;
    },

    async snapshot() {
      const folder = gcsUri(
        work.environment.BATON_BUCKET,
        `${layout.attempt(work.run, 'ingest', work.attempt)}snapshot/${names.live}/`,
      );
      await runJobOnce(jobId('snapshot'), snapshotStatement(workload, stagingTable, folder), labels);
      return folder;
    },
  };
}

/** Drops a table of a `project.dataset`; one that isn't there needs nothing. */
export async function dropTable(dataset: string, table: string): Promise<void> {
  const [, datasetId] = dataset.split('.');
  await (await bigquery()).dataset(datasetId).table(table).delete({ ignoreNotFound: true });
}

const percent = (fraction: number) => `${(fraction * 100).toFixed(1)} %`;
