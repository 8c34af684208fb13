import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { bundleFramework } from './framework.ts';
import { smallGoogleClients } from './google-clients.ts';
import { packageFiles } from './package-files.ts';
import { inputOptions, outputOptions, REPOSITORY } from './repository.ts';

const FUNCTIONS = join(REPOSITORY, 'handlers/functions.ts');
const ENTRY = 'baton:entry';

/** The names of all functions: what handlers/functions.ts exports. */
export async function functionNames(): Promise<string[]> {
  return Object.keys((await import(FUNCTIONS)) as object);
}

export interface BundleOptions {
  /** Further plugins of the bundler: what they do is in the bundle, which is no longer the one of the sources alone. */
  plugins?: Plugin[];
}

/**
 * Makes one folder per function, which is all that Cloud Run functions needs to build and run it: the function,
 * the functions-framework, and the package files that name the one as `main` and the other as dependency. The
 * same sources make the same bytes, on any machine. What was in the folder before is replaced in the end.
 */
export async function bundleFunctions(
  folder: string,
  names: string[],
  { plugins = [] }: BundleOptions = {},
): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  const framework = join(unfinished, '.framework');
  rmSync(unfinished, { recursive: true, force: true });
  const allPlugins = [smallGoogleClients(), ...plugins];
  const version = await bundleFramework(framework);
  for (const name of names) {
    const bundle = join(unfinished, name);
    mkdirSync(bundle);
    await bundleFunction(name, bundle, allPlugins);
    cpSync(framework, join(bundle, 'framework'), { recursive: true });
    for (const [file, content] of Object.entries(packageFiles(name, version))) {
      writeFileSync(join(bundle, file), `${JSON.stringify(content, null, 2)}\n`);
    }
  }
  rmSync(framework, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
}

/** Bundles one function: its entry, index.mjs, and what that imports on the first request, each in a file. */
async function bundleFunction(name: string, dir: string, plugins: Plugin[]): Promise<void> {
  const build = await rolldown({
    ...inputOptions(),
    input: { index: ENTRY },
    // CommonJS packages read it; in an ES module it is spelt otherwise.
    transform: { define: { __dirname: 'import.meta.dirname' } },
    // Where a client needs it at once, google-gax is not lazy: that is as it should be.
    checks: { ineffectiveDynamicImport: false, pluginTimings: false },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? `export { ${name} } from ${JSON.stringify(FUNCTIONS)};` : null),
      },
      ...plugins,
    ],
  });
  await build.write({
    ...outputOptions(dir),
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  await build.close();
}
