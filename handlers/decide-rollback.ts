import {
  type AttemptKey,
  AttemptRecord,
  type DecisionRequest,
  Deployed,
  Envelope,
  layout,
  parseEvent,
  RollbackRequested,
  starterOf,
  topicOf,
} from '../events/index.ts';
import { checkListed } from './decider.ts';
import { endpointName } from './endpoint.ts';
import { storage } from './runtime/clients.ts';
import type { Environment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import type { Logger } from './runtime/log.ts';
import { readJson, writeJson } from './runtime/objects.ts';
import { publish } from './runtime/outbox.ts';
import { childTrace } from './runtime/trace.ts';

type Asked = Extract<DecisionRequest, { kind: 'rollback' }>;

/**
 * Asks for another version to serve, in the caller's name. The request is an object that only one can create, and what is
 * written is published, for whoever comes next: its writer may have died before. Whoever asks for the same finds it
 * there, and whoever asks for another version comes too late.
 *
 * @returns the event that asks
 * @throws StageFailure with the code of why it is refused; then nothing was asked for in the caller's name
 */
export async function decideRollback(
  asked: Asked,
  caller: string,
  environment: Environment,
  log: Logger,
): Promise<Envelope> {
  checkListed(caller, 'operator');
  const key: AttemptKey = { run: asked.run, stage: 'rollback', attempt: asked.attempt };
  const { BATON_BUCKET: bucket } = environment;
  const standing = (await requestOf(bucket, key)) ?? (await write(asked, key, caller, environment));
  // Once the stage has the request, it is past losing.
  const isHeard = await readJson(bucket, layout.attemptRecord(key), AttemptRecord);
  if (!isHeard) await publish(standing, topicOf(RollbackRequested.name));
  checkSame(asked, standing);
  const { run, from, to, reason } = asked;
  log.with({ ...key })('NOTICE', `${caller} asks for ${to} in place of ${from}, of ${run}: ${reason}`);
  return standing;
}

const requestOf = async (bucket: string, key: AttemptKey): Promise<Envelope | undefined> =>
  (await readJson(bucket, layout.rollbackRequest(key), Envelope))?.value;

async function write(
  asked: Asked,
  key: AttemptKey,
  caller: string,
  environment: Environment,
): Promise<Envelope> {
  const { BATON_BUCKET: bucket } = environment;
  const event = await eventOf(asked, caller, environment);
  if (await writeJson(bucket, layout.rollbackRequest(key), event, '0')) return event;
  const standing = await requestOf(bucket, key);
  if (!standing) throw new Error(`${layout.rollbackRequest(key)} was there, and is gone`);
  return standing;
}

async function eventOf(
  { run, attempt, from, to, reason }: Asked,
  caller: string,
  { GOOGLE_CLOUD_PROJECT: project, BATON_BUCKET: bucket, BATON_MODEL: model }: Environment,
): Promise<Envelope> {
  const { input, sequence, traceparent } = await deploymentOf(bucket, run, from);
  return {
    specversion: '1.0',
    id: `${run}/rollback/${attempt}/${RollbackRequested.name}`,
    source: `//baton.dev/projects/${project}/handlers/decide`,
    type: RollbackRequested.type,
    time: new Date().toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    traceparent: childTrace(run, traceparent),
    ...{ attempt, sequence },
    ...starterOf(input),
    data: RollbackRequested.data.parse({ model, endpoint: endpointName(), from, to, actor: caller, reason }),
  };
}

/** How a run came to deploy a version, as its record says. */
async function deploymentOf(bucket: string, run: Asked['run'], version: string): Promise<AttemptRecord> {
  const prefix = `${layout.run(run)}deploy/`;
  const matchGlob = `${prefix}*/attempt.json`;
  const [files] = await (await storage()).bucket(bucket).getFiles({ prefix, matchGlob });
  for (const { name } of files) {
    const record = (await readJson(bucket, name, AttemptRecord))?.value;
    if (record?.ending?.type !== Deployed.type) continue;
    if (parseEvent(Deployed, record.ending).data.model.version === version) return record;
  }
  throw new StageFailure('BATON_ROLLBACK_OUTDATED', `${run} has deployed no version ${version}`);
}

function checkSame({ run, attempt, from, to }: Asked, standing: Envelope): void {
  const { data, time } = parseEvent(RollbackRequested, standing);
  if (data.from === from && data.to === to) return;
  throw new StageFailure(
    'BATON_ROLLBACK_OUTDATED',
    `at ${time} ${data.actor} asked for ${data.to} in place of ${data.from}, as attempt ${attempt} of ${run}`,
  );
}
