import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvalFailed, type Evaluation, layout, ModelTrained, type StageName } from '../../events/index.ts';
import { recordProgram } from '../../local/program/record-program.ts';
import type { RunView } from '../../ops/runs/run-view.ts';
import { censusRow, censusTable, smallDrop, startTestCloud, type TestCloud } from './cloud.ts';
import { doctor, problemsIn } from './doctor.ts';

const COMMIT = '0123abc';

/** Rows whose label follows from the age where it is `known`; of all others a quarter of each age is positive. */
const table = (rows: number, known: (row: number) => boolean) =>
  censusTable(
    Array.from({ length: rows }, (_, row) => {
      const cycle = Math.floor(row / 50);
      const isPositive = known(row) ? row % 50 >= 30 : (cycle + row) % 4 === 0;
      return censusRow(isPositive ? '>50K' : '<=50K', 20 + (row % 50), genderOf(row));
    }),
  );

/** Women and men in turn, as many of each age, and of each age a quarter where nothing is known. */
const genderOf = (row: number) => (Math.floor(row / 200) % 2 ? 'Male' : 'Female');
const drop = (known: (row: number) => boolean, rows: { train: number; eval: number }) => ({
  'train.csv': table(rows.train, known),
  'eval.csv': table(rows.eval, known),
});

const GATE = {
  metrics: { accuracy: 0.7, auc: 0.7 },
  minRows: 101,
  slices: { columns: ['gender'], metric: 'accuracy', maxGap: 0.2, minRows: 50 },
};

interface Held {
  files: { 'train.csv': string; 'eval.csv': string };
  says: RegExp;
  /** The comparisons that failed. */
  failed?: string[];
}

/** What keeps a model that could be trained out of production. */
const CASES: {
  when: string;
  config: Record<string, string>;
  state: string;
  stages: string[];
  /** What the metric of endings counts of each run, by stage and event. */
  counted: string[];
  /** By the names of their drops. */
  runs: Record<string, Held>;
  /** The replicas of each pool that trained. */
  pools?: number[];
}[] = [
  {
    when: 'a model of two replicas that the gate holds back',
    config: { 'baton:gate': JSON.stringify(GATE), 'baton:trainReplicas': '2', 'baton:commit': COMMIT },
    state: 'gate-failed',
    stages: ['prepare completed', 'ingest completed', 'train completed', 'evaluate failed'],
    counted: ['prepare dataset-ready', 'ingest ingest-done', 'train model-trained', 'evaluate eval-failed'],
    runs: {
      'no-better-than-chance': {
        files: drop(() => false, { train: 400, eval: 100 }),
        says: /accuracy 0\.7\d* is at least 0\.7,auc 0\.\d{4} is 0\.\d{4} below 0\.7,100 rows are 1 fewer/,
        failed: ['threshold auc', 'rows rows'],
      },
      'wrong-about-women': {
        files: drop((row) => genderOf(row) === 'Male', { train: 2000, eval: 400 }),
        says: /accuracy by gender differs by 0\.\d{4} from 0\.\d{4} \(Female\) to \d\.\d{4} \(Male\), 0\.\d{4} above 0\.2/,
        failed: ['slice-gap accuracy'],
      },
    },
    pools: [1, 1],
  },
  {
    when: 'a training job that fails',
    config: { 'baton:trainParameters': '{"tres":100}' },
    state: 'parked',
    stages: ['prepare completed', 'ingest completed', 'train parked'],
    counted: ['prepare dataset-ready', 'ingest ingest-done', 'train parked BATON_OPERATION_FAILED'],
    runs: {
      misspelt: { files: smallDrop(), says: /customJobs\/\d+ ended as JOB_STATE_FAILED: .*tres/s },
    },
  },
];

/** Recorded in a process of its own: Pulumi would load gRPC here before it is led to the local cloud. */
const declared = recordProgram({ directory: resolve('infra'), stacks: ['nonprod'] });

