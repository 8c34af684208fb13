import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type {
  ContainerRuntime,
  ContainerSpec,
  LocalProcess,
  ObjectMetadata,
  ObjectStore,
  TableField,
  TableReference,
  Warehouse,
} from '../../local/boundaries.ts';
import { StatusError } from '../../local/status.ts';

/** Runs `…/<name>` images as the scripts `fixtures/vertex/<name>.mjs`, and remembers what it was asked for. */
export class ScriptContainers implements ContainerRuntime {
  readonly started: (ContainerSpec & { pid: number })[] = [];

  async start(spec: ContainerSpec): Promise<LocalProcess> {
    const script = new URL(`fixtures/vertex/${spec.imageUri.split('/').at(-1)}.mjs`, import.meta.url);
    const child = spawn(process.execPath, [fileURLToPath(script), ...(spec.args ?? [])], {
      env: { ...spec.env, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      createInterface(child[stream]).on('line', (line) => spec.onLine?.(line, stream));
    }
    const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    this.started.push({ ...spec, pid: child.pid! });
    return {
      id: 'stand-in',
      pid: child.pid!,
      exited,
      stop: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }
}

/** Buckets and objects in memory. */
export class MemoryObjects implements ObjectStore {
  readonly #buckets = new Map<string, Map<string, { metadata: ObjectMetadata; content: Buffer }>>();

  createBucket({ name }: { name: string }): void {
    this.#buckets.set(name, new Map());
  }

  hasBucket(bucket: string): boolean {
    return this.#buckets.has(bucket);
  }

  stat(bucket: string, name: string): ObjectMetadata {
    return this.#object(bucket, name).metadata;
  }

  list(bucket: string, prefix: string): ObjectMetadata[] {
    const objects = [...(this.#buckets.get(bucket)?.values() ?? [])].map(({ metadata }) => metadata);
    return objects.filter(({ name }) => name.startsWith(prefix));
  }

  path(bucket: string, name: string): string {
    throw new StatusError('UNIMPLEMENTED', `gs://${bucket}/${name} is in memory only.`);
  }

  read(bucket: string, name: string): Readable {
    return Readable.from([this.#object(bucket, name).content]);
  }

  async write(bucket: string, name: string, content: Buffer | Readable): Promise<ObjectMetadata> {
    const bytes = Buffer.isBuffer(content) ? content : await buffer(content);
    const time = new Date().toISOString();
    const metadata = {
      bucket,
      name,
      generation: '1',
      metageneration: '1',
      size: String(bytes.length),
      contentType: 'application/octet-stream',
      crc32c: '',
      timeCreated: time,
      updated: time,
    };
    this.#buckets.get(bucket)?.set(name, { metadata, content: bytes });
    return metadata;
  }

  delete(bucket: string, name: string): void {
    this.#buckets.get(bucket)?.delete(name);
  }

  onChange(): void {}

  #object(bucket: string, name: string): { metadata: ObjectMetadata; content: Buffer } {
    const object = this.#buckets.get(bucket)?.get(name);
    if (!object) throw new StatusError('NOT_FOUND', `No such object: ${bucket}/${name}`);
    return object;
  }
}

/** Datasets and tables in memory. */
export class MemoryWarehouse implements Warehouse {
  readonly datasets = new Map<string, { kmsKeyName?: string }>();
  readonly rows = new Map<string, Record<string, unknown>[]>();
  readonly #schemas = new Map<string, TableField[]>();

  async createDataset(dataset: { projectId: string; datasetId: string; kmsKeyName?: string }): Promise<void> {
    this.datasets.set(`${dataset.projectId}.${dataset.datasetId}`, dataset);
  }

  async schema(table: TableReference): Promise<TableField[]> {
    const fields = this.#schemas.get(nameOf(table));
    if (!fields) throw new StatusError('NOT_FOUND', `Not found: Table ${nameOf(table)}`);
    return fields;
  }

  async createTable(table: TableReference, fields: TableField[]): Promise<void> {
    this.#schemas.set(nameOf(table), fields);
    this.rows.set(nameOf(table), []);
  }

  async append(table: TableReference, rows: Iterable<Record<string, unknown>>): Promise<number> {
    await this.schema(table);
    return this.rows.get(nameOf(table))!.push(...rows);
  }

  async query(): Promise<Record<string, unknown>[]> {
    throw new StatusError('UNIMPLEMENTED', 'The warehouse in memory answers no queries.');
  }
}

function nameOf({ projectId, datasetId, tableId }: TableReference): string {
  return `${projectId}.${datasetId}.${tableId}`;
}
