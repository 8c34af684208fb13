import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { inputOptions, outputOptions, REPOSITORY } from './repository.ts';

/** The package that Google's buildpack starts functions with, by its command. */
export const FRAMEWORK = '@google-cloud/functions-framework';
const COMMAND = 'main.cjs';

/**
 * Bundles the functions-framework, whose command starts every function: a package of the same name, version and
 * command in one file. Loading the original's 150 files is most of what a cold start waits for.
 *
 * @returns its version
 */
export async function bundleFramework(dir: string): Promise<string> {
  const original = join(REPOSITORY, 'node_modules', FRAMEWORK);
  const { version, license, bin } = JSON.parse(readFileSync(join(original, 'package.json'), 'utf8'));
  const build = await rolldown({
    ...inputOptions(),
    input: { main: join(original, bin['functions-framework']) },
  });
  await build.write({
    ...outputOptions(dir),
    format: 'cjs',
    entryFileNames: COMMAND,
    codeSplitting: false,
  });
  await build.close();
  const manifest = { name: FRAMEWORK, version, license, bin: { 'functions-framework': COMMAND } };
  writeFileSync(join(dir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return version;
}
