import { z } from 'zod';
import {
  DatasetReady,
  type Delivery,
  type DroppedFile,
  layout,
  parseEvent,
  type RunId,
  RunRequested,
  runIdOf,
  sequenceOf,
} from '../events/index.ts';
import {
  causeOf,
  type Drop,
  dropOf,
  generationsOf,
  isComplete,
  lookAtDrop,
  missingFile,
  openRun,
} from './drop.ts';
import { inspectFile } from './drop-inspection.ts';
import { expectNoMore, expectRest } from './missing-file.ts';
import { type Answer, makeAttempt } from './runtime/attempt.ts';
import { bigquery } from './runtime/clients.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { isAlreadyExists, StageFailure } from './runtime/failure.ts';
import { attemptFor, type EventDelivery, rejection } from './runtime/handle-event.ts';
import { labelsOfStage } from './runtime/labels.ts';
import type { Logger } from './runtime/log.ts';
import type { ObjectStat } from './runtime/objects.ts';
import { keepMessage } from './runtime/parked-message.ts';
import { serve } from './runtime/serve.ts';
import { completed, type Outcome, type Work, workOn } from './runtime/stage.ts';
import { readWorkload } from './runtime/workload.ts';

const Settings = Environment.extend({
  BATON_WORKLOAD: z.string(),
  BATON_DATASET: z.string(),
});

/** Wakes for each object that lands under `datasets/`, and starts a run when its drop is complete or asked for. */
export const handle = serve(async (delivery, environment, logger) => {
  if (delivery.kind === 'event') return startRequested(delivery, environment, logger);
  if (delivery.kind !== 'object') {
    logger('WARNING', `prepare takes storage notifications, and ignores a delivery of kind ${delivery.kind}`);
    return 'acknowledge';
  }
  const name = dropOf(delivery.object);
  if (!name || delivery.change !== 'OBJECT_FINALIZE') {
    logger('INFO', `ignored ${delivery.change} of ${delivery.object}: no drop's train.csv or eval.csv`);
    return 'acknowledge';
  }
  const seen = await lookAtDrop(delivery.bucket, name);
  if (isComplete(seen)) return startLanded(seen, delivery, environment, logger);
  await expectRest(seen, delivery.deliveryId, environment);
  // The rest may have landed meanwhile, and its run begun, which then took away no expectation.
  const drop = await lookAtDrop(delivery.bucket, name);
  if (isComplete(drop)) {
    await expectNoMore(drop, environment);
    return startLanded(drop, delivery, environment, logger);
  }
  logger('INFO', `drop ${name} waits for ${missingFile(drop)}`);
  return 'acknowledge';
});

function startLanded(
  drop: Drop,
  { deliveryId, push }: Extract<Delivery, { kind: 'object' }>,
  environment: Environment,
  logger: Logger,
): Promise<Answer> {
  const attempt = { run: runIdOf(drop.name, generationsOf(drop)), stage: 'prepare', attempt: 1 } as const;
  const work = workOn(attempt, undefined, environment, logger);
  const claim = {
    ...attempt,
    cause: causeOf(drop, deliveryId),
    traceparent: work.traceparent,
    sequence: sequenceOf(generationsOf(drop)),
  };
  // The message at work may be the first file's, of which another copy was acknowledged before the second file landed.
  return makeAttempt(claim, push, work, () => prepare(drop, work), 'may be gone');
}

/** A run that a person, a schedule or a replay asks for. Its first attempt is that of the files' notifications. */
async function startRequested(
  delivery: EventDelivery,
  environment: Environment,
  logger: Logger,
): Promise<Answer> {
  const { event, push, deliveryId } = delivery;
  const { claim, work } = attemptFor('prepare', delivery, environment, logger);
  const reject = rejection(delivery, RunRequested.type);
  if (reject) {
    await keepMessage(push, work, claim, reject);
    return 'acknowledge';
  }
  const { bucket, drop: name, occasion } = parseEvent(RunRequested, event).data;
  const drop = await lookAtDrop(bucket, name);
  const requested = {
    ...claim,
    ...(event.attempt === 1 && { cause: causeOf(drop, deliveryId) }),
    sequence: sequenceOf(generationsOf(drop)),
  };
  const start = async () => {
    checkUnchanged(drop, event.correlationid, occasion);
    return prepare(drop, work);
  };
  return makeAttempt(requested, push, work, start, 'may be gone');
}

/** A run is about two object generations, and its id follows from them. */
function checkUnchanged(drop: Drop, run: RunId, occasion: string | undefined): void {
  const folder = `gs://${drop.bucket}/${layout.drop(drop.name)}`;
  if (!isComplete(drop)) {
    throw new StageFailure('BATON_FILE_MISSING', `${folder} has no ${missingFile(drop)}`);
  }
  const now = runIdOf(drop.name, generationsOf(drop), occasion);
  if (now === run) return;
  throw new StageFailure(
    'BATON_PRECONDITION',
    `the files in ${folder} are not those of ${run} any more: the run of what lies there now is ${now}`,
  );
}

/** Checks the drop's files, and makes sure that the run has a dataset to ingest into. */
async function prepare(drop: Drop, work: Work): Promise<Outcome<never>> {
  const settings = readEnvironment(Settings);
  await Promise.all([openRun(work.run, drop, work), expectNoMore(drop, work.environment)]);
  const workload = await readWorkload(settings.BATON_WORKLOAD);
  const files = { train: droppedFile(drop.files.train), eval: droppedFile(drop.files.eval) };
  for (const file of Object.values(files)) await inspectFile(drop.bucket, file, workload);
  await ensureDataset(settings);
  return completed(DatasetReady, {
    model: settings.BATON_MODEL,
    drop: { name: drop.name, bucket: drop.bucket, files },
    dataset: `${settings.GOOGLE_CLOUD_PROJECT}.${settings.BATON_DATASET}`,
  });
}

function droppedFile(stat: ObjectStat | undefined): DroppedFile {
  if (!stat) throw new Error('a run is prepared for a drop that is not complete');
  const { object, generation, bytes } = stat;
  return { object, generation, bytes };
}

async function ensureDataset(settings: z.output<typeof Settings>): Promise<void> {
  const dataset = (await bigquery()).dataset(settings.BATON_DATASET);
  const [exists] = await dataset.exists();
  if (exists) return;
  try {
    await dataset.create({
      location: settings.BATON_REGION,
      labels: labelsOfStage(settings, 'prepare'),
      ...(settings.BATON_KMS_KEY && {
        defaultEncryptionConfiguration: { kmsKeyName: settings.BATON_KMS_KEY },
      }),
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
