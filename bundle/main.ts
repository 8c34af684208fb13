import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bundleFunctions, functionNames } from './functions.ts';
import { REPOSITORY } from './repository.ts';

/** `npm run bundle`: every function's bundle, where the Pulumi program expects it. */
const FOLDER = join(REPOSITORY, 'dist/functions');

const begin = performance.now();
await bundleFunctions(FOLDER, await functionNames());
for (const name of readdirSync(FOLDER).sort()) {
  const files = readdirSync(join(FOLDER, name), { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  const bytes = (suffix: RegExp) =>
    files
      .filter((file) => suffix.test(file.name))
      .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
  const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
  console.log(
    `${relative('.', join(FOLDER, name))}: ${megabytes(bytes(/\.[cm]js$/))} of code, ${megabytes(bytes(/\.map$/))} of source maps`,
  );
}
console.log(`${((performance.now() - begin) / 1000).toFixed(1)} s`);
