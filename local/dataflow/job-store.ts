import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataflowJob } from './job.ts';

/** Jobs on disk, a file each. A job is on disk before anybody hears of its state. */
export class JobStore {
  readonly #folder: string;
  readonly #jobs = new Map<string, DataflowJob>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(folder)) {
      if (file.endsWith('.json')) {
        const job: DataflowJob = JSON.parse(readFileSync(join(folder, file), 'utf8'));
        this.#jobs.set(job.id, job);
      } else rmSync(join(folder, file));
    }
  }

  save(job: DataflowJob): void {
    const file = join(this.#folder, `${job.id}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(job));
    renameSync(`${file}.new`, file);
    this.#jobs.set(job.id, job);
  }

  get(id: string): DataflowJob | undefined {
    return this.#jobs.get(id);
  }

  /** All jobs, the newest first. */
  all(): DataflowJob[] {
    return [...this.#jobs.values()].sort((a, b) => (a.createTime < b.createTime ? 1 : -1));
  }
}
