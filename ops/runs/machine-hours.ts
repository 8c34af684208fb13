import { Deployed, TENANT_OF, type Tenant } from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { type MachineUse, useOfCustomJob, useOfDataflowJob, useOfDeployedModel } from './machine-use.ts';
import type { StageView } from './run-view.ts';

const CUSTOM_JOB = /^projects\/[^/]+\/locations\/([^/]+)\/customJobs\/\d+$/;
/** Dataflow's ids begin with the second in which the job was made. */
const DATAFLOW_JOB = /^\d{4}(-\d\d){2}(_\d\d){3}-\d+$/;
const NOT_FOUND = 5;

/** What machines an attempt of a stage has used, asked of the services that ran them. */
export async function machinesOf(session: Session, stage: StageView, now: Date): Promise<MachineUse[]> {
  const jobs = (stage.operation ?? []).flatMap((resource) => useOf(session, resource, stage, now) ?? []);
  const deployed = Deployed.data.safeParse(
    stage.event?.type === Deployed.type ? stage.event.data : undefined,
  );
  const serving = deployed.success
    ? [useOfServing(session, deployed.data.endpoint, deployed.data.deployedModelId, now)]
    : [];
  return Promise.all([...jobs, ...serving]);
}

/** Of a job; an operation that is none uses no machine of its own. */
function useOf(
  { clients, environment }: Session,
  resource: string,
  { stage }: StageView,
  now: Date,
): Promise<MachineUse> | undefined {
  const [, region] = CUSTOM_JOB.exec(resource) ?? [];
  if (region) {
    return orUnknown(resource, async () => {
      const [job] = await (await clients.vertexJobs(region)).getCustomJob({ name: resource });
      return useOfCustomJob(resource, job, now);
    });
  }
  if (!DATAFLOW_JOB.test(resource)) return undefined;
  const tenant: Tenant = TENANT_OF[stage];
  const { project: projectId, region: location } = environment[tenant];
  return orUnknown(resource, async () => {
    const request = { projectId, location, jobId: resource, view: 'JOB_VIEW_ALL' as const };
    const [job] = await (await clients.dataflowJobs()).getJob(request);
    return useOfDataflowJob(resource, job, now);
  });
}

function useOfServing({ clients }: Session, name: string, id: string, now: Date): Promise<MachineUse> {
  return orUnknown(`${name}/deployedModels/${id}`, async () => {
    const [, , , region] = name.split('/');
    const [endpoint] = await (await clients.vertexEndpoints(region)).getEndpoint({ name });
    return useOfDeployedModel(endpoint, id, now);
  });
}

/** A run is described also where the service has forgotten its jobs, or keeps them from whoever asks. */
async function orUnknown(resource: string, ask: () => Promise<MachineUse>): Promise<MachineUse> {
  try {
    return await ask();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string };
    return { resource, machines: [], unknown: code === NOT_FOUND ? 'gone' : (message ?? String(error)) };
  }
}
