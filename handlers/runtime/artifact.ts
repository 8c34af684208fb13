import { createHash } from 'node:crypto';
import { type Artifact, gcsUri, parseGcsUri, Sha256 } from '../../events/index.ts';
import { storage } from './clients.ts';
import { StageFailure } from './failure.ts';

/**
 * Digests every file below a folder, reading the bytes themselves: what a workload says of its own files proves
 * nothing.
 *
 * @param uri the folder, ending in `/`
 * @throws StageFailure when the folder is empty
 */
export async function digestArtifact(uri: string): Promise<Artifact> {
  const { bucket, object: prefix } = parseGcsUri(uri);
  const [objects] = await (await storage()).bucket(bucket).getFiles({ prefix });
  const files: Artifact['files'] = [];
  for (const object of objects) {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of object.createReadStream()) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    files.push({ name: object.name.slice(prefix.length), bytes, sha256: Sha256.parse(hash.digest('hex')) });
  }
  if (files.length === 0) {
    throw new StageFailure('BATON_ARTIFACT_INCOMPLETE', `the job succeeded and wrote nothing under ${uri}`);
  }
  files.sort((left, right) => (left.name < right.name ? -1 : 1));
  return { uri: gcsUri(bucket, prefix), sha256: digestOf(files), files };
}

/**
 * Checks that an artefact is still, byte for byte, the one that was digested.
 *
 * @throws StageFailure naming the first file that is not
 */
export async function verifyArtifact(expected: Artifact): Promise<void> {
  const found = await digestArtifact(expected.uri);
  if (found.sha256 === expected.sha256) return;
  const wanted = new Map(expected.files.map((file) => [file.name, file.sha256]));
  const present = new Map(found.files.map((file) => [file.name, file.sha256]));
  const name = [...wanted.keys(), ...present.keys()].find((file) => wanted.get(file) !== present.get(file));
  const say = (digest: string | undefined) => (digest ? `SHA-256 ${digest}` : 'no such file');
  throw new StageFailure(
    'BATON_ARTIFACT_CHANGED',
    `${expected.uri}${name} changed since it was evaluated: expected ${say(wanted.get(name ?? ''))}, found ${say(present.get(name ?? ''))}`,
  );
}

/** As `sha256sum` would print the files, sorted by name, and then the digest of that text. */
function digestOf(files: Artifact['files']): Sha256 {
  const text = files.map((file) => `${file.sha256}  ${file.name}\n`).join('');
  return Sha256.parse(createHash('sha256').update(text).digest('hex'));
}
