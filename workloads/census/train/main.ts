import { hostname } from 'node:os';
import { z } from 'zod';
import {
  decimal,
  GcsFolder,
  GcsObject,
  integer,
  parseArguments,
  parseEnvironment,
} from '../container/arguments.ts';
import { log } from '../container/log.ts';
import { runContainer } from '../container/run.ts';
import { writeObject } from '../files/gcs.ts';
import { JobEnvironment, writeMarker } from '../files/marker.ts';
import { readSnapshot } from '../files/snapshot.ts';
import { DEFAULTS } from '../model/hyperparameters.ts';
import { ONNX_FILE, toOnnx } from '../model/onnx.ts';
import { MODEL_FILE } from '../model/saved-model.ts';
import { eventFile, eventFileName, type Scalar } from '../model/tensorboard.ts';
import { toXgboost, XGBOOST_FILE } from '../model/xgboost.ts';
import { ClusterSpec, describeMember } from './replicas/cluster-spec.ts';
import { withReplicas } from './replicas/with-replicas.ts';
import { trainCensus } from './train.ts';

/** The container's arguments; the job's own ones first, then what a training may be tuned by. */
const Arguments = z.object({
  train: GcsFolder,
  marker: GcsObject,
  trees: integer(1, 10_000).default(DEFAULTS.trees),
  'learning-rate': decimal(1e-6, 1).default(DEFAULTS.learningRate),
  leaves: integer(2, 1024).default(DEFAULTS.leaves),
  'min-leaf': integer(1, 1_000_000).default(DEFAULTS.minLeaf),
  lambda: decimal(0, 1_000_000).default(DEFAULTS.lambda),
  'row-sample': decimal(0.01, 1).default(DEFAULTS.rowSample),
  seed: integer(0, 2 ** 32 - 1).default(DEFAULTS.seed),
  /** How long, in seconds, the job's other replicas may take to be there. */
  'join-timeout': integer(1, 86_400).default(600),
});

const Environment = JobEnvironment.extend({
  AIP_MODEL_DIR: GcsFolder,
  AIP_TENSORBOARD_LOG_DIR: GcsFolder,
  CLUSTER_SPEC: ClusterSpec.optional(),
});

await runContainer(async () => {
  const args = parseArguments(Arguments, process.argv.slice(2));
  const environment = parseEnvironment(Environment);
  const hyperparameters = {
    trees: args.trees,
    learningRate: args['learning-rate'],
    leaves: args.leaves,
    minLeaf: args['min-leaf'],
    lambda: args.lambda,
    rowSample: args['row-sample'],
    seed: args.seed,
  };

  const cluster = environment.CLUSTER_SPEC;
  const agreement = JSON.stringify({ job: environment.CLOUD_ML_JOB_ID, ...args });
  const options = { agreement, timeoutSeconds: args['join-timeout'] };
  const curve: Scalar[] = [];
  const startTime = Date.now() / 1000;
  const model = await withReplicas(cluster, options, async (collective) => {
    const shard = { index: collective.rank, count: cluster?.members.length ?? 1 };
    const table = await readSnapshot(args.train, shard);
    log('INFO', `read ${table.rows} rows from ${args.train}`, { rows: table.rows });
    const [begin, processor] = [performance.now(), process.cpuUsage()];
    const onRound = (trees: number, logLoss: number) => {
      curve.push({ tag: 'train/log_loss', step: trees, value: logLoss, wallTime: Date.now() / 1000 });
      if (trees % 10 === 0) log('INFO', `${trees} trees: log loss ${logLoss.toFixed(5)}`, { trees, logLoss });
    };
    const model = await trainCensus(table, hyperparameters, onRound, collective);
    const seconds = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(processor);
    log('INFO', `trained in ${seconds.toFixed(2)} s`, { seconds, processorSeconds: (user + system) / 1e6 });
    return model;
  });
  if (cluster && cluster.rank > 0) {
    log('INFO', `the chief, ${describeMember(cluster.members[0])}, writes the model`);
    return;
  }

  const { AIP_MODEL_DIR: folder, AIP_TENSORBOARD_LOG_DIR: logs } = environment;
  const octets = 'application/octet-stream';
  await Promise.all([
    writeObject(`${folder}${MODEL_FILE}`, model.serialize(hyperparameters), 'application/json'),
    writeObject(`${folder}${XGBOOST_FILE}`, toXgboost(model.ensemble), 'application/json'),
    writeObject(`${folder}${ONNX_FILE}`, toOnnx(model.ensemble, model.categories), octets),
    writeObject(`${logs}${eventFileName(startTime, hostname())}`, eventFile(startTime, curve), octets),
  ]);
  log('INFO', `wrote the model to ${folder}`);

  await writeMarker(args.marker, environment);
});
