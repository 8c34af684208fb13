import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { distanceOfEval, noiseOf } from './noise.ts';
import { readTable } from './table.ts';

/** What monitoring's thresholds have to be above, so that windows of the training population raise no alarm. */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    rows: { type: 'string', default: '2000' },
    windows: { type: 'string', default: '10000' },
    features: { type: 'string', default: 'capital_gain,capital_loss' },
    seed: { type: 'string', default: '1' },
  },
});
if (!values.data) {
  console.error('Say where train.csv and eval.csv are: npm run drift:thresholds -- --data DIR');
  process.exit(2);
}

const tables = { train: await readTable(values.data, 'train'), eval: await readTable(values.data, 'eval') };
const [rows, windows, seed] = [values.rows, values.windows, values.seed].map(Number);
const noise = noiseOf(tables, { features: values.features.split(','), rows, windows, seed });

const population = tables.train.length + tables.eval.length;
console.log(
  `${windows} windows of ${rows} rows, drawn with replacement from the ${population} rows of train and eval, seed ${seed}`,
);
const table = new Table({
  head: ['feature', 'statistic', 'eval', 'median', '99 %', 'largest', 'threshold'],
  style: { head: [], border: [] },
});
for (const { feature, statistic, distances } of noise) {
  const at = (share: number) =>
    distances[Math.min(distances.length - 1, Math.floor(share * distances.length))];
  const largest = at(1);
  table.push([
    ...[feature, statistic],
    statistic === 'skew' ? distanceOfEval(tables, feature).toFixed(3) : '',
    ...[at(0.5), at(0.99), largest].map((distance) => distance.toFixed(3)),
    // The hundredth above: two windows as far apart as the furthest of those drawn still raise no alarm.
    ((Math.floor(largest * 100) + 1) / 100).toFixed(2),
  ]);
}
console.log(table.toString());
