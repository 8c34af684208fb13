import { z } from 'zod';
import { RollbackRequested, RolledBack, Superseded } from '../events/index.ts';
import { deployedAs, makeChampion } from './champion.ts';
import { deployedModelIdOf, deploy as deployVersion, endpointName, findEndpoint } from './endpoint.ts';
import { type Holder, holds, promotionOf, takeForRollback } from './endpoint-lock.ts';
import { giveFree, isWorking } from './endpoint-queue.ts';
import type { Endpoint } from './endpoint-update.ts';
import { findVersionAs, type ModelVersion, uploaderOf } from './model-registry.ts';
import { StageFailure } from './runtime/failure.ts';
import { hasRunning, haveEnded } from './runtime/long-running.ts';
import { serveStage } from './runtime/serve.ts';
import { type Completed, completed, defineStage, type Outcome, pending, type Work } from './runtime/stage.ts';
import { serveAlone } from './serve-alone.ts';

const State = z.object({ operations: z.array(z.string()) });
type State = z.infer<typeof State>;
type Input = z.output<typeof RollbackRequested.data>;

/**
 * Brings another version back, at once. It takes the endpoint from whatever deployment or rollout has it, which sees that
 * and ends. Where the version is still deployed, traffic and aliases have moved before this function answers; the rest is
 * `settle`'s, and where it is not, so is deploying it again, with all of the traffic.
 */
export const rollback = defineStage({
  name: 'rollback',
  input: RollbackRequested,
  state: State,

  async start({ data }, work) {
    const taken = await takeOver(data, work);
    if (taken?.kind === 'completed') return taken;
    if (taken && deployedAs(taken.endpoint, data.to)) await makeChampion(data.to, work.environment);
    return lookAgain();
  },

  ready: async (outstanding) => outstanding,

  async settle({ event, state, resources }, work) {
    if (!(await haveEnded(state.operations))) return pending(resources, state);
    const taken = await takeOver(event.data, work);
    if (taken?.kind === 'completed') return taken;
    return taken ? bringBack(taken.endpoint, event.data, taken.version, work) : lookAgain();
  },

  cleanUp: async (_event, work) => giveFree(holderOf(work)),
});

export const handle = serveStage(rollback);

const holderOf = ({ run, attempt }: Work): Holder => ({ stage: 'rollback', run, attempt });

const waitFor = (operations: string[]) =>
  operations.length > 0 ? pending(operations, { operations }) : lookAgain();

/** Nothing of ours is under way: the endpoint is at work for others, has just changed, or is the next look's to change. */
const lookAgain = () => pending([endpointName()], { operations: [] });

async function bringBack(
  endpoint: Endpoint,
  data: Input,
  version: ModelVersion,
  work: Work,
): Promise<Outcome<State>> {
  const standing = deployedAs(endpoint, version.version);
  if (!standing) return deployAgain(endpoint, version, work);
  const conclusion = await serveAlone(endpoint, standing, work.environment);
  if (conclusion.kind === 'waiting') return waitFor(conclusion.operations);
  // A deployment that was under way when the endpoint was taken would still move the traffic when it ends.
  if (await hasRunning(String(endpoint.name))) return lookAgain();
  return completed(RolledBack, {
    model: version.name,
    from: data.from,
    to: data.to,
    endpoint: String(endpoint.name),
    deployedModelId: String(standing.id),
    trafficSplit: conclusion.endpoint.trafficSplit ?? {},
    cause: 'request',
    actor: data.actor,
    reason: data.reason,
  });
}

/** The endpoint as this rollback has it, and the version that is to serve. */
interface Taken {
  kind: 'ours';
  endpoint: Endpoint;
  version: ModelVersion;
}

const TRIES = 5;

/**
 * Takes the endpoint, and where the version is deployed gives it all of the traffic in the same write: whoever had read
 * the endpoint before can't write any more. What was asked is overtaken where the version that was to go has gone.
 *
 * @returns `undefined` while another rollback is at it, or others change the endpoint all the time
 */
async function takeOver(
  { model, from, to, endpoint: name }: Input,
  work: Work,
): Promise<Taken | Completed | undefined> {
  const version = await findVersionAs(to, work.environment);
  if (!version) throw precondition(`there is no version ${to} of ${model}`);
  const holder = holderOf(work);
  for (let tried = 0; tried < TRIES; tried++) {
    const endpoint = await findEndpoint();
    if (endpoint?.name !== name) throw precondition(`there is no endpoint ${name}`);
    if (holds(endpoint, holder)) return { kind: 'ours', endpoint, version };
    const { holder: standing, deployed } = promotionOf(endpoint);
    if (standing?.stage === 'rollback' && (await isWorking(standing, work.environment))) return undefined;
    if (!deployedAs(endpoint, from)) {
      if (!deployed) throw precondition(`version ${from}, which was to go, is not deployed at ${name}`);
      const { run, sequence } = deployed;
      const by = { run, sequence, ...(run === work.run && { stage: 'rollout' as const }) };
      return completed(Superseded, { model, endpoint: name, by });
    }
    const target = deployedAs(endpoint, to);
    const taken = await takeForRollback(endpoint, holder, target && { [String(target.id)]: 100 });
    if (taken) return { kind: 'ours', endpoint: taken, version };
  }
  return undefined;
}

/** All of the traffic moves in the moment in which the version serves again. */
async function deployAgain(endpoint: Endpoint, version: ModelVersion, work: Work): Promise<Outcome<State>> {
  const run = uploaderOf(version)?.run ?? work.run;
  const operation = await deployVersion(
    endpoint,
    { id: deployedModelIdOf(work), model: version.resource, run },
    { 0: 100 },
  );
  return waitFor(operation ? [operation] : []);
}

const precondition = (reason: string) => new StageFailure('BATON_PRECONDITION', reason);
