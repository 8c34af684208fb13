import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { BENCH } from '../../local/workbench.ts';
import { at, type Bench } from './bench.ts';
import { checkMarker, checkRefusal, markerOf, runJob } from './job.ts';
import type { Snapshots } from './transform.ts';

/** Trains twice, and once on nothing. Answers the model's folder where there is a model. */
export async function checkTraining(bench: Bench, snapshots: Snapshots): Promise<string | undefined> {
  const { report } = bench;
  const train = (name: string, uri: string) =>
    runJob(bench, 'train', { name, args: { train: uri, marker: markerOf(name), ...bench.parameters } });

  const first = await train('train', snapshots.train.uri);
  if (!report.expect('train-succeeds', 'the job train', first.failure)) return undefined;
  const folder = at('train/model/');
  const files = await digests(bench, 'train/model/');
  checkMarker(bench, 'train', 'train', first);
  if (!report.expect('train-model', folder, files.size === 0 && 'no objects')) return undefined;

  const again = await train('train-again', snapshots.train.uri);
  const otherFiles = again.failure === undefined ? await digests(bench, 'train-again/model/') : new Map();
  const names = [...new Set([...files.keys(), ...otherFiles.keys()])].sort();
  const different = names.filter((name) => files.get(name) !== otherFiles.get(name));
  report.advise(
    'train-repeatable',
    folder,
    again.failure ?? (different.length > 0 && `a second training differs in ${different.join(', ')}`),
  );
  checkRefusal(bench, 'train', 'train-on-nothing', await train('train-on-nothing', at('nothing/')));
  return folder;
}

/** The files below a folder with their SHA-256, by their path in it. */
async function digests({ storage }: Bench, folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name } of storage.list(BENCH.bucket, folder)) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(storage.path(BENCH.bucket, name)))
      hash.update(chunk as Buffer);
    found.set(name.slice(folder.length), hash.digest('hex'));
  }
  return found;
}