describe.each(CASES)('$when', ({ config, state, stages, runs, counted, pools }) => {
  let test: TestCloud;
  const ended: Record<string, RunView> = {};
  beforeAll(async () => {
    test = await startTestCloud({ config });
    const dropped = Object.entries(runs).map(async ([name, { files }]) => {
      ended[name] = await test.ended(await test.drop(name, files), 120_000);
    });
    await Promise.all(dropped);
  });
  afterAll(() => test?.close());

  it.each(Object.entries(runs))(`ends %s as ${state}, says why, and deploys nothing`, async (name, held) => {
    const view = ended[name];
    const report = test.report(view);
    expect(report.state).toBe(state);
    expect(view.stages.map((stage) => `${stage.stage} ${stage.state}`)).toEqual(stages);
    expect(report.failure?.reason ?? report.gate?.reasons.join()).toMatch(held.says);
    const [inProd] = await test.storage.bucket(test.buckets.prod).getFiles({ prefix: layout.run(view.run) });
    expect(inProd).toEqual([]);
    const trained = endingOf(view, 'train');
    if (pools) expect(await poolsOf(ModelTrained.data.parse(trained).job)).toEqual(pools);
    if (held.failed) expectJudged(EvalFailed.data.parse(endingOf(view, 'evaluate')), held.failed);
  });

  it('left log entries that the declared metrics count and measure', async () => {
    const { Logging } = await import('@google-cloud/logging');
    const logging = new Logging({ projectId: test.cloud.output('nonprod', 'project') });
    const passedBy = async (metric: string) => {
      const [{ resources }] = await declared;
      const found = resources.find(
        ({ type, name }) => type === 'gcp:logging/metric:Metric' && name === metric,
      );
      const [entries] = await logging.getEntries({
        filter: String(found?.inputs.filter),
        orderBy: 'timestamp asc',
      });
      return entries.map(({ data }) => data as { stage: string; event: string; code?: string });
    };
    const endings = async () =>
      (await passedBy('endings'))
        .map(({ stage, event, code }) => [stage, event, code].filter(Boolean).join(' '))
        .sort();
    const all = Object.keys(runs)
      .flatMap(() => counted)
      .sort();
    await expect.poll(endings, { timeout: 120_000 }).toEqual(all);
    const measured = (await passedBy('stage-seconds')).map(({ stage }) => stage);
    expect(measured.sort()).toEqual(all.map((ending) => ending.split(' ')[0]));
  });

  it('is no matter for the doctor: all that the program declares is well', async () => {
    const { code, output } = await doctor(test.cloud);
    expect(problemsIn(output)).toEqual([]);
    expect(code).toBe(0);
    expect(new Set(JSON.parse(output).map(({ check }: { check: string }) => check)).size).toBe(10);
  });
});

const endingOf = ({ stages }: RunView, name: StageName) =>
  stages.find(({ stage }) => stage === name)?.event?.data;

/** Which comparisons failed, on what, and that the event says of what all of it was made. */
function expectJudged(evaluation: Evaluation, failed: string[]): void {
  const { gate, image, trainImage, commit, trainCommit, snapshotDigests, metrics } = evaluation;
  expect(
    gate.comparisons.filter(({ passed }) => !passed).map(({ kind, metric }) => `${kind} ${metric}`),
  ).toEqual(failed);
  expect([image, trainImage]).toEqual([
    expect.stringContaining('/census-evaluate:'),
    expect.stringContaining('/census-train:'),
  ]);
  expect([commit, trainCommit]).toEqual([COMMIT, COMMIT]);
  expect(snapshotDigests?.train.files).toEqual([
    expect.objectContaining({ name: expect.stringMatching(/\.parquet$/), sha256: expect.any(String) }),
  ]);
  expect(metrics.slices?.map(({ column }) => column)).toContain('gender');
}

async function poolsOf(name: string): Promise<number[] | undefined> {
  // The whole package takes seconds to load.
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  const [job] = await new JobServiceClient({
    apiEndpoint: 'us-central1-aiplatform.googleapis.com',
  }).getCustomJob({ name });
  return job.jobSpec?.workerPoolSpecs?.map(({ replicaCount }) => Number(replicaCount));
}
