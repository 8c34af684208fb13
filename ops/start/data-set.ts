import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Storage } from '@google-cloud/storage';
import { DROP_FILES, layout, type RunId, runIdOf } from '../../events/index.ts';
import type { StartOptions } from './options.ts';
import { sampleOf } from './workload.ts';

type SampleOptions = Pick<StartOptions, 'data' | 'workload' | 'state' | 'seed' | 'rows'>;

const ROOT = resolve(import.meta.dirname, '../..');

export interface DataSet {
  directory: string;
  synthetic: boolean;
}

/**
 * The folder to drop: the one given, the workload's own, or a synthetic census sample made now.
 *
 * @throws Error when the folder given is not there, or has neither file
 */
export async function chooseDataSet(options: SampleOptions, signal: AbortSignal): Promise<DataSet> {
  const given = options.data ?? (options.workload && sampleOf(options.workload));
  if (!given) return { directory: await makeSample(options, signal), synthetic: true };
  const directory = resolve(given);
  const present = Object.values(DROP_FILES).filter((file) => existsSync(join(directory, file)));
  if (present.length === 0) {
    throw new Error(
      `${directory} has neither ${Object.values(DROP_FILES).join(' nor ')}: give --data a folder with both`,
    );
  }
  return { directory, synthetic: false };
}

async function makeSample({ state, seed, rows }: SampleOptions, signal: AbortSignal): Promise<string> {
  const directory = resolve(state, 'samples', `census-${seed}-${rows}`);
  mkdirSync(directory, { recursive: true });
  const script = join(ROOT, 'workloads/census/sample/generate.ts');
  const flags = { seed, 'train-rows': rows, 'eval-rows': Math.ceil(rows / 2), out: directory };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    signal,
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the synthetic sample could not be made: ${script} ended with ${code}`);
  return directory;
}

/**
 * Uploads the folder's files as one drop, which is all that starts a run.
 *
 * @returns the run that the two uploaded generations start
 */
export async function dropInto(
  storage: Storage,
  bucket: string,
  { directory }: DataSet,
  name: string,
): Promise<RunId> {
  const generations: { train?: string; eval?: string } = {};
  for (const [part, file] of Object.entries(DROP_FILES) as ['train' | 'eval', string][]) {
    const source = join(directory, file);
    if (!existsSync(source)) continue;
    const [object] = await storage.bucket(bucket).upload(source, { destination: layout.drop(name) + file });
    generations[part] = String(object.metadata.generation);
  }
  return runIdOf(name, generations);
}
