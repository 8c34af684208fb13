import { crc32c } from './crc32c.ts';
import { double, float, int64, message, string } from './protobuf.ts';

/** One point of a curve. */
export interface Scalar {
  tag: string;
  step: number;
  value: number;
  /** Seconds since 1970. */
  wallTime: number;
}

/**
 * An event file that TensorBoard shows: a sequence of TFRecord frames, each a `tensorflow.Event`, the first of
 * which names the format's version.
 *
 * @param startTime seconds since 1970
 */
export function eventFile(startTime: number, scalars: Scalar[]): Buffer {
  const version = Buffer.concat([double(1, startTime), string(3, 'brain.Event:2')]);
  return Buffer.concat([version, ...scalars.map(event)].map(frame));
}

/** The name by which TensorBoard recognises an event file. */
export function eventFileName(startTime: number, hostname: string): string {
  return `events.out.tfevents.${Math.floor(startTime)}.${hostname}`;
}

function event({ tag, step, value, wallTime }: Scalar): Buffer {
  const summary = message(1, string(1, tag), float(2, value));
  return Buffer.concat([double(1, wallTime), int64(2, step), message(5, summary)]);
}

/** Length, its checksum, the record, its checksum. */
function frame(record: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(record.length));
  return Buffer.concat([length, maskedCrc(length), record, maskedCrc(record)]);
}

/** TFRecord rotates and shifts its checksums, since a CRC over data that contains CRCs is weak. */
function maskedCrc(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const encoded = Buffer.alloc(4);
  encoded.writeUInt32LE(masked);
  return encoded;
}
