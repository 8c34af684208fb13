import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plugin } from 'rolldown';
import { bundleFunctions, functionNames } from '../../bundle/functions.ts';

/** Tells the processes of a test run where the bundles are. */
const VARIABLE = 'BATON_TEST_BUNDLES';

/** The bundles that the local clouds of tests run: a first request costs them a third less than with the sources. */
export const bundlesOfTests = (): string => process.env[VARIABLE] ?? '';

/**
 * Bundles all functions for this process and those it starts: called by Vitest before the tests that start clouds.
 *
 * @returns what removes them
 */
export default async function bundleForTests(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'baton-test-bundles-'));
  await bundleFunctions(join(folder, 'functions'), await functionNames(), { plugins: [showProtobuf] });
  process.env[VARIABLE] = join(folder, 'functions');
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Has protobufjs show itself to local/processes/silent-field-lint.mjs, which finds it by its file otherwise. */
export const showProtobuf: Plugin = {
  name: 'show-protobufjs',
  transform: {
    filter: { id: /[\\/]protobufjs[\\/]src[\\/]type\.js$/ },
    handler: (code) => ({
      code: `${code}\nglobalThis[Symbol.for('baton.protobufjs.type')]?.(module.exports);\n`,
      map: null,
    }),
  },
};
