import { z } from 'zod';
import { Approved, type BatonEvent, Deployed, type Evaluation, Superseded } from '../events/index.ts';
import { checkApproval } from './approval-check.ts';
import {
  createEndpoint,
  deployedModelIdOf,
  deploy as deployVersion,
  type Endpoint,
  endpointName,
  findEndpoint,
  idleDeployments,
  undeploy,
} from './endpoint.ts';
import { type Deployment, FIRST, releaseLock, wasDeployed } from './endpoint-lock.ts';
import { isQueued, nextInLine, takeTurn } from './endpoint-queue.ts';
import { findVersion, isUploading, uploadVersion } from './model-registry.ts';
import { haveEnded } from './runtime/long-running.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, type Outcome, pending, type Work } from './runtime/stage.ts';
import { verifyEvaluation } from './runtime/verification.ts';

/** The operations under way; the next step follows from what exists, not from a counter. */
const State = z.object({ operations: z.array(z.string()) });
type State = z.infer<typeof State>;

/**
 * Deploys the approved bytes in production: a model version, the endpoint, the version on the endpoint with its
 * share of the traffic. Each step is a long-running operation; `settle` starts the next when it has ended. One run
 * at a time deploys at the endpoint, and a run that is older than the one deployed there ends as superseded.
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
async function nextStep(event: BatonEvent<Evaluation>, work: Work): Promise<Outcome<State>> {
  const deployment = { run: work.run, attempt: work.attempt, sequence: event.sequence ?? FIRST };
  const endpoint = await findEndpoint();
  if (!endpoint) return begin(event, deployment, work);
  if (wasDeployed(endpoint, deployment)) return finished(event, endpoint, work);

  const turn = await takeTurn(endpoint, deployment, work.environment);
  if (turn.kind === 'queued') return lookAgain();
  if (turn.kind === 'superseded') {
    const { run, sequence } = turn.by;
    return completed(Superseded, {
      model: event.data.model,
      endpoint: String(endpoint.name),
      by: { run, sequence },
    });
  }
  return deployAt(turn.endpoint, event, deployment, work);
}

/** The endpoint is created as this run's own, and the version is uploaded meanwhile. */
async function begin(
  event: BatonEvent<Evaluation>,
  deployment: Deployment,
  work: Work,
): Promise<Outcome<State>> {
  const version = await findVersion(work);
  if (!version) await verifyEvaluation(event.data);
  const creation = await createEndpoint(deployment, work);
  if (!creation) return lookAgain();
  return version ? waitFor(creation) : waitFor(creation, await uploadVersion(event.data, work));
}

async function deployAt(
  endpoint: Endpoint,
  event: BatonEvent<Evaluation>,
  deployment: Deployment,
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
  if (!endpoint.deployedModels?.some((deployed) => deployed.id === id)) {
    const operation = await deployVersion(endpoint, { id, model: version.resource }, work);
    return operation ? waitFor(operation) : lookAgain();
  }
  const [idle] = idleDeployments(endpoint, id);
  if (idle) {
    const operation = await undeploy(endpoint, idle);
    return operation ? waitFor(operation) : lookAgain();
  }
  const released = await releaseLock(endpoint, deployment);
  return released ? finished(event, released, work) : lookAgain();
}

async function finished(
  event: BatonEvent<Evaluation>,
  endpoint: Endpoint,
  work: Work,
): Promise<Outcome<State>> {
  const version = await findVersion(work);
  if (!version) throw new Error(`the version that ${work.run} deployed at ${endpoint.name} is gone`);
  return completed(Deployed, {
    model: { name: version.name, version: version.version, sha256: event.data.artifact.sha256 },
    endpoint: String(endpoint.name),
    deployedModelId: deployedModelIdOf(work),
    trafficSplit: endpoint.trafficSplit ?? {},
    trainTable: event.data.trainTable,
  });
}
