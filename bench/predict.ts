import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { AttemptRecord, EvalPassed, layout, parseGcsUri, RunId } from '../events/index.ts';
import { connectThisProcess } from '../local/network/connect.ts';
import { type Container, startContainer } from '../test/workloads/serve-container.ts';
import { ContainerStorage } from '../test/workloads/serve-storage.ts';
import { InstanceSchema } from '../workloads/census/model/features.ts';
import { SavedModel } from '../workloads/census/model/saved-model.ts';
import { closedLoop, type Latency } from './closed-loop.ts';
import { startEndpoint } from './running-endpoint.ts';

/**
 * Measures predictions of the model that the chain deploys, in four ways: the model alone, in this process; a
 * prediction server (a process of the serving container) over HTTP; and the endpoint, by Vertex AI's official
 * client over gRPC and by Google's auth library over REST, both through the local cloud. Each way calls in a closed
 * loop, with batches of several sizes.
 */
const { values } = parseArgs({
  options: { data: { type: 'string' }, seconds: { type: 'string', default: '3' } },
});
const BATCHES = [1, 10, 100, 1000];
const CONCURRENCIES = [1, 8];

interface Way {
  name: string;
  concurrencies: number[];
  processorSeconds?: () => number;
  /** A call with a batch of as many instances. */
  caller: (rows: number) => () => Promise<void> | void;
}

console.log(`node ${process.version}, ${cpus().length} cores, ${values.data ?? 'a synthetic sample'}`);
const cloud = await startEndpoint(values.data);
const storage = await ContainerStorage.start();
let server: Container | undefined;
try {
  await connectThisProcess(cloud.environment);
  const { model, text, instances } = await readRun();
  await storage.put('gs://copies/1/model.json', text);
  server = startContainer('serve', storage, {
    env: {
      AIP_STORAGE_URI: 'gs://copies/1',
      AIP_HTTP_PORT: '0',
      AIP_HEALTH_ROUTE: '/health',
      AIP_PREDICT_ROUTE: '/predict',
    },
  });
  const batchOf = (rows: number) =>
    Array.from({ length: rows }, (_, row) => instances[row % instances.length]);
  const ways: Way[] = [
    {
      name: 'the model, in process',
      concurrencies: [1],
      processorSeconds: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
      caller: (rows) => {
        const batch = batchOf(rows);
        return () => void batch.map((instance) => model.predict(instance));
      },
    },
    await serverWay(server, batchOf),
    await grpcWay(batchOf),
    await restWay(batchOf),
  ];
  const alone = new Map<number, Latency>();
  console.log(
    '| way | batch | concurrency | p50 ms | p99 ms | rows/s | processor ms per call | beyond the model |',
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const way of ways) {
    for (const rows of BATCHES) {
      for (const concurrency of way.concurrencies) {
        const latency = await closedLoop(way.caller(rows), {
          concurrency,
          seconds: Number(values.seconds),
          processorSeconds: way.processorSeconds,
        });
        if (way === ways[0]) alone.set(rows, latency);
        printRow(way, rows, concurrency, latency, alone.get(rows)?.processor ?? 0);
      }
    }
  }
} finally {
  server?.process.kill('SIGTERM');
  await storage.close();
  await cloud.close();
}
// Whatever a client library keeps open must not keep this process.
process.exit();

/** The last figure is the share of the answering process's time that isn't the model's own. */
function printRow(way: Way, rows: number, concurrency: number, latency: Latency, model: number): void {
  const { p50, p99, callsPerSecond, processor } = latency;
  const shared = Number.isNaN(processor) ? '' : `${(100 * (1 - model / processor)).toFixed(0)} %`;
  const figures = [p50.toFixed(3), p99.toFixed(3), (callsPerSecond * rows).toFixed(0)];
  const spent = Number.isNaN(processor) ? '' : processor.toFixed(3);
  console.log(`| ${[way.name, rows, concurrency, ...figures, spent, shared].join(' | ')} |`);
}

/** Of another process, in clock ticks of a hundredth of a second (Linux only: it reads /proc). */
function processorSecondsOf(pid: number): number {
  const [, fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return (user + system) / 100;
}

/** The deployed model, and the instances that the evaluator predicted offline. */
async function readRun() {
  const { Storage } = await import('@google-cloud/storage');
  const run = RunId.parse(cloud.report.run);
  const bucket = new Storage().bucket(parseGcsUri(cloud.report.folders[0]).bucket);
  const read = async (name: string) => (await bucket.file(name).download())[0].toString('utf8');
  const text = await read(`${layout.attempt(run, 'train', 1)}model/model.json`);
  const model = SavedModel.parse(text);
  const evaluated = layout.attemptRecord({ run, stage: 'evaluate', attempt: 1 });
  const { ending } = AttemptRecord.parse(JSON.parse(await read(evaluated)));
  const { samples } = EvalPassed.data.parse(ending?.data);
  const lines = (await read(parseGcsUri(samples).object)).trimEnd().split('\n');
  return { model, text, instances: lines.map((line) => InstanceSchema.parse(JSON.parse(line).instance)) };
}

async function serverWay(
  { process: server, log, exited }: Container,
  batchOf: (rows: number) => object[],
): Promise<Way> {
  const ended = exited.then((code) => Promise.reject(new Error(`the prediction server ended with ${code}`)));
  ended.catch(() => {});
  const serving = async () => {
    while (!log.some(({ message }) => message.startsWith('serving')))
      await new Promise((next) => setTimeout(next, 50));
  };
  await Promise.race([serving(), ended]);
  const port = Number(log.find(({ port }) => port !== undefined)?.port);
  const agent = new Agent({ keepAlive: true });
  return {
    name: 'prediction server, HTTP',
    concurrencies: CONCURRENCIES,
    processorSeconds: () => processorSecondsOf(server.pid ?? 0),
    caller: (rows) => {
      const body = JSON.stringify({ instances: batchOf(rows) });
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      return async () => {
        const call = request({ port, agent, method: 'POST', path: '/predict', headers });
        call.end(body);
        const [response] = await once(call, 'response');
        let answer = '';
        for await (const chunk of response.setEncoding('utf8')) answer += chunk;
        if (response.statusCode !== 200) throw new Error(answer);
        JSON.parse(answer);
      };
    },
  };
}

async function grpcWay(batchOf: (rows: number) => object[]): Promise<Way> {
  const { PredictionServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/prediction_service_client.js'
  );
  const { toValue } = (await import('@google-cloud/aiplatform/build/src/index.js')).helpers;
  const endpoint = cloud.report.endpoint ?? '';
  const client = new PredictionServiceClient({ apiEndpoint: hostOf(endpoint) });
  return {
    name: 'endpoint, official client over gRPC',
    concurrencies: CONCURRENCIES,
    caller: (rows) => {
      const instances = batchOf(rows).map((instance) => toValue(instance)!);
      return async () => {
        await client.predict({ endpoint, instances });
      };
    },
  };
}

async function restWay(batchOf: (rows: number) => object[]): Promise<Way> {
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
  const endpoint = cloud.report.endpoint ?? '';
  return {
    name: 'endpoint, REST',
    concurrencies: CONCURRENCIES,
    caller: (rows) => {
      const data = { instances: batchOf(rows) };
      const url = `https://${hostOf(endpoint)}/v1/${endpoint}:predict`;
      return async () => {
        await auth.request({ url, method: 'POST', data });
      };
    },
  };
}

function hostOf(endpoint: string): string {
  return `${endpoint.split('/')[3]}-aiplatform.googleapis.com`;
}
