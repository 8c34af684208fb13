import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { LogEntry, LogSink } from '../boundaries.ts';
import type { StoredLogEntry } from './log-entry.ts';

export interface LogStoreOptions {
  /** The local cloud's state folder; the log files lie in its `logging/`. */
  stateDir: string;
  /** How many entries can be listed; older ones are only in the files. */
  recentEntries?: number;
  /** A file is closed when it has this size. */
  fileBytes?: number;
  /** How many files are kept. */
  files?: number;
}

/** A listing position: entries are ordered by time, and by arrival within the same instant. */
export interface LogPosition {
  timestamp: string;
  sequence: number;
}

interface IndexedEntry extends LogPosition {
  entry: StoredLogEntry;
}

/** Log entries as JSON lines in files that rotate, and the most recent ones in memory to be listed. */
export class LogStore implements LogSink {
  readonly #folder: string;
  readonly #recentEntries: number;
  readonly #fileBytes: number;
  readonly #files: number;
  #recent: IndexedEntry[] = [];
  readonly #keys = new Set<string>();
  #sequence = 0;
  #fileNumber = 1;
  #bytesInFile = 0;

  constructor(options: LogStoreOptions) {
    this.#folder = path.join(options.stateDir, 'logging');
    this.#recentEntries = options.recentEntries ?? 50_000;
    this.#fileBytes = options.fileBytes ?? 16 << 20;
    this.#files = options.files ?? 8;
    mkdirSync(this.#folder, { recursive: true });
    this.#restore();
  }

  /** Keeps the entry; one with the log, time and insert id of another is the same entry and kept once. */
  write(entry: LogEntry & Partial<StoredLogEntry>): void {
    const stored = {
      ...entry,
      insertId: entry.insertId ?? randomUUID(),
      receiveTimestamp: entry.receiveTimestamp ?? new Date().toISOString(),
    };
    if (this.#keys.has(keyOf(stored))) return;
    const line = `${JSON.stringify(stored)}\n`;
    if (this.#bytesInFile > 0 && this.#bytesInFile + line.length > this.#fileBytes) this.#rotate();
    appendFileSync(this.#file(this.#fileNumber), line);
    this.#bytesInFile += Buffer.byteLength(line);
    this.#index(stored);
  }

  /** Recent entries in order of time, from the one after `after` on; `newestFirst` turns the order round. */
  *entries(order: { newestFirst?: boolean; after?: LogPosition | undefined } = {}): Generator<IndexedEntry> {
    const sign = order.newestFirst ? -1 : 1;
    const sorted = [...this.#recent].sort((a, b) => sign * comparePositions(a, b));
    for (const indexed of sorted) {
      if (!order.after || sign * comparePositions(indexed, order.after) > 0) yield indexed;
    }
  }

  #index(entry: StoredLogEntry): void {
    this.#keys.add(keyOf(entry));
    this.#recent.push({ entry, timestamp: entry.timestamp, sequence: this.#sequence++ });
    // Trimmed by tenths, so that a full index isn't moved for each entry.
    if (this.#recent.length <= this.#recentEntries * 1.1) return;
    const trimmed = this.#recent.slice(0, -this.#recentEntries);
    for (const { entry: old } of trimmed) this.#keys.delete(keyOf(old));
    this.#recent = this.#recent.slice(-this.#recentEntries);
  }

  #rotate(): void {
    this.#fileNumber++;
    this.#bytesInFile = 0;
    for (const number of this.#fileNumbers()) {
      if (number <= this.#fileNumber - this.#files) rmSync(this.#file(number));
    }
  }

  #restore(): void {
    const numbers = this.#fileNumbers();
    for (const number of numbers) {
      for (const line of readFileSync(this.#file(number), 'utf8').split('\n')) {
        const entry = parseLine(line);
        if (entry) this.#index(entry);
      }
    }
    this.#fileNumber = numbers.at(-1) ?? 1;
    if (numbers.length === 0) return;
    // A new file begins, lest an entry follow what a crash left of the last line.
    this.#rotate();
  }

  #fileNumbers(): number[] {
    return readdirSync(this.#folder)
      .map((name) => Number(/^entries-(\d+)\.jsonl$/.exec(name)?.[1]))
      .filter((number) => number > 0)
      .sort((a, b) => a - b);
  }

  #file(number: number): string {
    return path.join(this.#folder, `entries-${String(number).padStart(6, '0')}.jsonl`);
  }
}

function comparePositions(a: LogPosition, b: LogPosition): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
  return a.sequence - b.sequence;
}

function keyOf({ logName, timestamp, insertId }: StoredLogEntry): string {
  return `${logName} ${timestamp} ${insertId}`;
}

function parseLine(line: string): StoredLogEntry | undefined {
  try {
    return JSON.parse(line) as StoredLogEntry;
  } catch {
    return undefined;
  }
}
