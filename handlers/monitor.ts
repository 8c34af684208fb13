import { z } from 'zod';
import { type BatonEvent, Deployed, Monitored } from '../events/index.ts';
import { createJob, findJob, type MonitoringJob, objectivesFor, updateJob } from './monitoring-job.ts';
import { vertexEndpoints } from './runtime/clients.ts';
import { withEndedOperations } from './runtime/ended-operations.ts';
import { isNotFound } from './runtime/failure.ts';
import { hasEnded } from './runtime/long-running.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, type Outcome, pending, type Work } from './runtime/stage.ts';

const State = z.object({ operation: z.string() });
type Input = z.output<typeof Deployed.data>;

/**
 * Sets the endpoint's monitoring job to watch every model that it serves now. Vertex AI allows one job per
 * endpoint and needs an objective per deployed model, so a second deployment updates the first one's job.
 */
export const monitor = defineStage({
  name: 'monitor',
  input: Deployed,
  state: State,

  async start(event, work) {
    const deployedModelIds = await servedModels(event.data.endpoint);
    try {
      return await watch(event, deployedModelIds, work);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // The rollout goes on meanwhile, and may have undeployed one.
      const served = await servedModels(event.data.endpoint);
      if (deployedModelIds.every((id) => served.includes(id))) throw error;
      return watch(event, served, work);
    }
  },

  ready: withEndedOperations,

  async settle({ event, state, resources }, work) {
    if (!(await hasEnded(state.operation))) return pending(resources, state);
    const job = await findJob(event.data.endpoint, work.environment);
    if (!job) throw new Error(`the monitoring job of ${event.data.endpoint} was updated and is gone`);
    return finished(event, job);
  },
});

export const handle = serveStage(monitor);

async function watch(
  event: BatonEvent<Input>,
  deployedModelIds: string[],
  { environment }: Work,
): Promise<Outcome<z.infer<typeof State>>> {
  const { endpoint, trainTable } = event.data;
  const objectives = objectivesFor(deployedModelIds, trainTable);
  const standing = await findJob(endpoint, environment);
  if (!standing) return finished(event, await createJob(endpoint, objectives, trainTable));
  const operation = await updateJob(standing, objectives);
  return pending([operation], { operation });
}

function finished(event: BatonEvent<Input>, job: MonitoringJob) {
  return completed(Monitored, {
    monitoringJob: String(job.name),
    endpoint: event.data.endpoint,
    deployedModelIds: (job.modelDeploymentMonitoringObjectiveConfigs ?? []).map((objective) =>
      String(objective.deployedModelId),
    ),
  });
}

async function servedModels(endpoint: string): Promise<string[]> {
  const [{ deployedModels }] = await (await vertexEndpoints()).getEndpoint({ name: endpoint });
  return (deployedModels ?? []).map((deployed) => String(deployed.id));
}
