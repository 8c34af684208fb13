import { z } from 'zod';
import { type BatonEvent, Deployed, Monitored } from '../events/index.ts';
import { createJob, findJob, type MonitoringJob, objectivesFor, updateJob } from './monitoring-job.ts';
import { vertexEndpoints } from './runtime/clients.ts';
import { withEndedOperations } from './runtime/ended-operations.ts';
import { hasEnded } from './runtime/long-running.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, pending } from './runtime/stage.ts';

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
    const objectives = objectivesFor(deployedModelIds, event.data.trainTable);
    const standing = await findJob(event.data.endpoint, work.environment);
    if (!standing) {
      return finished(event, await createJob(event.data.endpoint, objectives, event.data.trainTable));
    }
    const operation = await updateJob(standing, objectives);
    return pending([operation], { operation });
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
