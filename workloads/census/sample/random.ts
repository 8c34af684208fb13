import { createHash } from 'node:crypto';

/** Gives numbers evenly spread over 0 (included) to 1 (excluded). */
export type Random = () => number;

/**
 * A stream of pseudo-random numbers: Chris Doty-Humphrey's small fast counter generator (sfc32). It computes with
 * 32-bit integers only, so a seed gives the same stream on every machine.
 *
 * @param seed any text; its SHA-256 is the generator's first state, so like seeds give unlike streams
 */
export function randomStream(seed: string): Random {
  const digest = createHash('sha256').update(seed).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = 1;
  return () => {
    const next = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + next;
    return (next >>> 0) / 2 ** 32;
  };
}
