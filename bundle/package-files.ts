import { FRAMEWORK } from './framework.ts';

/** Cloud Run functions' runtime. */
const ENGINES = { node: '24' };

/**
 * What makes a bundle a package: Google's buildpack runs `npm ci`, finds the framework among the dependencies, and
 * starts its command, which imports `main`. The one dependency is in the archive, so nothing is fetched.
 *
 * `main` ends in .mjs because the framework reads package.json of a .js file with a package of its own, to learn
 * whether it is an ES module.
 */
export function packageFiles(name: string, version: string): Record<string, unknown> {
  const manifest = {
    name,
    private: true,
    type: 'module',
    main: 'index.mjs',
    engines: ENGINES,
    dependencies: { [FRAMEWORK]: 'file:framework' },
  };
  const { type: _type, main: _main, private: _private, ...locked } = manifest;
  return {
    'package.json': manifest,
    'package-lock.json': {
      name,
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': locked,
        framework: { name: FRAMEWORK, version, bin: { 'functions-framework': 'main.cjs' } },
        [`node_modules/${FRAMEWORK}`]: { resolved: 'framework', link: true },
      },
    },
  };
}
