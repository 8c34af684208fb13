import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { StoredObject } from './object-resource.ts';

/** A live object and where its content lies, relative to its bucket's folder. */
export interface ObjectEntry {
  object: StoredObject;
  file: string;
}

/** One line of a journal. `staged` names the content that still has to move to `file`. */
type JournalLine = { put: ObjectEntry; staged?: string } | { delete: string; generation: string };

export interface JournalReplay {
  /** The live objects by name. */
  entries: Map<string, ObjectEntry>;
  /** Content that may still be staged: staged file name → its entry. */
  staged: Map<string, ObjectEntry>;
  /** Content files of deleted objects; a crash may have left them behind. */
  discarded: Set<string>;
  /** The newest generation ever given here. */
  newestGeneration: number;
}

/**
 * A bucket's metadata on disk: JSON lines, appended. A line that is whole is committed; a torn last line, which a
 * crash leaves, was never answered to anyone and is dropped.
 */
export class Journal {
  readonly #path: string;
  #fd: number;
  #lines = 0;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'a');
  }

  /** Reads the journal back and rewrites it without what no longer matters. */
  replay(): JournalReplay {
    const replay: JournalReplay = {
      entries: new Map(),
      staged: new Map(),
      discarded: new Set(),
      newestGeneration: 0,
    };
    for (const line of readLines(this.#path)) apply(replay, line);
    for (const entry of replay.entries.values()) replay.discarded.delete(entry.file);
    return replay;
  }

  put(entry: ObjectEntry, staged?: string): void {
    this.#append(staged === undefined ? { put: entry } : { put: entry, staged });
  }

  delete(name: string, generation: string): void {
    this.#append({ delete: name, generation });
  }

  /** Whether most of the journal is history; then `rewrite` makes it short again. */
  isMostlyHistory(liveObjects: number): boolean {
    return this.#lines > 10_000 + 2 * liveObjects;
  }

  /** Replaces the journal by the live objects alone. */
  rewrite(entries: Iterable<ObjectEntry>, newestGeneration: number): void {
    const lines: JournalLine[] = [{ delete: '', generation: String(newestGeneration) }];
    for (const entry of entries) lines.push({ put: entry });
    const replacement = `${this.#path}.new`;
    writeFileSync(replacement, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    closeSync(this.#fd);
    renameSync(replacement, this.#path);
    this.#fd = openSync(this.#path, 'a');
    this.#lines = lines.length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append(line: JournalLine): void {
    writeSync(this.#fd, `${JSON.stringify(line)}\n`);
    this.#lines++;
  }
}

function readLines(path: string): JournalLine[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalLine);
}

function apply(replay: JournalReplay, line: JournalLine): void {
  if ('put' in line) {
    const { name, generation } = line.put.object;
    replay.entries.set(name, line.put);
    if (line.staged !== undefined) replay.staged.set(line.staged, line.put);
    replay.newestGeneration = Math.max(replay.newestGeneration, Number(generation));
    return;
  }
  const gone = replay.entries.get(line.delete);
  if (gone) replay.discarded.add(gone.file);
  replay.entries.delete(line.delete);
  replay.newestGeneration = Math.max(replay.newestGeneration, Number(line.generation));
}
