import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Leaves in package.json only the dependencies named as arguments, so that an image holds what its role needs and
 * no more. `npm install` then takes their versions from the lockfile. Runs in an image's build only.
 *
 *     node only-dependencies.ts zod @google-cloud/storage
 */
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const dependencies = Object.fromEntries(
  process.argv.slice(2).map((name) => {
    const version = manifest.dependencies[name];
    if (version === undefined) throw new Error(`${name} is not among the dependencies in package.json`);
    return [name, version];
  }),
);
const { name, version, type } = manifest;
writeFileSync('package.json', JSON.stringify({ name, version, private: true, type, dependencies }));
