/** What replicas say to each other. */
export const FrameType = {
  /** A child's first word to its parent: who it is, and what it was told to train. */
  HELLO: 1,
  /** The parent's answer to it. */
  WELCOME: 2,
  /** An array to be added up, on its way to the root; then the sum, on its way back. */
  SUM: 3,
  /** Values of several replicas on their way to the root; then those of all. */
  GATHER: 4,
  /** The sender gives up, and why. */
  ABORT: 5,
  /** The sender is there, and has nothing to say. */
  PING: 6,
  /** The sender has all it needs, and hangs up. */
  BYE: 7,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export interface Frame {
  type: FrameType;
  /** Which of the calls that all replicas make in the same order this belongs to; 0 outside of these. */
  call: number;
  payload: Buffer;
}

/** "BCT1": Baton's census trainer, first version of this protocol. */
const MAGIC = 0x42435431;
const HEADER_BYTES = 13;
/** Enough for the distinct values of ten million rows; more is a broken length. */
const MAX_PAYLOAD_BYTES = 512 * 1024 * 1024;
const TYPES = new Set<number>(Object.values(FrameType));

const NOTHING = Buffer.alloc(0);

/** A frame as it goes over the wire. The payload is copied, so that it may be changed at once. */
export function encodeFrame(type: FrameType, call = 0, payload: Uint8Array = NOTHING): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32BE(MAGIC, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt32BE(call, 5);
  frame.writeUInt32BE(payload.length, 9);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #header: { type: FrameType; call: number; length: number } | undefined;

  /**
   * Takes the next bytes, and answers the frames that they complete.
   *
   * @throws Error when they are no frame of this protocol
   */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    for (;;) {
      if (!this.#header) {
        if (this.#bytes < HEADER_BYTES) return frames;
        this.#header = parseHeader(this.#take(HEADER_BYTES));
      }
      const { type, call, length } = this.#header;
      if (this.#bytes < length) return frames;
      frames.push({ type, call, payload: this.#take(length) });
      this.#header = undefined;
    }
  }

  /** The next bytes, of which there must be as many. */
  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#bytes -= length;
    this.#chunks = this.#bytes > 0 ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}

function parseHeader(header: Buffer): { type: FrameType; call: number; length: number } {
  const type = header.readUInt8(4);
  const length = header.readUInt32BE(9);
  if (header.readUInt32BE(0) !== MAGIC || !TYPES.has(type) || length > MAX_PAYLOAD_BYTES) {
    throw new Error(`not a frame of this protocol: ${header.toString('hex')}`);
  }
  return { type: type as FrameType, call: header.readUInt32BE(5), length };
}
