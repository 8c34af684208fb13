import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { type DeclaredResource, read } from './declared.ts';

/** The archive that a function is built from: files and folders of this machine by their path in the archive. */
export const FunctionArchive = z.object({
  kind: z.literal('assets'),
  assets: z.record(z.string(), z.object({ kind: z.enum(['file', 'folder']), path: z.string() })),
});

const ArchiveObject = z.object({ bucket: z.string(), name: z.string(), source: FunctionArchive });

/** Does for functions what Cloud Build does: unpacks the source, and installs what it depends on. */
export class FunctionSources {
  readonly #archives: DeclaredResource[];
  readonly #folder: string;

  constructor(resources: DeclaredResource[], stateDir: string) {
    this.#archives = resources.filter(({ type }) => type === 'gcp:storage/bucketObject:BucketObject');
    this.#folder = join(stateDir, 'functions');
  }

  /**
   * The folder of the unpacked source. Its dependencies are those installed beside the original package.json.
   *
   * @throws Error when the program declares no such archive
   */
  unpack(bucket: string, object: string): string {
    const archive = this.#archives.find(({ inputs }) => inputs.bucket === bucket && inputs.name === object);
    if (!archive)
      throw new Error(
        `A function is built from gs://${bucket}/${object}, which the program doesn't declare.`,
      );
    const { assets } = read(archive, ArchiveObject).source;
    const folder = join(this.#folder, `${bucket}-${basename(object, '.zip')}`);
    if (existsSync(folder)) return folder;
    if (!assets['package.json']) throw new Error(`gs://${bucket}/${object} has no package.json at its top.`);
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    for (const [path, asset] of Object.entries(assets)) {
      cpSync(asset.path, join(unfinished, path), { recursive: true });
    }
    symlinkSync(
      join(dirname(assets['package.json'].path), 'node_modules'),
      join(unfinished, 'node_modules'),
      'dir',
    );
    renameSync(unfinished, folder);
    return folder;
  }
}
