import { appendFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';

/**
 * A file of JSON lines that is only ever appended to, until it is replaced by a shorter one. An append costs a
 * thirtieth of writing a small file anew and renaming it. A torn last line, which a crash leaves, was never answered
 * to anyone and is dropped.
 */
export class JsonLines<Line> {
  readonly #file: string;
  #count = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** How many lines were read, written or appended since the file was last short. */
  get count(): number {
    return this.#count;
  }

  read(): Line[] {
    if (!existsSync(this.#file)) return [];
    const bytes = readFileSync(this.#file);
    const end = bytes.lastIndexOf('\n') + 1;
    if (end < bytes.length) truncateSync(this.#file, end);
    const lines = bytes.toString('utf8', 0, end).split('\n');
    const whole = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
    this.#count = whole.length;
    return whole;
  }

  append(line: Line): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#count++;
  }

  /** Replaces all lines at once: a crash leaves either the old ones or the new. */
  replace(lines: Line[]): void {
    writeFileSync(`${this.#file}.new`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    renameSync(`${this.#file}.new`, this.#file);
    this.#count = lines.length;
  }
}
