import { bigquery } from './clients.ts';
import { Environment, readEnvironment } from './environment.ts';
import { isAlreadyExists } from './failure.ts';

/** Runs a query that only reads, and answers its rows. BigQuery keeps them for a day, under the project's key. */
export async function runQuery<Row>(query: string): Promise<Row[]> {
  const { BATON_KMS_KEY: kmsKeyName } = readEnvironment(Environment);
  const [rows] = await (await bigquery()).query({
    query,
    ...(kmsKeyName && { destinationEncryptionConfiguration: { kmsKeyName } }),
  });
  return rows as Row[];
}

/**
 * Runs a statement as a job whose id the caller chooses, so that however often it is asked for it runs once;
 * whoever asks again waits for the first.
 */
export async function runJobOnce(jobId: string, query: string): Promise<void> {
  const client = await bigquery();
  try {
    const [job] = await client.createQueryJob({ query, jobId });
    await job.getQueryResults();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await client.job(jobId).getQueryResults();
  }
}
