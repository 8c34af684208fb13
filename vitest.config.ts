import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The real census tables stand beside the project, not in it: see README.md, Run it. */
const CENSUS = resolve(import.meta.dirname, '../shared/data/census');

/** Tests that are about the real tables. Where there are none they are left out, which the run begins by saying. */
const ON_THE_CENSUS = [
  'test/workloads/{evaluate,train,serve}-process.test.ts',
  'test/workloads/model-{golden,onnx,saved,training}.test.ts',
  'test/workloads/{sample-model,train-snapshot}.test.ts',
  'test/end-to-end/chain.test.ts',
];
/** Tests that run the workload in Python. */
const IN_PYTHON = ['test/system/{workload-*,other-workload}.test.ts'];

/** The folders of tests that start none of the local clouds or a part of one. */
const PARTS = ['unit', 'conformance', 'infra', 'ops', 'workloads', 'integrations'];
/** The folders of tests that start whole local clouds, which run the functions from bundles. */
const WITH_CLOUDS = ['end-to-end', 'system', 'faults', 'iam'];

const withoutCensus = existsSync(CENSUS) ? [] : ON_THE_CENSUS;
if (withoutCensus.length > 0)
  console.warn(`No census tables in ${CENSUS}: left out are ${withoutCensus.join(', ')}`);
const withoutPython = spawnSync('python3', ['--version']).status === 0 ? [] : IN_PYTHON;
if (withoutPython.length > 0) console.warn(`No python3: left out are ${withoutPython.join(', ')}`);

export default defineConfig({
  test: {
    exclude: [...withoutCensus, ...withoutPython],
    // Two cores: the end-to-end files each start a whole local cloud, so they must not crowd each other out.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'parts', include: PARTS.map((folder) => `test/${folder}/**/*.test.ts`) },
      },
      ...WITH_CLOUDS.map((folder) => ({
        extends: true as const,
        test: {
          name: folder,
          include: [`test/${folder}/**/*.test.ts`],
          globalSetup: 'test/end-to-end/bundles.ts',
          // Far more than anything takes, so that a machine of half the speed, with other work, fails nothing.
          testTimeout: 240_000,
          hookTimeout: 300_000,
        },
      })),
    ],
  },
});
