import { existsSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import protobuf from 'protobufjs';

/** The raw `.proto` files of one client package, parsed; later calls of `load` add to the same root. */
export class ProtoLibrary {
  readonly root = new protobuf.Root();
  readonly package: string;

  constructor(npmPackage: string) {
    this.package = npmPackage;
    const folders = [protosFolder(npmPackage), protosFolder('google-gax')];
    this.root.resolvePath = (_origin, target) =>
      isAbsolute(target)
        ? target
        : (folders.map((folder) => join(folder, target)).find((file) => existsSync(file)) ?? null);
  }

  /**
   * Parses the files (relative to the package's or google-gax's `build/protos`) and all that they import.
   * Throws when a file is in neither.
   */
  load(files: string[]): void {
    for (const file of files) {
      if (this.root.resolvePath('', file) === null) {
        throw new Error(`${file} is in the build/protos of neither ${this.package} nor google-gax.`);
      }
    }
    this.root.loadSync(files, { keepCase: false, alternateCommentMode: false });
    this.root.resolveAll();
  }

  /** Throws when no loaded file defines the message type. */
  type(name: string): protobuf.Type {
    try {
      return this.root.lookupType(name);
    } catch {
      throw new Error(
        `No .proto file loaded from ${this.package} defines ${name}: add its file to the module's \`files\`.`,
      );
    }
  }
}

function protosFolder(npmPackage: string): string {
  const manifest = findPackageJSON(npmPackage, import.meta.url);
  if (!manifest) throw new Error(`The package ${npmPackage} is not installed; its .proto files are needed.`);
  return join(dirname(manifest), 'build/protos');
}

const libraries = new Map<string, ProtoLibrary>();

/**
 * The one library of a client package in this process. The raw `.proto` files are used instead of the
 * package's `protos.json` because that keeps only the last of a repeated annotation.
 */
export function protosOf(npmPackage: string): ProtoLibrary {
  let library = libraries.get(npmPackage);
  if (!library) {
    library = new ProtoLibrary(npmPackage);
    libraries.set(npmPackage, library);
  }
  return library;
}
