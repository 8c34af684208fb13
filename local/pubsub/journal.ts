import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StatusError } from '../status.ts';
import { decodeRecord, encodeRecord, type JournalRecord } from './journal-record.ts';

const LINE_FEED = 10;
const CHUNK_BYTES = 1 << 20;
/** How much a journal may grow before its history is worth replacing by its outcome. */
const COMPACTION_BYTES = 64 * CHUNK_BYTES;

/**
 * The broker's state on disk: one JSON record a line, appended before what it records is answered. A killed
 * process loses nothing that it answered; a power cut may lose the last moments, since lines aren't synced.
 */
export class Journal {
  readonly #file: string;
  #descriptor: number | undefined;
  #grownBytes = 0;

  /** @param folder made when it is missing */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, 'journal.jsonl');
  }

  /**
   * The records of the processes before this one. A last line without its end was being written when the
   * process died, so nobody was told of it, and it is left out.
   *
   * @throws Error naming the file and the line when another line is damaged
   */
  *read(): Generator<JournalRecord> {
    if (!existsSync(this.#file)) return;
    const bytes = readFileSync(this.#file);
    let number = 1;
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      yield this.#decode(bytes.toString('utf8', start, end), number++);
      start = end + 1;
    }
  }

  /** Whether `compact` is due. */
  get isOvergrown(): boolean {
    return this.#grownBytes > COMPACTION_BYTES;
  }

  /** Replaces the journal by records that lead to the same state, and opens it for appending. */
  compact(records: Iterable<JournalRecord>): void {
    const replacement = `${this.#file}.new`;
    const descriptor = openSync(replacement, 'w');
    let chunk = '';
    for (const record of records) {
      chunk += `${encodeRecord(record)}\n`;
      if (chunk.length < CHUNK_BYTES) continue;
      writeFully(descriptor, chunk);
      chunk = '';
    }
    writeFully(descriptor, chunk);
    fsyncSync(descriptor);
    renameSync(replacement, this.#file);
    this.close();
    this.#descriptor = descriptor;
    this.#grownBytes = 0;
  }

  /** Writes a record; when this returns, the death of the process can't undo it. Closed, it throws UNAVAILABLE. */
  append(record: JournalRecord): void {
    // A call that comes while the local cloud stops fails as one that comes a moment later.
    if (this.#descriptor === undefined) throw new StatusError('UNAVAILABLE', 'The local cloud is stopping.');
    this.#grownBytes += writeFully(this.#descriptor, `${encodeRecord(record)}\n`);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #decode(line: string, number: number): JournalRecord {
    try {
      return decodeRecord(line);
    } catch (cause) {
      throw new Error(
        `Line ${number} of ${this.#file} is damaged: remove the line, or the file to start without messages.`,
        { cause },
      );
    }
  }
}

function writeFully(descriptor: number, text: string): number {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  return bytes.length;
}
