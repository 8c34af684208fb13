import { BENCH } from '../../local/workbench.ts';
import { at, type Bench, until } from './bench.ts';
import { imageUri } from './images.ts';
import type { Role } from './rules.ts';

/** How a custom job ended, and what it wrote, in that order. */
export interface JobEnd {
  /** Why it failed; nothing when it succeeded. */
  failure: string | undefined;
  /** The objects' addresses. */
  written: string[];
}

/** Runs a role as a Vertex AI custom job, as the stages do. */
export async function runJob(
  bench: Bench,
  role: Exclude<Role, 'serve'>,
  job: { name: string; args: Record<string, string | number | boolean> },
): Promise<JobEnd> {
  const { vertex, folder, writes, timeoutMs } = bench;
  const before = writes.length;
  const { name } = vertex.customJobs.create(`projects/${BENCH.project}/locations/${BENCH.location}`, {
    displayName: `${folder.name}-${job.name}`,
    jobSpec: {
      workerPoolSpecs: [
        {
          replicaCount: 1,
          machineSpec: { machineType: 'n1-standard-4' },
          containerSpec: {
            imageUri: imageUri(folder.name, role),
            args: Object.entries(job.args).map(([argument, value]) => `--${argument}=${value}`),
            env: [{ name: 'BATON_RUN', value: 'workbench' }],
          },
        },
      ],
      serviceAccount: BENCH.serviceAccount,
      ...(role === 'train' && { baseOutputDirectory: { outputUriPrefix: at(`${job.name}/`) } }),
      scheduling: { timeout: { seconds: Math.ceil(timeoutMs / 1000) } },
    },
  });
  const ended = await until(bench, () => {
    const current = vertex.customJobs.get(String(name));
    return current.endTime ? current : undefined;
  });
  return {
    failure:
      ended.state === 'JOB_STATE_SUCCEEDED' ? undefined : (ended.error?.message ?? String(ended.state)),
    written: writes.slice(before).map((object) => `gs://${object.bucket}/${object.name}`),
  };
}

/** Where a job's marker goes. */
export const markerOf = (job: string) => at(`signals/${job}/done.json`);

/** Checks that the marker is there and was written last. */
export function checkMarker(
  { report }: Bench,
  role: 'train' | 'evaluate',
  job: string,
  { written }: JobEnd,
): void {
  const marker = markerOf(job);
  const first = written.indexOf(marker);
  if (!report.expect(`${role}-marker`, marker, first < 0 && 'no such object')) return;
  const later = written.slice(first).find((object) => object !== marker);
  report.expect(`${role}-marker-last`, marker, later && `${later} was written after it`);
}

/** Checks that a job which had nothing to work with failed, and told nobody that it is done. */
export function checkRefusal({ report }: Bench, role: 'train' | 'evaluate', job: string, end: JobEnd): void {
  const marker = end.written.includes(markerOf(job)) && 'and with a marker, so the run would go on';
  const ending = end.failure === undefined ? 'ended with exit code 0' : 'failed';
  const isWrong = end.failure === undefined || marker;
  report.expect(
    `${role}-bad-input`,
    `the job ${job}`,
    isWrong && [ending, marker].filter(Boolean).join(', '),
  );
}
