import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { ContentDigest, type ContentSummary } from './checksums.ts';

/** So much content is written at once: handing a small write to another thread costs more than the write. */
const WRITTEN_AT_ONCE = 64 * 1024;

/** Content on its way to becoming an object. */
export interface StagedContent {
  /** The file's name in the staging folder. */
  staged: string;
  summary: ContentSummary;
}

/** The folder where content arrives before a commit moves it under its object's name. */
export class StagingArea {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  path(staged: string): string {
    return path.join(this.folder, staged);
  }

  names(): string[] {
    return readdirSync(this.folder);
  }

  discard(staged: string): void {
    rmSync(this.path(staged), { force: true });
  }

  /** Writes content to a new staged file; what arrived of it is removed when the content breaks off. */
  async receive(content: AsyncIterable<Uint8Array>): Promise<StagedContent> {
    const staged = randomUUID();
    const digest = new ContentDigest();
    const chunks: Uint8Array[] = [];
    let file: FileHandle | undefined;
    try {
      for await (const chunk of content) {
        digest.update(chunk);
        chunks.push(chunk);
        if (digest.size <= WRITTEN_AT_ONCE) continue;
        file ??= await open(this.path(staged), 'w');
        await file.writev(chunks.splice(0));
      }
      if (!file) writeFileSync(this.path(staged), Buffer.concat(chunks));
    } catch (error) {
      this.discard(staged);
      throw error;
    } finally {
      await file?.close();
    }
    return { staged, summary: digest.summary() };
  }
}

/**
 * The content files of one bucket. An object whose name can be a path lies at `objects/<name>`, so a person finds
 * it by looking; any other name (`a//b`, `..`, `dir/`, a name that is also another's folder) lies under a hash.
 */
export class ObjectFiles {
  readonly #bucketFolder: string;

  constructor(bucketFolder: string) {
    this.#bucketFolder = bucketFolder;
  }

  path(file: string): string {
    return path.join(this.#bucketFolder, file);
  }

  /** Opens content for reading at once: an overwrite replaces the file but not what an open descriptor reads. */
  open(file: string): number {
    return openSync(this.path(file), 'r');
  }

  /** Chooses the file of a new object and makes its folder. */
  place(name: string): string {
    const readable = path.posix.join('objects', name);
    if (isPathSafe(name) && this.#isFree(readable)) return readable;
    const hash = createHash('sha256').update(name).digest('hex');
    const hashed = path.posix.join('objects', '.by-hash', hash.slice(0, 2), hash);
    mkdirSync(path.dirname(this.path(hashed)), { recursive: true });
    return hashed;
  }

  moveIn(stagedPath: string, file: string): void {
    const target = this.path(file);
    mkdirSync(path.dirname(target), { recursive: true });
    renameSync(stagedPath, target);
  }

  /** Removes content and the folders that it leaves empty. */
  remove(file: string): void {
    rmSync(this.path(file), { force: true });
    const root = this.path('objects');
    for (let folder = path.dirname(this.path(file)); folder !== root; folder = path.dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch {
        return;
      }
    }
  }

  /** A path is taken by an object of that name in other letter case (macOS), or by an object on or below it. */
  #isFree(file: string): boolean {
    try {
      mkdirSync(path.dirname(this.path(file)), { recursive: true });
    } catch {
      return false;
    }
    return !existsSync(this.path(file));
  }
}

function isPathSafe(name: string): boolean {
  return (
    !/[\p{Cc}\\:*?"<>|]/u.test(name) &&
    name.split('/').every((segment) => !/^\.|^$|[. ]$/.test(segment) && Buffer.byteLength(segment) <= 200)
  );
}
