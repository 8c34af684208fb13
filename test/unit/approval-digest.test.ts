import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Approvable, type Artifact, approvalDigest, GcsUri, Sha256 } from '../../events/index.ts';

const sha = (text: string) => Sha256.parse(createHash('sha256').update(text).digest('hex'));

const artifact = (text: string): Artifact => ({
  uri: GcsUri.parse(`gs://lake/${text}/`),
  sha256: sha(text),
  files: [{ name: 'model.json', bytes: 1, sha256: sha(text) }],
});

const promoted: Approvable = {
  artifact: artifact('model'),
  snapshotDigests: { train: artifact('train'), eval: artifact('eval') },
  metricsSha256: sha('metrics'),
  trainImage: 'registry/census-train@sha256:1',
  image: 'registry/census-evaluate@sha256:2',
};

describe('the digest of what is approved', () => {
  it('is that of six lines, as anybody can compute it', () => {
    const lines = [
      `artifact ${sha('model')}`,
      `snapshot.train ${sha('train')}`,
      `snapshot.eval ${sha('eval')}`,
      `metrics ${sha('metrics')}`,
      'trainImage registry/census-train@sha256:1',
      'image registry/census-evaluate@sha256:2',
    ];
    expect(approvalDigest(promoted)).toBe(sha(lines.map((line) => `${line}\n`).join('')));
  });

  it.each<[string, Partial<Approvable>]>([
    ["the model's files", { artifact: artifact('other') }],
    ['the rows trained on', { snapshotDigests: { train: artifact('other'), eval: artifact('eval') } }],
    ['the rows evaluated on', { snapshotDigests: { train: artifact('train'), eval: artifact('other') } }],
    ['the two tables, exchanged', { snapshotDigests: { train: artifact('eval'), eval: artifact('train') } }],
    ['the figures', { metricsSha256: sha('other') }],
    ['the training image', { trainImage: 'other' }],
    ['the evaluation image', { image: 'other' }],
    ['the snapshots, which an event of before did not have', { snapshotDigests: undefined }],
  ])('is another one for other %s', (_, change) => {
    expect(approvalDigest({ ...promoted, ...change })).not.toBe(approvalDigest(promoted));
  });

  it('is the same wherever the same bytes lie', () => {
    const moved = { ...promoted.artifact, uri: GcsUri.parse('gs://elsewhere/model/') };
    expect(approvalDigest({ ...promoted, artifact: moved })).toBe(approvalDigest(promoted));
  });
});
