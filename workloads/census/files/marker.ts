import { z } from 'zod';
import { writeJson } from './gcs.ts';

/** What a Vertex AI job knows of itself; both are absent when a person runs the container by hand. */
export const JobEnvironment = z.object({
  CLOUD_ML_JOB_ID: z.string().optional(),
  BATON_RUN: z.string().optional(),
});
export type JobEnvironment = z.infer<typeof JobEnvironment>;

/**
 * Writes the object that says the job's results are complete. It must be the last thing that a job writes: its
 * arrival is what the pipeline wakes up for.
 */
export async function writeMarker(uri: string, job: JobEnvironment): Promise<void> {
  await writeJson(uri, { state: 'succeeded', job: job.CLOUD_ML_JOB_ID, run: job.BATON_RUN });
}
