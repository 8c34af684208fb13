import { join } from 'node:path';
import { EvalPassed } from '../events/index.ts';
import { type LocalCloud, startLocalCloud } from '../local/cloud.ts';
import { writeEnvironment } from './environments/write.ts';
import { type Report, reportOf } from './runs/report.ts';
import type { Buckets } from './runs/run-view.ts';
import { watchRun } from './runs/watch.ts';
import { bundledFunctions } from './start/bundled-functions.ts';
import { chooseDataSet, type DataSet, dropInto } from './start/data-set.ts';
import { LAPTOP } from './start/laptop.ts';
import { DEFAULT_STATE, parseStartOptions, type StartOptions } from './start/options.ts';
import { predict, readSamples } from './start/predict.ts';
import { Progress } from './start/progress.ts';
import { summarise } from './start/summary.ts';
import { configOf } from './start/workload.ts';

const POLL_MS = 250;
const EXIT_CODES: Record<Report['state'], number> = {
  monitored: 0,
  running: 1,
  refused: 3,
  parked: 4,
  'gate-failed': 5,
  stalled: 6,
  superseded: 7,
  'awaiting-approval': 8,
  rejected: 9,
  'rolled-back': 10,
};
const INTERRUPTED = 130;

const options = parseStartOptions(process.argv.slice(2));
const progress = new Progress();
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interruption.abort());
}

// Whatever a client library keeps open must not keep this process: all that was started has been stopped.
process.exit(await main(options, interruption.signal));

/** Boots the local cloud, drops the data set, follows the run, and stops all it started. */
async function main(options: StartOptions, signal: AbortSignal): Promise<number> {
  let cloud: LocalCloud | undefined;
  let forgetEnvironment: (() => void) | undefined;
  try {
    const dataSet = await chooseDataSet(options, signal);
    const functions = options.bundled ? await bundledFunctions(options.state, progress) : {};
    progress.say('booting the local cloud');
    cloud = await startLocalCloud({
      stateDir: options.state,
      stacks: options.stack.split(','),
      config: {
        ...LAPTOP,
        ...functions,
        ...(options.workload && configOf(options.workload)),
        ...options.config,
      },
      signal,
    });
    forgetEnvironment = await writeEnvironment(cloud, environmentOf(options));
    progress.say(`local cloud is up: ${cloud.describe()}`);
    const report = await run(cloud, dataSet, options, signal);
    console.log(options.json ? JSON.stringify(report, null, 2) : summarise(report));
    reportLints(cloud);
    if (options.keep) await untilInterrupted(options, signal);
    return EXIT_CODES[report.state];
  } catch (error) {
    if (signal.aborted) {
      progress.say('interrupted');
      return INTERRUPTED;
    }
    progress.say(`failed: ${explain(error)}`);
    return 1;
  } finally {
    forgetEnvironment?.();
    await cloud?.close();
  }
}

async function run(
  cloud: LocalCloud,
  dataSet: DataSet,
  options: StartOptions,
  signal: AbortSignal,
): Promise<Report> {
  await cloud.connectThisProcess();
  const { Storage } = await import('@google-cloud/storage');
  const storage = new Storage();
  const buckets: Buckets = {
    nonprod: cloud.output('nonprod', 'bucket'),
    prod: cloud.output('prod', 'bucket'),
  };

  const drop = `${options.workload ?? 'census'}-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;
  const id = await dropInto(storage, buckets.nonprod, dataSet, drop);
  progress.say(
    `dropped ${dataSet.synthetic ? 'a synthetic census sample' : dataSet.directory} as datasets/${drop}: run ${id}`,
  );
  const { view, stalled } = await watchRun(storage, buckets, id, {
    pollMs: POLL_MS,
    stallMs: options.stallAfter * 1000,
    signal,
    onChange: (stage) => progress.stage(stage),
  });
  const report = reportOf(view, buckets, dataSet.synthetic);
  if (stalled && report.state === 'running') return { ...report, state: 'stalled' };
  if (report.state !== 'monitored' || !report.endpoint) return report;

  const evaluated = view.stages.find((stage) => stage.event?.type === EvalPassed.type)?.event;
  const [sample] = await readSamples(storage, EvalPassed.data.parse(evaluated?.data).samples);
  return { ...report, prediction: await predict(report.endpoint, sample.instance) };
}

/** An Error says what is wrong in its message; anything more special is a defect, and its stack is wanted. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'Error' ? error.message : (error.stack ?? error.message);
}

/** What the local cloud noticed although every call succeeded. */
function reportLints(cloud: LocalCloud): void {
  for (const lint of cloud.lints()) progress.say(`lint: ${lint}`);
}

/** Where `baton` finds the local cloud: with the default state folder, without any flag. */
function environmentOf({ state }: StartOptions): string {
  return join(state, 'environments', 'local');
}

async function untilInterrupted(options: StartOptions, signal: AbortSignal): Promise<void> {
  const flag = options.state === DEFAULT_STATE ? '' : ` --config ${environmentOf(options)}`;
  progress.say(`staying up, Ctrl-C stops everything; in another terminal: npx baton runs list${flag}`);
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
