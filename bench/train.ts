import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts } from '../local/ports.ts';
import { censusRows, parquet } from '../test/workloads/model-census.ts';
import { startContainer } from '../test/workloads/serve-container.ts';
import { ContainerStorage } from '../test/workloads/serve-storage.ts';
import { writeCensus } from '../workloads/census/sample/generate.ts';

/**
 * Measures a training over 1, 2 and 4 replicas: processes of the trainer's container on this machine, which read a
 * snapshot from the local Cloud Storage and find each other by CLUSTER_SPEC. Prints the seconds that the chief
 * trained (from the table in memory to the finished trees, waiting for the others included), of which on a processor,
 * those of the whole job, and whether all models are the same.
 */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    rows: { type: 'string', default: '32561' },
    repeat: { type: 'string', default: '3' },
  },
});
interface Measured {
  trained: number;
  processor: number;
  whole: number;
  digest: string;
}

const REPLICAS = [1, 2, 4];
const SNAPSHOT = 'gs://baton/snapshot/';

console.log(
  `node ${process.version}, ${cpus().length} cores, ${values.data ?? `a synthetic sample of ${values.rows} rows`}`,
);
const folder = mkdtempSync(join(tmpdir(), 'baton-bench-'));
const storage = await ContainerStorage.start();
try {
  if (!values.data) await writeCensus({ seed: 1, trainRows: Number(values.rows), evalRows: 1, out: folder });
  const rows = censusRows('train', values.data ? resolve(values.data) : folder);
  await storage.put(`${SNAPSHOT}000.parquet`, await parquet(rows));
  const digests = new Set<string>();
  for (const replicas of REPLICAS) {
    const runs: Measured[] = [];
    for (let run = 0; run < Number(values.repeat); run++) {
      const measured = await train(replicas);
      runs.push(measured);
      digests.add(measured.digest);
    }
    const list = (figure: 'trained' | 'processor' | 'whole') =>
      runs.map((run) => run[figure].toFixed(2)).join(', ');
    console.log(
      `replicas ${replicas}: trained in ${list('trained')} s (processor: ${list('processor')} s), whole job ${list('whole')} s`,
    );
  }
  console.log(digests.size === 1 ? 'all models are the same' : `${digests.size} different models`);
  process.exitCode = digests.size === 1 ? 0 : 1;
} finally {
  await storage.close();
  rmSync(folder, { recursive: true });
}

async function train(count: number): Promise<Measured> {
  const output = `gs://baton/over-${count}/`;
  const [primary, ...others] = (await freePorts(count)).map((port) => `127.0.0.1:${port}`);
  const cluster = { workerpool0: [primary], workerpool1: others };
  const begin = performance.now();
  const replicas = [primary, ...others].map((_, rank) =>
    startContainer('train', storage, {
      args: [`--train=${SNAPSHOT}`, `--marker=${output}done.json`],
      env: {
        AIP_MODEL_DIR: `${output}model/`,
        AIP_TENSORBOARD_LOG_DIR: `${output}logs/`,
        CLUSTER_SPEC: JSON.stringify({
          cluster,
          environment: 'cloud',
          task: rank === 0 ? { type: 'workerpool0', index: 0 } : { type: 'workerpool1', index: rank - 1 },
        }),
      },
    }),
  );
  const codes = await Promise.all(replicas.map(({ exited }) => exited));
  const whole = (performance.now() - begin) / 1000;
  const { log } = replicas[0];
  if (codes.some((code) => code !== 0)) throw new Error(`the training failed: ${log.at(-1)?.message}`);
  const figure = (name: string) => Number(log.find((line) => line[name] !== undefined)?.[name]);
  const digest = createHash('sha256')
    .update(storage.bytes(`${output}model/model.json`))
    .digest('hex');
  return { trained: figure('seconds'), processor: figure('processorSeconds'), whole, digest };
}
