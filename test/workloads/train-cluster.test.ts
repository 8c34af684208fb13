import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../../local/ports.ts';
import type { Collective } from '../../workloads/census/model/collective.ts';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import { writeCensus } from '../../workloads/census/sample/generate.ts';
import { type Cluster, ClusterSpec } from '../../workloads/census/train/replicas/cluster-spec.ts';
import { encodeFrame, FrameType } from '../../workloads/census/train/replicas/frames.ts';
import { withReplicas } from '../../workloads/census/train/replicas/with-replicas.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusRows, loadShard } from './model-census.ts';

const OPTIONS = { agreement: 'train it', timeoutSeconds: 30 };

/** The clusters as the replicas of one job see them; all at free ports of this machine. */
async function clustersOf(count: number): Promise<Cluster[]> {
  const members = (await freePorts(count)).map((port, rank) => ({
    name: rank === 0 ? 'workerpool0-0' : `workerpool1-${rank - 1}`,
    host: '127.0.0.1',
    port,
  }));
  return members.map((_, rank) => ({ members, rank }));
}

/** Runs the work on each replica of a cluster, all in this process. */
async function onReplicas<Result>(count: number, work: (collective: Collective) => Promise<Result>) {
  const clusters = await clustersOf(count);
  return Promise.all(clusters.map((cluster) => withReplicas(cluster, OPTIONS, work)));
}

/** How each of them ended: its error's message, or `undefined`. */
async function faultsOf(work: Promise<unknown>[]): Promise<(string | undefined)[]> {
  const ends = await Promise.allSettled(work);
  return ends.map((end) => (end.status === 'rejected' ? String(end.reason.message) : undefined));
}

describe('replicas of one job', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'census-sample-'));
    await writeCensus({ seed: 3, trainRows: 2000, evalRows: 1, out: folder });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const trainOver = (count: number) =>
    onReplicas(count, async (collective) => {
      const table = await loadShard(censusRows('train', folder), { index: collective.rank, count });
      const losses: number[] = [];
      const onRound = (_: number, loss: number) => void losses.push(loss);
      const model = await trainCensus(table, { ...DEFAULTS, trees: 15 }, onRound, collective);
      return { model: model.serialize(DEFAULTS), losses };
    });

  test('all end with the model of one replica that has all rows, however many they are', async () => {
    const [{ model, losses }] = await trainOver(1);
    for (const count of [2, 4]) {
      for (const replica of await trainOver(count)) {
        expect(replica.model).toBe(model);
        replica.losses.forEach((loss, round) => {
          expect(loss).toBeCloseTo(losses[round], 12);
        });
      }
    }
  });

  test('may be more than there are rows', async () => {
    const trainFew = (count: number) =>
      onReplicas(count, async (collective) => {
        const some = (label: string, rows: number) =>
          `(SELECT * FROM (${censusRows('train', folder)}) WHERE income_bracket = '${label}' LIMIT ${rows})`;
        const select = `${some('>50K', 2)} UNION ALL ${some('<=50K', 3)}`;
        const table = await loadShard(select, { index: collective.rank, count });
        const parameters = { ...DEFAULTS, trees: 2, minLeaf: 1 };
        return (await trainCensus(table, parameters, undefined, collective)).serialize(parameters);
      });
    const [alone] = await trainFew(1);
    expect(new Set(await trainFew(6))).toEqual(new Set([alone]));
  });
});

test('the fault of one replica ends all others with its reason', async () => {
  const clusters = await clustersOf(4);
  const faults = await faultsOf(
    clusters.map((cluster) =>
      withReplicas(cluster, OPTIONS, async (collective) => {
        if (collective.rank === 1) throw new Error('the disk is full');
        await collective.sum(new Float64Array(3));
      }),
    ),
  );
  const told = `replica workerpool1-0 (127.0.0.1:${clusters[0].members[1].port}) gave up: the disk is full`;
  expect(faults).toEqual([told, 'the disk is full', told, told]);
});

test('a replica that never comes is named when the time is over, and ends the others', async () => {
  const clusters = await clustersOf(3);
  const patience = { ...OPTIONS, timeoutSeconds: 2 };
  const [chief, first] = await faultsOf(
    clusters
      .slice(0, 2)
      .map((cluster) => withReplicas(cluster, patience, (collective) => collective.sum(new Float64Array(1)))),
  );
  const { port } = clusters[0].members[2];
  expect(chief).toBe(`did not hear of workerpool1-1 (127.0.0.1:${port}) within 2 s`);
  expect(first).toContain(chief);
  const [alone] = await faultsOf([withReplicas(clusters[1], patience, async () => {})]);
  expect(alone).toMatch(/replica workerpool0-0 \(.*\) could not be reached within 2 s/);
});

