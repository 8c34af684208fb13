import { bigquery } from './clients.ts';
import { Environment, readEnvironment } from './environment.ts';
import { isAlreadyExists } from './failure.ts';

type Labels = Record<string, string>;

/** Runs a query that only reads, and answers its rows. BigQuery keeps them for a day, under the project's key. */
export async function runQuery<Row>(query: string, labels: Labels): Promise<Row[]> {
  const { BATON_KMS_KEY: kmsKeyName } = readEnvironment(Environment);
  const [rows] = await (await bigquery()).query({
    query,
    labels,
    ...(kmsKeyName && { destinationEncryptionConfiguration: { kmsKeyName } }),
  });
  return rows as Row[];
}

/**
 * Runs a statement as a job whose id the caller chooses, so that however often it is asked for it runs once;
 * whoever asks again waits for the first.
 */
export async function runJobOnce(jobId: string, query: string, labels: Labels): Promise<void> {
  const client = await bigquery();
  try {
    const [job] = await client.createQueryJob({ query, jobId, labels });
    await job.getQueryResults();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await client.job(jobId).getQueryResults();
  }
}
