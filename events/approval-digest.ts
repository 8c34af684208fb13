import { createHash } from 'node:crypto';
import type { Evaluation } from './evaluated.ts';
import { Sha256 } from './identifiers.ts';

/** What of an evaluation a promotion is of. */
export type Approvable = Pick<
  Evaluation,
  'artifact' | 'snapshotDigests' | 'metricsSha256' | 'image' | 'trainImage'
>;

/**
 * The digest of what is approved, and what an approval names: the model's files, the rows it was trained and evaluated
 * on, the figures it was judged by, and the images that made both. SHA-256 over these lines, in this order, each ended
 * by a line feed and empty after its name where the event is of before there was one:
 *
 * ```
 * artifact <sha256>
 * snapshot.train <sha256>
 * snapshot.eval <sha256>
 * metrics <sha256>
 * trainImage <image>
 * image <image>
 * ```
 */
export function approvalDigest(promoted: Approvable): Sha256 {
  const { artifact, snapshotDigests, metricsSha256, trainImage, image } = promoted;
  const lines = [
    ['artifact', artifact.sha256],
    ['snapshot.train', snapshotDigests?.train.sha256],
    ['snapshot.eval', snapshotDigests?.eval.sha256],
    ['metrics', metricsSha256],
    ['trainImage', trainImage],
    ['image', image],
  ];
  const text = lines.map(([name, value]) => `${name} ${value ?? ''}\n`).join('');
  return Sha256.parse(createHash('sha256').update(text).digest('hex'));
}
