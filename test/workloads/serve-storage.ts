import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RestModule } from '../../local/boundaries.ts';
import { LocalNetwork } from '../../local/network/network.ts';
import { storageRest } from '../../local/storage/rest.ts';
import { ResumableUploads } from '../../local/storage/resumable-uploads.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';

const PROJECT = 'census-test';
const SERVICE_ACCOUNT = `trainer@${PROJECT}.iam.gserviceaccount.com`;
const BUCKETS = ['baton', 'copies'];

/** The local cloud's Cloud Storage, with the buckets `baton` and `copies`, for containers run as processes. */
export class ContainerStorage {
  /** The variables that lead a process to this storage: the only thing that a container is told of it. */
  readonly environment: Record<string, string>;
  /** While set, answers wait for it. */
  hold: Promise<void> | undefined;
  readonly #engine: StorageEngine;
  readonly #network: LocalNetwork;
  readonly #stateDir: string;

  private constructor(
    engine: StorageEngine,
    network: LocalNetwork,
    stateDir: string,
    environment: Record<string, string>,
  ) {
    this.#engine = engine;
    this.#network = network;
    this.#stateDir = stateDir;
    this.environment = environment;
  }

  static async start(): Promise<ContainerStorage> {
    const stateDir = mkdtempSync(join(tmpdir(), 'census-cloud-'));
    const engine = new StorageEngine({ stateDir });
    for (const name of BUCKETS) engine.createBucket({ name, project: PROJECT, location: 'US-CENTRAL1' });
    const network = await LocalNetwork.open({ stateDir, onLint: () => {} });
    const environment = await network.environment({ serviceAccount: SERVICE_ACCOUNT, project: PROJECT });
    const storage = new ContainerStorage(engine, network, stateDir, environment);
    const rest = storageRest(engine, new ResumableUploads(engine, stateDir));
    await network.serve({ rest: [storage.#holding(rest)] });
    return storage;
  }

  async put(uri: string, content: string | Buffer): Promise<void> {
    await this.#engine.write(...addressOf(uri), Buffer.from(content));
  }

  /** Throws when there is no such object. */
  bytes(uri: string): Buffer {
    return readFileSync(this.#engine.path(...addressOf(uri)));
  }

  /** Throws when there is no such object. */
  json(uri: string) {
    return JSON.parse(this.bytes(uri).toString('utf8'));
  }

  /** The objects under an address, in the order in which they were written. */
  written(folder: string): string[] {
    const [bucket, prefix] = addressOf(folder);
    return this.#engine
      .list(bucket, prefix)
      .sort((a, b) => Number(BigInt(a.generation) - BigInt(b.generation)))
      .map(({ name }) => `gs://${bucket}/${name}`);
  }

  async close(): Promise<void> {
    await this.#network.close();
    this.#engine.close();
    rmSync(this.#stateDir, { recursive: true });
  }

  #holding({ hosts, register }: RestModule): RestModule {
    return {
      hosts,
      register: (app) => {
        app.addHook('preHandler', async () => {
          await this.hold;
        });
        register(app);
      },
    };
  }
}

function addressOf(uri: string): [bucket: string, name: string] {
  const [bucket, ...path] = uri.slice('gs://'.length).split('/');
  return [bucket, path.join('/')];
}