test('a replica that was told to train something else is refused by name', async () => {
  const clusters = await clustersOf(2);
  const faults = await faultsOf(
    clusters.map((cluster) =>
      withReplicas(cluster, { ...OPTIONS, agreement: `seed ${cluster.rank}` }, async () => {}),
    ),
  );
  for (const fault of faults)
    expect(fault).toMatch(/replica workerpool1-0 \(.*\) was started otherwise than/);
});

test('a stranger who calls is not let in, and does not keep the replicas from each other', async () => {
  const clusters = await clustersOf(2);
  const chief = withReplicas(clusters[0], OPTIONS, async (collective) => {
    const sum = Float64Array.of(1);
    await collective.sum(sum);
    return sum[0];
  });
  const call = async (words: string | Buffer) => {
    for (;;) {
      const socket = connect(clusters[0].members[0].port, '127.0.0.1');
      const connected = await once(socket, 'connect').catch(() => undefined);
      if (!connected) continue;
      socket.resume().write(words);
      await once(socket, 'close').catch(() => {});
      return;
    }
  };
  await call('GET / HTTP/1.1\r\n\r\n');
  await call(encodeFrame(FrameType.HELLO, 0, Buffer.from('{"rank":9,"replicas":2,"agreement":"train it"}')));
  const other = withReplicas(clusters[1], OPTIONS, async (collective) => {
    const sum = Float64Array.of(2);
    await collective.sum(sum);
    return sum[0];
  });
  expect(await Promise.all([chief, other])).toEqual([3, 3]);
});

test.each([
  [
    'of another protocol',
    Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
    'sent what is not a frame of this protocol',
  ],
  ['of another call', encodeFrame(FrameType.SUM, 2, Buffer.alloc(8)), 'is at another place of the training'],
  ['of another length', encodeFrame(FrameType.SUM, 1, Buffer.alloc(16)), 'sent 16 bytes to be added to 8'],
  ['that ends early', 'end' as const, 'ended the connection before the training was done'],
])('a parent’s answer %s is an error, not a wrong model', async (_, answer, message) => {
  const [, cluster] = await clustersOf(2);
  const parent = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(encodeFrame(FrameType.WELCOME));
      socket.once('data', () => {
        if (answer === 'end') socket.end();
        else socket.write(answer);
      });
    });
  }).listen(cluster.members[0].port, '127.0.0.1');
  const [fault] = await faultsOf([
    withReplicas(cluster, OPTIONS, (collective) => collective.sum(new Float64Array(1))),
  ]);
  expect(fault).toContain(`replica workerpool0-0 (127.0.0.1:${cluster.members[0].port})`);
  expect(fault).toContain(message);
  parent.close();
});

describe('CLUSTER_SPEC', () => {
  const spec = (task: object) =>
    JSON.stringify({
      cluster: {
        workerpool1: ['cmle-training-workerpool1-ab-0:2222', 'cmle-training-workerpool1-ab-1:2222'],
        workerpool0: ['cmle-training-workerpool0-ab-0:2222'],
      },
      environment: 'cloud',
      task,
      job: '{}',
    });

  test('names the primary replica first, and says which one this is', () => {
    const { members, rank } = ClusterSpec.parse(spec({ type: 'workerpool1', index: 1 }));
    expect(members.map(({ name }) => name)).toEqual(['workerpool0-0', 'workerpool1-0', 'workerpool1-1']);
    expect(members[2]).toMatchObject({ host: 'cmle-training-workerpool1-ab-1', port: 2222 });
    expect(rank).toBe(2);
  });

  test.each([
    ['no JSON', 'workerpool0', 'expected JSON'],
    [
      'a task that is not in it',
      spec({ type: 'workerpool2', index: 0 }),
      'workerpool2-0 is not in the cluster',
    ],
    ['an address without a port', '{"cluster":{"workerpool0":["a"]},"task":{}}', 'expected host:port'],
  ])('with %s is refused', (_, text, message) => {
    expect(() => ClusterSpec.parse(text)).toThrow(message);
  });
});
