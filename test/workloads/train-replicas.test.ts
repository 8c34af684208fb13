import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../local/ports.ts';
import { writeCensus } from '../../workloads/census/sample/generate.ts';
import { censusRows, parquet } from './model-census.ts';
import { type Container, startContainer } from './serve-container.ts';
import { ContainerStorage } from './serve-storage.ts';

const SNAPSHOT = 'gs://baton/snapshot/';
const ROWS = 3000;

let storage: ContainerStorage;
let samples: string;

beforeAll(async () => {
  storage = await ContainerStorage.start();
  samples = mkdtempSync(join(tmpdir(), 'census-sample-'));
  await writeCensus({ seed: 7, trainRows: ROWS, evalRows: 1, out: samples });
  await storage.put(`${SNAPSHOT}000.parquet`, await parquet(censusRows('train', samples)));
});

afterAll(async () => {
  await storage.close();
  rmSync(samples, { recursive: true });
});

interface Replica extends Container {
  name: string;
}

/** Starts the replicas of a job as Vertex AI would: the primary one, and the others in a second pool. */
async function startReplicas(count: number, output: string, hyperparameters: string[]): Promise<Replica[]> {
  const ports = await freePorts(count);
  const [primary, ...others] = ports.map((port) => `127.0.0.1:${port}`);
  const cluster = { workerpool0: [primary], ...(others.length > 0 ? { workerpool1: others } : {}) };
  return ports.map((port, rank) => {
    const task = rank === 0 ? { type: 'workerpool0', index: 0 } : { type: 'workerpool1', index: rank - 1 };
    const container = startContainer('train', storage, {
      args: [`--train=${SNAPSHOT}`, `--marker=${output}done.json`, ...hyperparameters],
      env: {
        AIP_MODEL_DIR: `${output}model/`,
        AIP_TENSORBOARD_LOG_DIR: `${output}logs/`,
        CLUSTER_SPEC: JSON.stringify({ cluster, environment: 'cloud', task }),
      },
    });
    return { ...container, name: `${task.type}-${task.index} (127.0.0.1:${port})` };
  });
}

const codesOf = (replicas: Replica[]) => Promise.all(replicas.map(({ exited }) => exited));
const lastWord = ({ log }: Replica) => log.at(-1)?.message;

test('one, two and four replicas train the same model, bit for bit; only the chief writes it', async () => {
  const models = new Map<number, string>();
  for (const count of [1, 2, 4]) {
    const output = `gs://baton/over-${count}/`;
    const replicas = await startReplicas(count, output, ['--trees=20', '--row-sample=0.5']);
    expect(await codesOf(replicas), replicas.map(lastWord).join()).toEqual(Array(count).fill(0));
    const shards = replicas.map(({ log }) => log.find(({ rows }) => rows !== undefined)?.rows as number);
    expect(shards.reduce((sum, rows) => sum + rows)).toBe(ROWS);
    expect(Math.min(...shards)).toBeGreaterThan((0.8 * ROWS) / count);
    expect(storage.written(output)).toHaveLength(5);
    expect(storage.written(output).at(-1)).toBe(`${output}done.json`);
    models.set(count, storage.bytes(`${output}model/model.json`).toString());
  }
  expect(JSON.parse(models.get(1) ?? '').trees).toHaveLength(20);
  expect(models.get(2)).toBe(models.get(1));
  expect(models.get(4)).toBe(models.get(1));
});

test('a replica that is killed ends all others, which name it, and no model is written', async () => {
  const output = 'gs://baton/killed/';
  const replicas = await startReplicas(3, output, ['--trees=10000']);
  const [chief] = replicas;
  const isTraining = () => chief.log.some(({ message }) => message.startsWith('10 trees'));
  await expect.poll(isTraining, { timeout: 60_000 }).toBe(true);
  replicas[2].process.kill('SIGKILL');
  expect(await codesOf(replicas)).toEqual([1, 1, 'SIGKILL']);
  // The other worker is connected to the chief alone, which tells it.
  for (const survivor of replicas.slice(0, 2)) {
    expect(lastWord(survivor)).toContain(`replica ${replicas[2].name} ended the connection`);
  }
  expect(storage.written(output)).toEqual([]);
});
