import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Storage } from '@google-cloud/storage';
import { layout, type RunId, runIdOf } from '../../events/index.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../../local/cloud.ts';
import { type Report, reportOf } from '../../ops/runs/report.ts';
import type { Buckets, RunView } from '../../ops/runs/run-view.ts';
import { watchRun } from '../../ops/runs/watch.ts';
import { bundlesOfTests } from './bundles.ts';

/** The real census tables, which stand beside the project and are not a part of it. */
export const CENSUS = resolve(import.meta.dirname, '../../../shared/data/census');

const HEADER =
  'age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,gender,capital_gain,capital_loss,hours_per_week,native_country,income_bracket';

/** A row of the census table; all else alike, so that a test says only what it is about. */
export const censusRow = (label: string, age: number | string = 39, gender = 'Male') =>
  `${age}, Private,77516, Bachelors,13, Never-married, Adm-clerical, Not-in-family, White, ${gender},0,0,40, United-States, ${label}`;

export const censusTable = (rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`;

/** A table of well-formed rows with both classes, small enough to ingest in no time. */
export const smallTable = (rows = 200) =>
  censusTable(
    Array.from({ length: rows }, (_, i) => censusRow(i % 4 === 0 ? '>50K' : '<=50K', 20 + (i % 50))),
  );

export const smallDrop = () => ({ 'train.csv': smallTable(), 'eval.csv': smallTable(100) });

/**
 * Rows whose label follows from the age, and as many as the gate asks for, so that any model passes it.
 *
 * @param from the age from which on the label is positive; a model is wrong about those between its own and that of eval
 */
export const learnableDrop = (from = { train: 50, eval: 50 }) => {
  const table = (rows: number, positiveFrom: number) =>
    censusTable(
      Array.from({ length: rows }, (_, i) => {
        const age = 20 + (i % 50);
        return censusRow(age >= positiveFrom ? '>50K' : '<=50K', age);
      }),
    );
  return { 'train.csv': table(300, from.train), 'eval.csv': table(1000, from.eval) };
};

/** Shares that soak for no time: as many sweeps as steps, and the endpoint is free for the next run. */
const SHORT_ROLLOUT = JSON.stringify({
  steps: [50, 100],
  soakSeconds: 0,
  abort: { drift: true, maxErrorRate: 0.05, minRequests: 100 },
});

/** A whole local cloud for one test file, and this process's clients led to it. */
export interface TestCloud {
  cloud: LocalCloud;
  storage: Storage;
  buckets: Buckets;
  /** Drops files, by name and content, into a bucket (nonprod's), and answers the run that they start. */
  drop(
    name: string,
    files: Partial<Record<'train.csv' | 'eval.csv', string | Buffer>>,
    bucket?: string,
  ): Promise<RunId>;
  /** Waits until the run has ended, in whatever way. */
  ended(run: RunId, timeoutMs: number): Promise<RunView>;
  report(view: RunView): Report;
  close(): Promise<void>;
}

export async function startTestCloud(options: Partial<LocalCloudOptions> = {}): Promise<TestCloud> {
  const { stateDir = mkdtempSync(join(tmpdir(), 'baton-test-')) } = options;
  const config = {
    'baton:functionBundles': bundlesOfTests(),
    'baton:rollout': SHORT_ROLLOUT,
    ...options.config,
  };
  const cloud = await startLocalCloud({ ...options, stateDir, config });
  await cloud.connectThisProcess();
  const { Storage } = await import('@google-cloud/storage');
  const storage = new Storage();
  const buckets: Buckets = {
    nonprod: cloud.output('nonprod', 'bucket'),
    prod: cloud.output('prod', 'bucket'),
  };

  return {
    cloud,
    storage,
    buckets,
    async drop(name, files, bucket = buckets.nonprod) {
      const generations: Record<string, string> = {};
      for (const [file, content] of Object.entries(files)) {
        const object = storage.bucket(bucket).file(layout.drop(name) + file);
        await object.save(content, { resumable: false });
        generations[file.replace('.csv', '')] = String(object.metadata.generation);
      }
      return runIdOf(name, generations);
    },
    async ended(run, timeoutMs) {
      const { view, stalled } = await watchRun(storage, buckets, run, {
        pollMs: 300,
        stallMs: timeoutMs,
        signal: new AbortController().signal,
        onChange: () => {},
      });
      if (stalled) throw new Error(`${run} stands still: ${JSON.stringify(view, null, 2)}`);
      return view;
    },
    report: (view) => reportOf(view, buckets, false),
    async close() {
      await cloud.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
