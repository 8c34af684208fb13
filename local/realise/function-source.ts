import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { type DeclaredResource, read } from './declared.ts';

/** The archive that a function is built from: a folder, or files and folders by their path in the archive. */
export const FunctionArchive = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), path: z.string() }),
  z.object({
    kind: z.literal('assets'),
    assets: z.record(z.string(), z.object({ kind: z.enum(['file', 'folder']), path: z.string() })),
  }),
]);
type FunctionArchive = z.output<typeof FunctionArchive>;

const ArchiveObject = z.object({ bucket: z.string(), name: z.string(), source: FunctionArchive });

const PackageFile = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  bin: z.record(z.string(), z.string()).default({}),
});

/** Does for functions what Cloud Build does: unpacks the source, and installs what it depends on. */
export class FunctionSources {
  readonly #archives: DeclaredResource[];
  readonly #folder: string;

  constructor(resources: DeclaredResource[], stateDir: string) {
    this.#archives = resources.filter(({ type }) => type === 'gcp:storage/bucketObject:BucketObject');
    this.#folder = join(stateDir, 'functions');
  }

  /**
   * The folder of the unpacked source, with its dependencies installed.
   *
   * @throws Error when the program declares no such archive, or it has no package.json
   */
  unpack(bucket: string, object: string): string {
    const archive = this.#archives.find(({ inputs }) => inputs.bucket === bucket && inputs.name === object);
    if (!archive)
      throw new Error(
        `A function is built from gs://${bucket}/${object}, which the program doesn't declare.`,
      );
    const folder = join(this.#folder, `${bucket}-${object.replace(/\.zip$/, '').replaceAll('/', '-')}`);
    if (existsSync(folder)) return folder;
    const { source } = read(archive, ArchiveObject);
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    for (const [path, from] of contents(source)) cpSync(from, join(unfinished, path), { recursive: true });
    if (!existsSync(join(unfinished, 'package.json')))
      throw new Error(`gs://${bucket}/${object} has no package.json at its top.`);
    install(unfinished, source);
    renameSync(unfinished, folder);
    return folder;
  }
}

/** What goes where in the archive. */
function contents(source: FunctionArchive): [string, string][] {
  if (source.kind === 'folder') return [['.', source.path]];
  return Object.entries(source.assets).map(([path, asset]) => [path, asset.path]);
}

/**
 * Links the dependencies, as npm would: those that the archive holds itself (`file:`), one by one, and else those
 * that are installed beside the original package.json.
 */
function install(folder: string, source: FunctionArchive): void {
  const modules = join(folder, 'node_modules');
  const dependencies = Object.entries(readPackage(folder).dependencies);
  if (dependencies.every(([, version]) => version.startsWith('file:'))) {
    for (const [name, version] of dependencies) link(name, join(folder, version.slice(5)), modules);
  } else if (source.kind === 'assets') {
    symlinkSync(join(dirname(source.assets['package.json'].path), 'node_modules'), modules, 'dir');
  } else {
    throw new Error(`${source.path}/package.json has dependencies that the archive doesn't hold.`);
  }
}

/** Links a package into node_modules, and its commands into node_modules/.bin. */
function link(name: string, target: string, modules: string): void {
  const place = (path: string, to: string) => {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), to), path);
  };
  place(join(modules, name), target);
  for (const [command, file] of Object.entries(readPackage(target).bin)) {
    place(join(modules, '.bin', command), join(modules, name, file));
  }
}

function readPackage(folder: string): z.output<typeof PackageFile> {
  return PackageFile.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
}
