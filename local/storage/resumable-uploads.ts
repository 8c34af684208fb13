import { randomUUID } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { StatusError } from '../status.ts';
import { ContentDigest } from './checksums.ts';
import type { ContentRange } from './content-range.ts';
import type { StoredObject } from './object-resource.ts';
import type { Insertion, StorageEngine } from './storage-engine.ts';

/** What a session is for, as its file keeps it across restarts. */
export interface UploadPlan extends Insertion {
  bucket: string;
  /** The size that the caller announced. */
  announcedSize?: number | undefined;
}

/** How far an upload is: it ended in an object, or so many bytes are safe. */
export type UploadProgress = { object: StoredObject } | { received: number };

interface Session {
  plan: UploadPlan;
  digest: ContentDigest;
  /** Requests of one session act one after another. */
  turn: Promise<unknown>;
}

/** Every chunk but the last has at least this size, in bytes. */
const CHUNK_QUANTUM = 262_144;
const WEEK_MS = 7 * 24 * 3600 * 1000;

/** Resumable upload sessions. What has arrived is on disk, so a session survives restarts, for a week. */
export class ResumableUploads {
  readonly #engine: StorageEngine;
  readonly #folder: string;
  readonly #sessions = new Map<string, Session>();

  constructor(engine: StorageEngine, stateDir: string) {
    this.#engine = engine;
    this.#folder = path.join(stateDir, 'storage', '.uploads');
    mkdirSync(this.#folder, { recursive: true });
    for (const file of readdirSync(this.#folder)) {
      const expired = statSync(path.join(this.#folder, file)).mtimeMs < engine.nowMs() - WEEK_MS;
      if (expired) rmSync(path.join(this.#folder, file));
    }
  }

  /** Begins a session and answers its id. */
  begin(plan: UploadPlan): string {
    const id = randomUUID();
    writeFileSync(this.#planFile(id), JSON.stringify(plan));
    writeFileSync(this.#contentFile(id), '');
    this.#sessions.set(id, { plan, digest: new ContentDigest(), turn: Promise.resolve() });
    return id;
  }

  /**
   * Takes a request's bytes. `checksums` are those that came with the last one. Throws NOT_FOUND for an unknown
   * session, INVALID_ARGUMENT for a range that doesn't fit, and what an insertion throws.
   */
  async receive(
    id: string,
    range: ContentRange,
    body: AsyncIterable<Buffer>,
    checksums: { crc32c?: string; md5Hash?: string },
  ): Promise<UploadProgress> {
    const finished = this.#finished(id);
    if (finished) return { object: finished };
    const session = await this.#session(id);
    return this.#inTurn(session, async () => {
      // A request that waited its turn may find the upload finished.
      const object = this.#finished(id);
      if (object) return { object };
      if (range.start !== undefined) await this.#append(id, session, range, range.start, body);
      const received = session.digest.size;
      const isWhole = range.sendsRest || received === range.total;
      return isWhole ? { object: this.#finish(id, session, range, checksums) } : { received };
    });
  }

  /** Ends a session without an object. Throws NOT_FOUND for an unknown session. */
  async cancel(id: string): Promise<void> {
    const session = await this.#session(id);
    await this.#inTurn(session, async () => this.#forget(id));
  }

  async #append(
    id: string,
    session: Session,
    range: ContentRange,
    start: number,
    body: AsyncIterable<Buffer>,
  ): Promise<void> {
    const { digest } = session;
    if (start > digest.size) {
      throw invalid(
        `According to the Content-Range header, the upload offset is ${start} byte(s), which exceeds already ` +
          `uploaded size of ${digest.size} byte(s).`,
      );
    }
    const isLast = range.sendsRest || range.end === range.total;
    if (!isLast && range.end !== undefined && range.end - start < CHUNK_QUANTUM) {
      throw invalid(
        `The number of bytes uploaded is required to be equal or greater than ${CHUNK_QUANTUM}, except for the ` +
          `final request. The received request contained ${range.end - start} bytes.`,
      );
    }
    let alreadyHere = digest.size - start;
    const file = await open(this.#contentFile(id), 'a');
    try {
      for await (const chunk of body) {
        const fresh = chunk.subarray(alreadyHere);
        alreadyHere -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        await file.write(fresh);
        digest.update(fresh);
      }
    } finally {
      await file.close();
    }
  }

  #finish(
    id: string,
    { plan, digest }: Session,
    range: ContentRange,
    checksums: { crc32c?: string; md5Hash?: string },
  ): StoredObject {
    const announced = range.total ?? plan.announcedSize;
    if (announced !== undefined && announced !== digest.size) {
      throw invalid(`${digest.size} bytes were received of an upload announced as ${announced} bytes.`);
    }
    const insertion = { ...plan, resource: { ...plan.resource, ...checksums } };
    const staged = id;
    renameSync(this.#contentFile(id), this.#engine.staging.path(staged));
    try {
      const object = this.#engine.insert(plan.bucket, insertion, { staged, summary: digest.summary() });
      writeFileSync(this.#resultFile(id), JSON.stringify(object));
      return object;
    } finally {
      this.#forget(id);
    }
  }

  #finished(id: string): StoredObject | undefined {
    if (!isSessionId(id) || !existsSync(this.#resultFile(id))) return undefined;
    return JSON.parse(readFileSync(this.#resultFile(id), 'utf8')) as StoredObject;
  }

  async #session(id: string): Promise<Session> {
    if (!this.#sessions.has(id)) await this.#restore(id);
    return this.#sessions.get(id)!;
  }

  /** Takes up a session of an earlier process from its files. */
  async #restore(id: string): Promise<void> {
    if (!isSessionId(id) || !existsSync(this.#planFile(id)) || !existsSync(this.#contentFile(id))) {
      throw new StatusError('NOT_FOUND', `Upload session not found: ${id}. Start a new upload.`, {
        reason: 'notFound',
      });
    }
    const plan = JSON.parse(readFileSync(this.#planFile(id), 'utf8')) as UploadPlan;
    const digest = new ContentDigest();
    for await (const chunk of createReadStream(this.#contentFile(id))) digest.update(chunk as Buffer);
    if (!this.#sessions.has(id)) this.#sessions.set(id, { plan, digest, turn: Promise.resolve() });
  }

  #inTurn<Result>(session: Session, act: () => Promise<Result>): Promise<Result> {
    const result = session.turn.then(act);
    session.turn = result.catch(() => {});
    return result;
  }

  #forget(id: string): void {
    this.#sessions.delete(id);
    rmSync(this.#planFile(id), { force: true });
    rmSync(this.#contentFile(id), { force: true });
  }

  #planFile = (id: string) => path.join(this.#folder, `${id}.json`);
  #contentFile = (id: string) => path.join(this.#folder, `${id}.part`);
  #resultFile = (id: string) => path.join(this.#folder, `${id}.done`);
}

/** Ids come from callers and become file names. */
function isSessionId(id: string): boolean {
  return /^[0-9a-f-]{36}$/.test(id);
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `Invalid request. ${message}`, { reason: 'invalid' });
}
