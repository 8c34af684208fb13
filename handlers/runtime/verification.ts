import {
  type Artifact,
  type ArtifactFile,
  ArtifactManifest,
  type Evaluation,
  type Sha256,
} from '../../events/index.ts';
import { digestFiles, digestOfFiles, readDigested } from './artifact.ts';
import { StageFailure } from './failure.ts';

/** What an evaluation says of the bytes that it is of. */
export type Evaluated = Pick<
  Evaluation,
  'artifact' | 'snapshotDigests' | 'metricsUri' | 'metricsSha256' | 'samples' | 'samplesSha256'
>;

/**
 * Checks that what is to be promoted is, byte for byte, what was evaluated: the model's files, the snapshots that it
 * was trained and evaluated on, the figures and the samples. To be called by whoever promotes, right before.
 * What an event of before has no digest of is not checked.
 *
 * @throws StageFailure `BATON_ARTIFACT_CHANGED`, naming the first file that is not the same
 */
export async function verifyEvaluation(evaluation: Evaluated): Promise<void> {
  const { artifact, snapshotDigests, metricsUri, metricsSha256, samples, samplesSha256 } = evaluation;
  // What gets served is read again; of snapshots, which may be large, only what was written since.
  await verifyArtifact(artifact);
  for (const snapshot of snapshotDigests ? [snapshotDigests.train, snapshotDigests.eval] : []) {
    await verifyFolder(snapshot, await filesOf(snapshot));
  }
  if (metricsUri && metricsSha256) await verifyObject(metricsUri, metricsSha256);
  if (samplesSha256) await verifyObject(samples, samplesSha256);
}

/** Checks that every file of a folder is as it was digested, reading all of them. */
export const verifyArtifact = (expected: Artifact): Promise<void> => verifyFolder(expected, []);

async function verifyFolder(expected: Artifact, known: ArtifactFile[]): Promise<void> {
  const found = await digestFiles(expected.uri, known);
  if (digestOfFiles(found) === expected.sha256) return;
  const wanted = digestsOf(await filesOf(expected));
  const present = digestsOf(found);
  const name = [...wanted.keys(), ...present.keys()].find((file) => wanted.get(file) !== present.get(file));
  if (name === undefined) throw changed(expected.uri, expected.sha256, digestOfFiles(found));
  throw changed(`${expected.uri}${name}`, wanted.get(name), present.get(name));
}

const digestsOf = (files: ArtifactFile[]) => new Map(files.map(({ name, sha256 }) => [name, sha256]));

/** The files of an artefact, from the event or, where they are many, from the manifest that it names. */
async function filesOf({ files, manifest }: Artifact): Promise<ArtifactFile[]> {
  if (!manifest) return files;
  const { text } = await verifyObject(manifest.uri, manifest.sha256);
  return ArtifactManifest.parse(JSON.parse(text)).files;
}

async function verifyObject(uri: string, expected: Sha256) {
  const found = await readDigested(uri);
  if (found?.sha256 !== expected) throw changed(uri, expected, found?.sha256);
  return found;
}

function changed(file: string, expected: Sha256 | undefined, found: Sha256 | undefined): StageFailure {
  const say = (digest: Sha256 | undefined) => (digest ? `SHA-256 ${digest}` : 'no such file');
  return new StageFailure(
    'BATON_ARTIFACT_CHANGED',
    `${file} changed since it was evaluated: expected ${say(expected)}, found ${say(found)}`,
  );
}
