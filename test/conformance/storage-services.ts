import { randomBytes } from 'node:crypto';
import type { Bucket, Storage } from '@google-cloud/storage';
import type { MessageBroker, MessageInput } from '../../local/boundaries.ts';
import { StatusError } from '../../local/status.ts';
import { publishNotifications } from '../../local/storage/notifications.ts';
import { type AuthorizeStorage, storageRest } from '../../local/storage/rest.ts';
import { ResumableUploads } from '../../local/storage/resumable-uploads.ts';
import { StorageEngine, type StorageOptions } from '../../local/storage/storage-engine.ts';
import { startServices, TEST_PROJECT } from './harness.ts';

export interface Published {
  topic: string;
  attributes: Record<string, string>;
  data: string;
}

export interface StorageServices {
  storage: Storage;
  engine: StorageEngine;
  published: Published[];
  /** A URL answered by the local Cloud Storage, called as the client calls it. */
  call(request: CallOptions): Promise<{ status: number; headers: Headers; body: string }>;
  close(): Promise<void>;
}

interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A path on storage.googleapis.com, or a whole URL. */
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Cloud Storage behind the official client, with the topic `projects/<test project>/topics/changes`. */
export async function startStorage(
  stateDir: string,
  options: { authorize?: AuthorizeStorage; checkKey?: StorageOptions['checkKey'] } = {},
): Promise<StorageServices> {
  const engine = new StorageEngine({ stateDir, ...(options.checkKey ? { checkKey: options.checkKey } : {}) });
  const published: Published[] = [];
  publishNotifications(engine, recordingBroker(published), () => {});
  const rest = storageRest(engine, new ResumableUploads(engine, stateDir), options.authorize);
  const services = await startServices({ rest: [rest], stateDir });
  const { Storage } = await import('@google-cloud/storage');
  const storage = new Storage();
  return {
    storage,
    engine,
    published,
    call: async ({ method = 'GET', url, headers = {}, body }) => {
      const response = await storage.authClient.request<string>({
        method,
        url: new URL(url, 'https://storage.googleapis.com').href,
        headers,
        ...(body === undefined ? {} : { data: body }),
        responseType: 'text',
        validateStatus: () => true,
      });
      return { status: response.status, headers: response.headers, body: response.data };
    },
    close: async () => {
      await services.close();
      engine.close();
    },
  };
}

/** Writes an object, and answers its generation. */
export async function putObject(
  bucket: Bucket,
  name: string,
  content: string | Buffer = name,
): Promise<string> {
  const file = bucket.file(name);
  await file.save(content, { resumable: false });
  return String(file.metadata.generation);
}

/** An object's bytes, of its latest generation if of no other. */
export async function contentOf(bucket: Bucket, name: string, generation?: string): Promise<Buffer> {
  const [bytes] = await bucket.file(name, generation ? { generation } : {}).download();
  return bytes;
}

function recordingBroker(published: Published[]): MessageBroker {
  const topic = `projects/${TEST_PROJECT}/topics/changes`;
  return {
    hasTopic: (name) => name === topic,
    createTopic: () => {},
    createSubscription: () => {},
    publish: (name: string, messages: MessageInput[]) => {
      if (name !== topic) throw new StatusError('NOT_FOUND', `Resource not found (resource=${name}).`);
      for (const { attributes = {}, data } of messages) {
        published.push({ topic: name, attributes, data: Buffer.from(data ?? []).toString() });
      }
      return messages.map((_, index) => String(index));
    },
  };
}

/** The HTTP status that a rejected client call carries. */
export async function statusOf(call: Promise<unknown>): Promise<number | string | undefined> {
  try {
    await call;
  } catch (error) {
    return (error as { code?: number | string }).code;
  }
  return undefined;
}

/** Content that no accidental repetition explains. */
export function randomContent(bytes: number): Buffer {
  return randomBytes(bytes);
}
