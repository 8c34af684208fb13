import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Artifact, GcsUri } from '../../events/index.ts';
import type { Evaluated } from '../../handlers/runtime/verification.ts';
import { type StorageServices, startStorage } from '../conformance/storage-services.ts';

/** The verification over sockets, on what a whole run is too small or too slow for. */
const stateDir = mkdtempSync(join(tmpdir(), 'baton-verification-'));
const uri = (path: string) => `gs://lake/${path}` as GcsUri;

let services: StorageServices;
let digestArtifact: (uri: string) => Promise<Artifact>;
let verifyEvaluation: (evaluation: Evaluated) => Promise<void>;
let evaluated: Evaluated;

beforeAll(async () => {
  services = await startStorage(stateDir);
  ({ digestArtifact } = await import('../../handlers/runtime/artifact.ts'));
  ({ verifyEvaluation } = await import('../../handlers/runtime/verification.ts'));
  Object.assign(process.env, {
    ...{ GOOGLE_CLOUD_PROJECT: 'test-project', BATON_ENV: 'test', BATON_REGION: 'us-central1' },
    ...{ BATON_BUCKET: 'lake', BATON_MODEL: 'census', BATON_LEASE_SECONDS: '120' },
  });
  await services.storage.createBucket('lake');
  const parts = Array.from({ length: 60 }, (_, part) => [partOf(part), String(part)] as const);
  const files = [['model/model.json', 'a model'], ['eval/000.parquet', 'rows'], ...parts] as const;
  await Promise.all(files.map(([path, content]) => put(path, content)));
  const [artifact, train, evaluation] = await Promise.all(
    ['model/', 'train/', 'eval/'].map((folder) => digestArtifact(uri(folder))),
  );
  evaluated = { artifact, snapshotDigests: { train, eval: evaluation }, samples: uri('samples.jsonl') };
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

const partOf = (part: number) => `train/${String(part).padStart(3, '0')}.parquet`;

const put = (path: string, content: string) =>
  services.storage.bucket('lake').file(path).save(content, { resumable: false });

describe('a folder of very many files', () => {
  it('is named in the event by the digest of its list, which lies beside it', async () => {
    const { train } = evaluated.snapshotDigests!;
    expect(train).toMatchObject({ files: [], manifest: { uri: uri('train.manifest.json') } });
    const [manifest] = await services.storage.bucket('lake').file('train.manifest.json').download();
    expect(JSON.parse(manifest.toString()).files).toHaveLength(60);
    await expect(verifyEvaluation(evaluated)).resolves.toBeUndefined();
  });

  it('is verified file by file, and the list itself', async () => {
    await put(partOf(41), 'other');
    await expect(verifyEvaluation(evaluated)).rejects.toThrow(/^gs:\/\/lake\/train\/041\.parquet changed/);
    await put(partOf(41), '41');
    await expect(verifyEvaluation(evaluated)).resolves.toBeUndefined();
    const manifest = services.storage.bucket('lake').file('train.manifest.json');
    const [before] = await manifest.download();
    await put('train.manifest.json', '{"files":[]}');
    await expect(verifyEvaluation(evaluated)).rejects.toThrow(/^gs:\/\/lake\/train\.manifest\.json changed/);
    await put('train.manifest.json', before.toString());
    await expect(verifyEvaluation(evaluated)).resolves.toBeUndefined();
  });
});

describe('a file', () => {
  it('that is gone, or that is new, is named as what it is', async () => {
    await services.storage.bucket('lake').file(partOf(7)).delete();
    await expect(verifyEvaluation(evaluated)).rejects.toThrow(/007\.parquet .*found no such file/);
    await put(partOf(7), '7');
    await put('model/weights.bin', 'more');
    await expect(verifyEvaluation(evaluated)).rejects.toThrow(/weights\.bin .*expected no such file/);
    await services.storage.bucket('lake').file('model/weights.bin').delete();
  });
});
