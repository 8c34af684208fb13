import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layout, ModelTrained } from '../../events/index.ts';
import { recordProgram } from '../../local/program/record-program.ts';
import { smallDrop, startTestCloud, type TestCloud } from './cloud.ts';
import { doctor, problemsIn } from './doctor.ts';

/** What keeps a model that could be trained out of production. */
const CASES: {
  when: string;
  config: Record<string, string>;
  state: string;
  stages: string[];
  /** What the metric of endings counts, by stage and event. */
  counted: string[];
  says: RegExp;
  /** The replicas of each pool that trained. */
  pools?: number[];
}[] = [
  {
    when: 'a model of two replicas below the gate',
    config: { 'baton:gate': '{"metrics":{"accuracy":1.1}}', 'baton:trainReplicas': '2' },
    state: 'gate-failed',
    stages: ['prepare completed', 'ingest completed', 'train completed', 'evaluate failed'],
    counted: ['prepare dataset-ready', 'ingest ingest-done', 'train model-trained', 'evaluate eval-failed'],
    says: /accuracy 0\.\d{4} is 0\.\d{4} below 1\.1/,
    pools: [1, 1],
  },
  {
    when: 'a training job that fails',
    config: { 'baton:trainParameters': '{"tres":100}' },
    state: 'parked',
    stages: ['prepare completed', 'ingest completed', 'train parked'],
    counted: ['prepare dataset-ready', 'ingest ingest-done', 'train parked BATON_OPERATION_FAILED'],
    says: /customJobs\/\d+ ended as JOB_STATE_FAILED: .*tres/s,
  },
];

/** Recorded in a process of its own: Pulumi would load gRPC here before it is led to the local cloud. */
const declared = recordProgram({ directory: resolve('infra'), stacks: ['nonprod'] });

describe.each(CASES)('$when', ({ config, state, stages, says, counted, pools }) => {
  let test: TestCloud;
  beforeAll(async () => {
    test = await startTestCloud({ config });
  });
  afterAll(() => test?.close());

  it(`ends the run as ${state}, says why, and deploys nothing`, async () => {
    const run = await test.drop('held-back', smallDrop());
    const view = await test.ended(run, 60_000);
    const report = test.report(view);
    expect(report.state).toBe(state);
    expect(view.stages.map((stage) => `${stage.stage} ${stage.state}`)).toEqual(stages);
    expect(report.failure?.reason ?? report.gate?.reasons.join()).toMatch(says);
    const [inProd] = await test.storage.bucket(test.buckets.prod).getFiles({ prefix: layout.run(run) });
    expect(inProd).toEqual([]);
    const trained = view.stages.find(({ stage }) => stage === 'train')?.event;
    if (pools) expect(await poolsOf(ModelTrained.data.parse(trained?.data).job)).toEqual(pools);
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
      (await passedBy('endings')).map(({ stage, event, code }) =>
        [stage, event, code].filter(Boolean).join(' '),
      );
    await expect.poll(endings, { timeout: 10_000 }).toEqual(counted);
    const measured = (await passedBy('stage-seconds')).map(({ stage }) => stage);
    expect(measured).toEqual(counted.map((ending) => ending.split(' ')[0]));
  });

  it('is no matter for the doctor: all that the program declares is well', async () => {
    const { code, output } = await doctor(test.cloud);
    expect(problemsIn(output)).toEqual([]);
    expect(code).toBe(0);
    expect(new Set(JSON.parse(output).map(({ check }: { check: string }) => check)).size).toBe(10);
  });
});

async function poolsOf(name: string): Promise<number[] | undefined> {
  // The whole package takes seconds to load.
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  const [job] = await new JobServiceClient({
    apiEndpoint: 'us-central1-aiplatform.googleapis.com',
  }).getCustomJob({ name });
  return job.jobSpec?.workerPoolSpecs?.map(({ replicaCount }) => Number(replicaCount));
}
