import { CRC32C } from '@google-cloud/storage';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { eventFile, eventFileName } from '../../workloads/census/model/tensorboard.ts';

/** TensorFlow's event.proto and summary.proto, as far as a scalar needs them. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
  message Summary { repeated Value value = 1; }
  message Value { string tag = 1; float simple_value = 2; }
`);

/** Reads TFRecord frames: a length, its checksum, the record, its checksum. */
function readFrames(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  let offset = 0;
  while (offset < file.length) {
    const header = file.subarray(offset, offset + 8);
    const length = Number(header.readBigUInt64LE());
    expect(file.readUInt32LE(offset + 8)).toBe(maskedCrc(header));
    const record = file.subarray(offset + 12, offset + 12 + length);
    expect(file.readUInt32LE(offset + 12 + length)).toBe(maskedCrc(record));
    records.push(record);
    offset += 16 + length;
  }
  expect(offset).toBe(file.length);
  return records;
}

/** Google's own CRC-32C, rotated right by 15 bits and shifted, as TFRecord's documentation says. */
function maskedCrc(bytes: Buffer): number {
  const crc = new CRC32C();
  crc.update(bytes);
  const value = BigInt(crc.valueOf() >>> 0);
  return Number((((value >> 15n) | (value << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

test('an event file reads back as the curve that went in', () => {
  const curve = Array.from({ length: 300 }, (_, step) => ({
    tag: 'train/log_loss',
    step,
    value: 1 / (step + 1),
    wallTime: 1_790_000_000.25 + step,
  }));
  const type = root.lookupType('Event');
  const [version, ...events] = readFrames(eventFile(1_790_000_000, curve)).map((record) =>
    type.toObject(type.decode(record), { longs: Number }),
  );
  expect(version).toEqual({ wallTime: 1_790_000_000, fileVersion: 'brain.Event:2' });
  expect(events).toEqual(
    curve.map(({ tag, step, value, wallTime }) => ({
      wallTime,
      step,
      summary: { value: [{ tag, simpleValue: Math.fround(value) }] },
    })),
  );
});

test('an event file is named as TensorBoard looks for it', () => {
  expect(eventFileName(1_790_000_000.9, 'worker-0')).toBe('events.out.tfevents.1790000000.worker-0');
});
