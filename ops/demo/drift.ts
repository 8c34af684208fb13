import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Storage } from '@google-cloud/storage';
import type { RunId } from '../../events/index.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { type Row, readTable } from '../drift/table.ts';
import type { Buckets, RunView } from '../runs/run-view.ts';
import { watchRun } from '../runs/watch.ts';
import { chooseDataSet, dropInto } from '../start/data-set.ts';
import { parseStartOptions } from '../start/options.ts';
import { Progress } from '../start/progress.ts';
import { monitoringOnDemand } from './monitor-config.ts';
import { consequences, endpointOf, lastScores, type MonitoredEndpoint, until } from './monitored-endpoint.ts';
import { sendTraffic } from './traffic.ts';

/** Rows to train on, where no folder is given: half as many are the traffic of one window. */
const SYNTHETIC_ROWS = 8000;
const PATIENCE_MS = 60_000;
const LABEL = 'income_bracket';

const progress = new Progress((text) => process.stdout.write(text));
const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort());
const stateDir = mkdtempSync(join(tmpdir(), 'baton-drift-'));
let cloud: LocalCloud | undefined;
let code = 0;
try {
  const { signal } = interruption;
  const options = parseStartOptions([
    '--state',
    stateDir,
    '--rows',
    String(SYNTHETIC_ROWS),
    ...process.argv.slice(2),
  ]);
  const data = await chooseDataSet(options, signal);
  progress.say('booting the local cloud, with baton:retraining=retrain');
  const config = {
    'baton:retraining': 'retrain',
    'baton:monitor': monitoringOnDemand(),
    ...options.config,
  };
  cloud = await startLocalCloud({ stateDir, config, signal });
  await cloud.connectThisProcess();
  await demonstrate(cloud, data, signal);
} catch (error) {
  code = interruption.signal.aborted ? 130 : 1;
  progress.say(
    code === 130 ? 'interrupted' : `failed: ${error instanceof Error ? error.stack : String(error)}`,
  );
} finally {
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
}
// Whatever a client library keeps open must not keep this process: all that was started has been stopped.
process.exit(code);

/** Trains, deploys, lets the world change, and follows what monitoring makes of it up to the new model. */
async function demonstrate(
  cloud: LocalCloud,
  data: Awaited<ReturnType<typeof chooseDataSet>>,
  signal: AbortSignal,
): Promise<void> {
  const { Storage } = await import('@google-cloud/storage');
  const storage = new Storage();
  const buckets = { nonprod: cloud.output('nonprod', 'bucket'), prod: cloud.output('prod', 'bucket') };
  const first = await dropInto(storage, buckets.nonprod, data, 'census');
  progress.say(`run ${first}: trains and deploys the first model`);
  const monitored = endpointOf(await follow(storage, buckets, first, signal));
  const rows = await readTable(data.directory, 'eval');

  await window(cloud, monitored, rows, 'the population that the model was trained on');
  await window(cloud, monitored, rows, 'the same population again');
  await window(cloud, monitored, rows.map(inCents), 'the same, but somebody sends capital gains in cents');

  const { drifts, run } = await until('the retraining run', PATIENCE_MS, async () => {
    const { drifts, runs } = await consequences(storage, buckets);
    return runs[0] ? { drifts, run: runs[0] } : undefined;
  });
  for (const { id, data: drift } of drifts) {
    progress.say(
      `drift-detected ${drift.statistic} of ${drift.feature} ${drift.score.toFixed(4)} > ${drift.threshold} (${id})`,
    );
  }
  progress.say(`retraining run ${run}, asked for by non-production`);
  const view = await follow(storage, buckets, run, signal);
  progress.say(`run ${run} ended ${view.state}`);
}

/** Sends one window of traffic, has it monitored, and shows the scores. */
async function window(
  cloud: LocalCloud,
  monitored: MonitoredEndpoint,
  rows: Row[],
  what: string,
): Promise<void> {
  const answered = await sendTraffic(monitored.endpoint, rows, LABEL);
  progress.say(`${answered} predictions on ${what}`);
  await cloud.runMonitoring(monitored.monitoringJob);
  for (const { feature, statistic, score, threshold } of await lastScores(monitored)) {
    const mark = score > threshold ? 'ANOMALY' : 'ok';
    progress.say(
      `  ${statistic.padEnd(5)} ${feature.padEnd(12)} ${score.toFixed(4)} of ${threshold}  ${mark}`,
    );
  }
}

async function follow(storage: Storage, buckets: Buckets, run: RunId, signal: AbortSignal): Promise<RunView> {
  const onChange = (stage: RunView['stages'][number]) => progress.stage(stage);
  const { view, stalled } = await watchRun(storage, buckets, run, {
    ...{ pollMs: 250, stallMs: PATIENCE_MS, signal, onChange },
  });
  if (stalled) throw new Error(`run ${run} stands still`);
  return view;
}

/** A change of unit upstream: the model reads a hundred times the amount that it was trained on. */
function inCents(row: Row): Row {
  return { ...row, capital_gain: Number(row.capital_gain) * 100 };
}
