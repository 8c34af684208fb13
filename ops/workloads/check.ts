import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkbench } from '../../local/workbench.ts';
import type { Bench } from './bench.ts';
import { readConfig } from './config.ts';
import { checkDescriptor } from './descriptor.ts';
import { checkEvaluation } from './evaluation.ts';
import type { WorkloadFolder } from './folder.ts';
import { checkImages, type Images } from './images.ts';
import { type CheckedWorkload, Report } from './report.ts';
import type { Part } from './rules.ts';
import { checkServing } from './serving.ts';
import { checkTraining } from './training.ts';
import { checkTransform } from './transform.ts';

export interface CheckOptions {
  folder: WorkloadFolder;
  /** A folder with train.csv and eval.csv. */
  sample: string;
  /** Hyperparameters that go before those of config.json. */
  parameters: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
  /** Told of each part before it is looked at. */
  onPart(part: Part): void;
}

/** Runs a workload's roles on this machine as a run would, and tells what breaks the contract. */
export async function checkWorkload(options: CheckOptions): Promise<CheckedWorkload> {
  const { folder, sample, parameters, onPart } = options;
  const report = new Report();
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-workbench-'));
  try {
    onPart('descriptor');
    const workload = checkDescriptor(folder, report);
    onPart('images');
    const images = checkImages(folder, stateDir, report);
    if (workload) {
      const given = { ...configured(folder), ...parameters };
      await tryOut({ ...options, workload, report, parameters: given }, images, { sample, stateDir, onPart });
    }
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
  const { findings, kept } = report;
  return {
    workload: folder.name,
    directory: folder.directory,
    ...{ kept, findings, notChecked: report.notChecked() },
  };
}

type Given = Pick<Bench, 'folder' | 'workload' | 'report' | 'timeoutMs' | 'parameters' | 'signal'>;

async function tryOut(
  given: Given,
  images: Images,
  { sample, stateDir, onPart }: { sample: string; stateDir: string; onPart(part: Part): void },
): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const workbench = await openWorkbench(stateDir, (host) => images.runtime(host), closing);
  const bench: Bench = { ...workbench, ...given };
  onPart('transform');
  const snapshots = await checkTransform(bench, sample);
  if (!snapshots || !images.complete) return;
  onPart('train');
  const model = await checkTraining(bench, snapshots);
  if (!model) return;
  onPart('evaluate');
  const samples = await checkEvaluation(bench, snapshots, model);
  onPart('serve');
  await checkServing(bench, model, samples);
}

/** The hyperparameters that the workload's config.json gives the stack, if it has one. */
function configured(folder: WorkloadFolder): Bench['parameters'] {
  const config = readConfig(folder);
  return typeof config === 'object' ? (config['baton:trainParameters'] ?? {}) : {};
}
