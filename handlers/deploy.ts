import { z } from 'zod';
import { type BatonEvent, Deployed, EvalPassed, type Evaluation } from '../events/index.ts';
import {
  createEndpoint,
  deployedModelIdOf,
  deploy as deployVersion,
  findEndpoint,
  idleDeployments,
  undeploy,
} from './endpoint.ts';
import { findVersion, uploadVersion } from './model-registry.ts';
import { verifyArtifact } from './runtime/artifact.ts';
import { hasEnded } from './runtime/long-running.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, type Outcome, pending, type Work } from './runtime/stage.ts';

/** The operation under way; the next step follows from what exists, not from a counter. */
const State = z.object({ operation: z.string() });
type State = z.infer<typeof State>;

/**
 * Deploys the evaluated bytes in production: a model version, the endpoint, the version on the endpoint with its
 * share of the traffic. Each step is one long-running operation; `settle` starts the next when it has ended.
 */
export const deploy = defineStage({
  name: 'deploy',
  input: EvalPassed,
  state: State,

  async start(event, work) {
    await verifyArtifact(event.data.artifact);
    return nextStep(event, work);
  },

  async settle({ event, state, resources }, work) {
    if (!(await hasEnded(state.operation))) return pending(resources, state);
    return nextStep(event, work);
  },
});

export const handle = serveStage(deploy);

/** Looks at what exists and starts the first step that is missing. */
async function nextStep(event: BatonEvent<Evaluation>, work: Work): Promise<Outcome<State>> {
  const waitFor = (operation: string) => pending([operation], { operation });
  const version = await findVersion(work);
  if (!version) return waitFor(await uploadVersion(event.data, work));

  const endpoint = await findEndpoint();
  if (!endpoint) return waitFor(await createEndpoint(work));

  const id = deployedModelIdOf(work.run);
  if (!endpoint.deployedModels?.some((deployed) => deployed.id === id)) {
    return waitFor(await deployVersion(endpoint, { id, model: version.resource }, work));
  }
  const [idle] = idleDeployments(endpoint, id);
  if (idle) return waitFor(await undeploy(endpoint, idle));

  return completed(Deployed, {
    model: { name: version.name, version: version.version, sha256: event.data.artifact.sha256 },
    endpoint: String(endpoint.name),
    deployedModelId: id,
    trafficSplit: endpoint.trafficSplit ?? {},
    trainTable: event.data.trainTable,
  });
}
