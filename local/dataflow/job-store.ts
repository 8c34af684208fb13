import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JsonLines } from '../json-lines.ts';
import type { DataflowJob } from './job.ts';

/** Former states are dropped from the file when there are so many more lines than jobs. */
const HISTORY = 1000;

/** Jobs on disk, state by state. A job is on disk before anybody hears of its state. */
export class JobStore {
  readonly #lines: JsonLines<DataflowJob>;
  /** In the order of their creation. */
  readonly #jobs = new Map<string, DataflowJob>();
  readonly #byName = new Map<string, DataflowJob[]>();

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#lines = new JsonLines(join(folder, 'jobs.jsonl'));
    for (const job of this.#lines.read()) this.#jobs.set(job.id, job);
    this.#lines.replace([...this.#jobs.values()]);
    for (const job of this.#jobs.values()) this.#name(job);
  }

  save(job: DataflowJob): void {
    this.#lines.append(job);
    if (!this.#jobs.has(job.id)) this.#name(job);
    this.#jobs.set(job.id, job);
    if (this.#lines.count > HISTORY + 2 * this.#jobs.size) this.#lines.replace([...this.#jobs.values()]);
  }

  get(id: string): DataflowJob | undefined {
    return this.#jobs.get(id);
  }

  /** All jobs, or those of a name, the newest first. */
  all(name?: string): DataflowJob[] {
    const jobs = name === undefined ? [...this.#jobs.values()] : [...(this.#byName.get(name) ?? [])];
    return jobs.reverse();
  }

  #name(job: DataflowJob): void {
    this.#byName.set(job.name, [...(this.#byName.get(job.name) ?? []), job]);
  }
}
