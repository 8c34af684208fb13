import { z } from 'zod';
import {
  GcsFolder,
  GcsObject,
  oneOrMoreOf,
  parseArguments,
  parseEnvironment,
} from '../container/arguments.ts';
import { log } from '../container/log.ts';
import { runContainer } from '../container/run.ts';
import { instanceAt } from '../files/census-table.ts';
import { writeJson, writeObject } from '../files/gcs.ts';
import { JobEnvironment, writeMarker } from '../files/marker.ts';
import { loadModel } from '../files/model-folder.ts';
import { readSnapshot } from '../files/snapshot.ts';
import { CATEGORICAL } from '../model/features.ts';
import { measure } from '../model/metrics.ts';
import { measureSlices } from '../model/slices.ts';

/** How many offline predictions are kept for comparison with the endpoint's. */
const SAMPLES = 100;

const Arguments = z.object({
  eval: GcsFolder,
  model: GcsFolder,
  output: GcsFolder,
  marker: GcsObject,
  slices: oneOrMoreOf(CATEGORICAL).optional(),
});

await runContainer(async () => {
  const args = parseArguments(Arguments, process.argv.slice(2));
  const job = parseEnvironment(JobEnvironment);

  const [table, model] = await Promise.all([readSnapshot(args.eval), loadModel(args.model)]);
  log('INFO', `read ${table.rows} rows from ${args.eval}`, { rows: table.rows });

  const predictions = new Float64Array(table.rows);
  for (let row = 0; row < table.rows; row++) predictions[row] = model.predict(instanceAt(table, row));
  const slices = args.slices?.flatMap((column) =>
    measureSlices(column, table.categories[column], table.labels, predictions),
  );
  const metrics = { ...measure(table.labels, predictions), ...(slices && { slices }) };
  log('INFO', `accuracy ${metrics.accuracy.toFixed(4)}, AUC ${metrics.auc.toFixed(4)}`, { metrics });

  const samples = Array.from(predictions.subarray(0, SAMPLES), (prediction, row) =>
    JSON.stringify({ instance: instanceAt(table, row), prediction }),
  );
  await Promise.all([
    writeJson(`${args.output}metrics.json`, metrics),
    writeObject(`${args.output}samples.jsonl`, `${samples.join('\n')}\n`, 'application/jsonl'),
  ]);

  await writeMarker(args.marker, job);
});
