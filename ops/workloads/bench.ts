import { setTimeout as delay } from 'node:timers/promises';
import type { Workload } from '../../events/index.ts';
import { BENCH, type Workbench } from '../../local/workbench.ts';
import type { WorkloadFolder } from './folder.ts';
import type { Report } from './report.ts';

const POLL_MS = 25;

/** What every part of a check works with. */
export interface Bench extends Workbench {
  folder: WorkloadFolder;
  workload: Workload;
  report: Report;
  /** How long a container may take over a job, or over being healthy. */
  timeoutMs: number;
  /** The training container's further arguments. */
  parameters: Record<string, string | number | boolean>;
  signal: AbortSignal;
}

/** An address on the workbench. */
export const at = (path: string) => `gs://${BENCH.bucket}/${path}`;

/** Waits for an answer, looking again and again. Throws when the check is called off. */
export async function until<Answer>(
  { signal }: Pick<Bench, 'signal'>,
  look: () => Answer | undefined | Promise<Answer | undefined>,
): Promise<Answer> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await look();
    if (answer !== undefined) return answer;
    await delay(POLL_MS, undefined, { signal });
  }
}
