import type { DroppedFile, Workload } from '../events/index.ts';
import { storage } from './runtime/clients.ts';
import { StageFailure } from './runtime/failure.ts';

/** How much of a file is looked at before Dataflow is asked to read it all. */
const HEAD_BYTES = 64 * 1024;
const SHOWN_CHARACTERS = 120;

/**
 * Looks at the beginning of a dropped file, and refuses what no transform could make rows of. Single bad rows
 * are not looked for here: the transform marks them, and ingest counts them.
 *
 * @throws StageFailure naming the file, the offending text and the reason
 */
export async function inspectFile(bucket: string, file: DroppedFile, workload: Workload): Promise<void> {
  const where = `gs://${bucket}/${file.object}`;
  if (file.bytes === 0) throw new StageFailure('BATON_FILE_EMPTY', `${where} is empty (0 bytes)`);
  const head = await readHead(bucket, file);
  const text = decode(head, where);
  const lines = text.split(/\r?\n/);
  const isWhole = head.length === file.bytes;
  checkHeader(lines[0].replace(/^\uFEFF/, ''), where, workload);
  if (isWhole && !hasRows(lines, workload)) {
    throw new StageFailure('BATON_NO_ROWS', `${where} has a header and no rows: "${shorten(lines[0])}"`);
  }
}

async function readHead(bucket: string, file: DroppedFile): Promise<Buffer> {
  const object = (await storage()).bucket(bucket).file(file.object, { generation: file.generation });
  const [head] = await object.download({
    start: 0,
    end: Math.min(HEAD_BYTES, file.bytes) - 1,
    validation: false,
  });
  return head;
}

function decode(head: Buffer, where: string): string {
  const nul = head.indexOf(0);
  const binary = (at: number, what: string) =>
    new StageFailure(
      'BATON_FILE_BINARY',
      `${where} is not text: ${what} at byte ${at}, beginning ${head.subarray(0, 16).toString('hex')}`,
    );
  if (nul >= 0) throw binary(nul, 'a NUL byte');
  // A multi-byte character may be cut at the end of the head; anything else malformed is not UTF-8.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(head, { stream: true });
  const replacement = text.indexOf('\uFFFD');
  if (replacement >= 0)
    throw binary(Buffer.byteLength(text.slice(0, replacement)), 'a byte that is not UTF-8');
  return text;
}

/** A first line that names columns must name the workload's, in order; files without a header are fine too. */
function checkHeader(line: string, where: string, workload: Workload): void {
  const found = line.split(',').map((field) => field.trim());
  const expected = workload.columns.map((column) => column.name);
  const isHeader = found.some((field) => expected.includes(field));
  if (isHeader ? isSame(found, expected) : found.length === expected.length || !looksLikeNames(found)) return;
  const missing = expected.filter((name) => !found.includes(name));
  const unknown = found.filter((name) => !expected.includes(name));
  const reasons = [
    missing.length > 0 && `missing: ${missing.join(', ')}`,
    unknown.length > 0 && `unknown: ${unknown.join(', ')}`,
    missing.length + unknown.length === 0 && 'the columns are in another order',
  ].filter(Boolean);
  throw new StageFailure(
    'BATON_COLUMNS_WRONG',
    `${where} line 1 has the wrong columns (${reasons.join('; ')}): "${shorten(line)}"`,
  );
}

const isSame = (left: string[], right: string[]) => left.join('\n') === right.join('\n');
const looksLikeNames = (fields: string[]) => fields.every((field) => /^[a-z_][\w ]*$/i.test(field));

function hasRows(lines: string[], workload: Workload): boolean {
  const header = workload.columns.map((column) => column.name).join(',');
  return lines.some((line) => line.trim() !== '' && line.replace(/[\s\uFEFF]/g, '') !== header);
}

const shorten = (text: string) =>
  text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
