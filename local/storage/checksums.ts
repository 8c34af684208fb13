import { createHash } from 'node:crypto';
import { StatusError } from '../status.ts';

/** Slicing-by-8: table k advances a byte that is followed by k more bytes of the same eight-byte step. */
const TABLES = slicingTables();

function slicingTables(): Uint32Array[] {
  const castagnoliReversed = 0x82f63b78;
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? castagnoliReversed ^ (crc >>> 1) : crc >>> 1;
    return crc;
  });
  const tables = [first];
  for (let step = 1; step < 8; step++) {
    const previous = tables[step - 1]!;
    tables.push(previous.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)));
  }
  return tables;
}

/** The CRC32C of `bytes`, continued from the CRC32C of what came before them; unsigned. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = ~before;
  let at = 0;
  for (const wholeSteps = bytes.length & ~7; at < wholeSteps; at += 8) {
    crc =
      t7[(crc ^ bytes[at]!) & 0xff]! ^
      t6[((crc >>> 8) ^ bytes[at + 1]!) & 0xff]! ^
      t5[((crc >>> 16) ^ bytes[at + 2]!) & 0xff]! ^
      t4[(crc >>> 24) ^ bytes[at + 3]!]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = t0[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** What an object's metadata says of its bytes; the hashes are base64 as in the JSON API. */
export interface ContentSummary {
  size: string;
  crc32c: string;
  md5Hash: string;
}

/** Sums up content as it streams by. */
export class ContentDigest {
  size = 0;
  #crc32c = 0;
  readonly #md5 = createHash('md5');

  update(chunk: Uint8Array): void {
    this.size += chunk.length;
    this.#crc32c = crc32c(chunk, this.#crc32c);
    this.#md5.update(chunk);
  }

  /** The summary so far; more content may follow. */
  summary(): ContentSummary {
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(this.#crc32c);
    return {
      size: String(this.size),
      crc32c: crc.toString('base64'),
      md5Hash: this.#md5.copy().digest('base64'),
    };
  }
}

/** Throws INVALID_ARGUMENT unless the content has the checksums that its sender gave, if any. */
export function requireChecksums(
  provided: { crc32c?: string | undefined; md5Hash?: string | undefined },
  calculated: ContentSummary,
): void {
  for (const [field, kind] of [
    ['crc32c', 'CRC32C'],
    ['md5Hash', 'MD5 hash'],
  ] as const) {
    const value = provided[field];
    if (value === undefined || value === calculated[field]) continue;
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Provided ${kind} "${value}" doesn't match calculated ${kind} "${calculated[field]}".`,
      { reason: 'invalid' },
    );
  }
}
