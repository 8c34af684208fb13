import { z } from 'zod';
import { Approved, type BatonEvent, Deployed, json, RolloutPlan, Superseded } from '../events/index.ts';
import { checkApproval } from './approval-check.ts';
import { championAt, makeChallenger } from './champion.ts';
import {
  createEndpoint,
  deployedModelIdOf,
  deployedModels,
  deploy as deployVersion,
  endpointName,
  findEndpoint,
  shared,
} from './endpoint.ts';
import { type Claimant, FIRST, markDeployed, wasDeployed } from './endpoint-lock.ts';
import { isQueued, nextInLine, takeTurn } from './endpoint-queue.ts';
import type { Endpoint } from './endpoint-update.ts';
import { importEvaluation } from './imported-evaluation.ts';
import { findVersion, isUploading, uploadVersion } from './model-registry.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { haveEnded } from './runtime/long-running.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, type Outcome, pending, type Work } from './runtime/stage.ts';
import { verifyEvaluation } from './runtime/verification.ts';

const Settings = Environment.extend({ BATON_ROLLOUT: json(RolloutPlan) });

/** The operations under way; the next step follows from what exists, not from a counter. */
const State = z.object({ operations: z.array(z.string()) });
type State = z.infer<typeof State>;
type Event = BatonEvent<Approved>;

/**
 * Deploys the approved bytes in production: a model version, the endpoint, the version on the endpoint with the first
 * share of its rollout, or with all of the traffic where nothing serves yet. Each step is a long-running operation;
 * `settle` starts the next when it has ended. One run at a time has the endpoint, and keeps it for its rollout; a run
 * that is older than the one deployed there ends as superseded.
 */
export const deploy = defineStage({
  name: 'deploy',
  input: Approved,
  state: State,

  async start(event, work) {
    checkApproval(event.data);
    // What a first delivery has uploaded is `settle`'s to deploy: it alone may act as the serving account.
    return (await findVersion(work)) ? lookAgain() : nextStep(event, work);
  },

  async ready(outstanding) {
    const queue = outstanding.filter(isQueued);
    const working = outstanding.filter((operation) => !isQueued(operation));
    return [...working, ...(queue.length > 0 ? await nextInLine(queue) : [])];
  },

  async settle({ event, state, resources }, work) {
    if (!(await haveEnded(state.operations))) return pending(resources, state);
    return nextStep(event, work);
  },
});

export const handle = serveStage(deploy);

const waitFor = (...operations: string[]) => pending(operations, { operations });

/** Nothing of ours is under way: the endpoint is another run's, or at work, or has just changed. */
const lookAgain = () => pending([endpointName()], { operations: [] });

/** Looks at what exists and starts the first step that is missing. */
async function nextStep(event: Event, work: Work): Promise<Outcome<State>> {
  const { run, attempt } = work;
  const claimant: Claimant = { stage: 'deploy', run, attempt, sequence: event.sequence ?? FIRST };
  const endpoint = await findEndpoint();
  if (!endpoint) return begin(event, claimant, work);
  if (wasDeployed(endpoint, claimant)) return finished(event, endpoint, work);

  const turn = await takeTurn(endpoint, claimant, work.environment);
  if (turn.kind === 'queued') return lookAgain();
  if (turn.kind === 'superseded') {
    return completed(Superseded, { model: event.data.model, endpoint: String(endpoint.name), by: turn.by });
  }
  return deployAt(turn.endpoint, event, claimant, work);
}

/** The endpoint is created as this run's own, and the version is uploaded meanwhile. */
async function begin(event: Event, claimant: Claimant, work: Work): Promise<Outcome<State>> {
  const version = await findVersion(work);
  if (!version) await verifyEvaluation(event.data);
  const creation = await createEndpoint(claimant, work);
  if (!creation) return lookAgain();
  return version ? waitFor(creation) : waitFor(creation, await uploadVersion(event.data, work));
}

async function deployAt(
  endpoint: Endpoint,
  event: Event,
  claimant: Claimant,
  work: Work,
): Promise<Outcome<State>> {
  const version = await findVersion(work);
  if (!version) {
    // An upload whose answer was lost goes on all the same.
    if (await isUploading(work)) return lookAgain();
    await verifyEvaluation(event.data);
    return waitFor(await uploadVersion(event.data, work));
  }
  const id = deployedModelIdOf(work);
  if (!deployedModels(endpoint).some((deployed) => deployed.id === id)) {
    await importEvaluation(version, event.data, work);
    await makeChallenger(version);
    const [share] = readEnvironment(Settings).BATON_ROLLOUT.steps;
    const champion = await championAt(endpoint, work.environment);
    const split = shared('0', champion ? share : 100, champion && String(champion.id));
    const operation = await deployVersion(endpoint, { id, model: version.resource, run: work.run }, split);
    return operation ? waitFor(operation) : lookAgain();
  }
  const marked = await markDeployed(endpoint, claimant);
  return marked ? finished(event, marked, work) : lookAgain();
}

async function finished(event: Event, endpoint: Endpoint, work: Work): Promise<Outcome<State>> {
  const version = await findVersion(work);
  if (!version) throw new Error(`the version that ${work.run} deployed at ${endpoint.name} is gone`);
  return completed(Deployed, {
    model: { name: version.name, version: version.version, sha256: event.data.artifact.sha256 },
    endpoint: String(endpoint.name),
    deployedModelId: deployedModelIdOf(work),
    trafficSplit: endpoint.trafficSplit ?? {},
    trainTable: event.data.trainTable,
    approved: event.data,
  });
}
