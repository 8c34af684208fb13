import { closeSync, type FSWatcher, mkdirSync, openSync, readSync, watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Lint } from '../boundaries.ts';

const Line = z.object({
  rule: z.enum(['unknown-field', 'unknown-enum-value']),
  subject: z.string(),
  message: z.string(),
  process: z.string().optional(),
});

/** The file that local processes append their lints to, and what reads it. */
export class LintFile {
  readonly path: string;
  readonly #onLint: (lint: Lint) => void;
  readonly #watcher: FSWatcher;
  readonly #descriptor: number;
  #rest = '';

  /** Starts the file empty. */
  constructor(path: string, onLint: (lint: Lint) => void) {
    this.path = path;
    this.#onLint = onLint;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
    this.#descriptor = openSync(path, 'r');
    this.#watcher = watch(path, { persistent: false }, () => this.read());
  }

  /** Passes on what was appended since the last time. A process's last lines are read when it has ended. */
  read(): void {
    const buffer = Buffer.alloc(64 * 1024);
    for (
      let length = readSync(this.#descriptor, buffer);
      length > 0;
      length = readSync(this.#descriptor, buffer)
    ) {
      this.#rest += buffer.toString('utf8', 0, length);
    }
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const { process, ...lint } = Line.parse(JSON.parse(line));
      this.#onLint(process === undefined ? lint : { ...lint, process });
    }
  }

  close(): void {
    this.#watcher.close();
    this.read();
    closeSync(this.#descriptor);
  }
}
