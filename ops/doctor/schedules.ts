import type { Declaration } from './declaration.ts';
import { examine, type Finding, failure, warning } from './finding.ts';

/** Whether each scheduler job runs, and its last attempt succeeded. */
export async function examineSchedules(declaration: Declaration): Promise<Finding[]> {
  const { CloudSchedulerClient } = await import('@google-cloud/scheduler');
  const client = new CloudSchedulerClient();
  const findings = await Promise.all(
    declaration.ofType('gcp:cloudscheduler/job:Job').map(({ id }) =>
      examine('schedule', id, async () => {
        const [job] = await client.getJob({ name: id });
        if (job.state !== 'ENABLED') {
          return failure(`its state is ${job.state}`, `gcloud scheduler jobs resume ${id}`);
        }
        if (!job.status?.code) return undefined;
        return warning(
          `its last attempt failed: ${job.status.message || `code ${job.status.code}`}`,
          "Read the log of the function that it calls; the grant run.invoker is the scheduler account's.",
        );
      }),
    ),
  );
  await client.close();
  return findings;
}
