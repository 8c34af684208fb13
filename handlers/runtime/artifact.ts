import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { File } from '@google-cloud/storage';
import {
  type Artifact,
  type ArtifactFile,
  type ArtifactManifest,
  GcsUri,
  parseGcsUri,
  Sha256,
} from '../../events/index.ts';
import { storage } from './clients.ts';
import { lookUp, StageFailure } from './failure.ts';
import { writeText } from './objects.ts';

/** How many files an event names: three such lists are well below the 64 KiB that an event may have. */
const LISTED = 50;

/** How many files are read side by side. */
const AT_ONCE = 8;

/**
 * Digests every file below a folder, reading the bytes themselves: what a workload says of its own files proves
 * nothing. The list of very many files is kept beside the folder.
 *
 * @param uri the folder, ending in `/`
 * @throws StageFailure when the folder is empty
 */
export async function digestArtifact(uri: string): Promise<Artifact> {
  const files = await digestFiles(uri);
  if (files.length === 0) {
    throw new StageFailure('BATON_ARTIFACT_INCOMPLETE', `the job succeeded and wrote nothing under ${uri}`);
  }
  const artifact = { uri: GcsUri.parse(uri), sha256: digestOfFiles(files) };
  if (files.length <= LISTED) return { ...artifact, files };
  const manifest = GcsUri.parse(uri.replace(/\/$/, '.manifest.json'));
  const { bucket, object } = parseGcsUri(manifest);
  const content = `${JSON.stringify({ files } satisfies ArtifactManifest, null, 2)}\n`;
  await writeText(bucket, object, content, 'application/json');
  return { ...artifact, files: [], manifest: { uri: manifest, sha256: digestOf(content) } };
}

/**
 * The files below a folder, sorted by name, each with the digest of its bytes.
 *
 * @param known digests of generations, which need not be read again: Cloud Storage never changes one's bytes
 */
export async function digestFiles(uri: string, known: ArtifactFile[] = []): Promise<ArtifactFile[]> {
  const { bucket, object: prefix } = parseGcsUri(uri);
  const [objects] = await (await storage()).bucket(bucket).getFiles({ prefix });
  const standing = new Map(known.map((file) => [file.name, file]));
  const files: ArtifactFile[] = [];
  const digestNext = async () => {
    for (let object = objects.pop(); object; object = objects.pop()) {
      const name = object.name.slice(prefix.length);
      const before = standing.get(name);
      const isSame = before?.generation !== undefined && before.generation === generationOf(object);
      files.push(isSame ? before : { name, ...(await digestBytes(object)) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, digestNext));
  return files.sort((left, right) => (left.name < right.name ? -1 : 1));
}

const generationOf = ({ metadata }: File) => String(metadata.generation);

async function digestBytes(object: File): Promise<Omit<ArtifactFile, 'name'>> {
  const generation = generationOf(object);
  const hash = createHash('sha256');
  let bytes = 0;
  // The generation that was listed, so that the digest is of that one also when it is overwritten meanwhile.
  const read = object.bucket.file(object.name, { generation }).createReadStream({ validation: false });
  for await (const chunk of read) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: Sha256.parse(hash.digest('hex')), generation };
}

/** As `sha256sum` would print the files, sorted by name, and then the digest of that text. */
export const digestOfFiles = (files: ArtifactFile[]): Sha256 =>
  digestOf(files.map(({ sha256, name }) => `${sha256}  ${name}\n`).join(''));

const digestOf = (content: string | Buffer): Sha256 =>
  Sha256.parse(createHash('sha256').update(content).digest('hex'));

/** The text of a small object, and the digest of the bytes that it was read from; `undefined` where there is none. */
export async function readDigested(uri: string): Promise<{ text: string; sha256: Sha256 } | undefined> {
  const { bucket, object } = parseGcsUri(uri);
  const content = await lookUp(buffer((await storage()).bucket(bucket).file(object).createReadStream()));
  return content && { text: content.toString('utf8'), sha256: digestOf(content) };
}
