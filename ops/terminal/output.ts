import Table from 'cli-table3';
import pc from 'picocolors';

/** Data is coloured for a person only, never in a pipe or a file, as in continuous integration. */
const colours = pc.createColors(pc.isColorSupported && Boolean(process.stdout.isTTY));

export const FORMATS = ['table', 'json'] as const;
export type Format = (typeof FORMATS)[number];

/** Where a command's data and words go: data to stdout, in one of the formats; words to stderr. */
export class Output {
  readonly format: Format;
  readonly quiet: boolean;

  constructor({ format, quiet }: { format: Format; quiet: boolean }) {
    this.format = format;
    this.quiet = quiet;
  }

  /** Prints the command's result: the document as JSON, or what a person reads of it. */
  data(document: unknown, text: () => string): void {
    process.stdout.write(
      `${this.format === 'json' ? JSON.stringify(document, null, 2) : text().trimEnd()}\n`,
    );
  }

  /** Says what goes on; `--quiet` leaves it out. */
  say(text: string): void {
    if (!this.quiet) process.stderr.write(`${text}\n`);
  }

  /** Says what a person must know even with `--quiet`. */
  readonly warn = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
}

const BORDERLESS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' },
  ...{ 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' },
  ...{ right: '', 'right-mid': '', middle: '  ' },
};

/** Columns without borders, so that a row is a line and a column is what `awk` finds. */
export function table(head: string[], rows: (string | number | undefined)[][]): string {
  const drawn = new Table({
    head: head.map((title) => colours.dim(title)),
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows.map((row) => row.map((cell) => String(cell ?? '-'))));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Names and values, one a line; values that are absent are left out. */
export function fields(pairs: [name: string, value: string | number | undefined][]): string {
  const given = pairs.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...given.map(([name]) => name.length)) + 2;
  return given.map(([name, value]) => `${colours.dim(name.padEnd(width))}${value}`).join('\n');
}
