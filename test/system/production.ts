import type { LocalCloud } from '../../local/cloud.ts';
import { clientsOf } from '../../ops/clients.ts';
import type { Stack } from '../../ops/environments/environment.ts';
import { type ModelView, readModel } from '../../ops/models/registry.ts';

/** The model in production: its versions, what serves, and what is asked of it. */
export class Production {
  readonly #cloud: LocalCloud;

  constructor(cloud: LocalCloud) {
    this.#cloud = cloud;
  }

  /** As `baton models list`, without a process for each look. */
  models(): Promise<ModelView> {
    const { nonprod, prod } = this.#cloud.outputs() as Record<'nonprod' | 'prod', Stack>;
    const environment = { name: 'test', nonprod, prod, variables: {} };
    return readModel({ environment, clients: clientsOf(environment) });
  }

  /** `2 challenger 25`: each version that is deployed or has an alias of its own. */
  async serving(): Promise<string[]> {
    return (await this.models()).versions.flatMap(({ version, aliases, share }) => {
      const own = aliases.filter((alias) => alias !== 'default');
      return share === undefined && own.length === 0 ? [] : [[version, ...own, share].join(' ')];
    });
  }

  /** The deployed models that the monitoring job watches. */
  async watchedModels(): Promise<string[]> {
    const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
    const client = new JobServiceClient({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
    const parent = `projects/${this.#cloud.output('prod', 'project')}/locations/us-central1`;
    const [[job]] = await client.listModelDeploymentMonitoringJobs({ parent });
    return (job.modelDeploymentMonitoringObjectiveConfigs ?? []).map((it) => String(it.deployedModelId));
  }

  /** Asks for predictions that every version fails on. */
  async failingRequests(count: number): Promise<void> {
    const { GoogleAuth } = await import('google-auth-library');
    const client = await new GoogleAuth().getClient();
    const url = `https://us-central1-aiplatform.googleapis.com/v1/${this.#cloud.output('prod', 'endpoint')}:predict`;
    const data = { instances: [{ amount: 'fail' }] };
    const ask = () => client.request({ url, method: 'POST', data, validateStatus: () => true });
    for (let sent = 0; sent < count; sent += 10) await Promise.all(Array.from({ length: 10 }, ask));
  }
}
