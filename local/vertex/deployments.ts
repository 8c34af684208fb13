import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { ContainerRuntime, LogSink } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { ContainerLog } from './container-log.ts';
import { expand, resolveVariables } from './container-variables.ts';
import type { ModelRecords } from './model-records.ts';
import { parseName, tenantProject } from './names.ts';
import { PredictionServer, type ServerPlan } from './prediction-server.ts';
import { servingVariables } from './serving-variables.ts';
import { durationMs } from './values.ts';

type DeployedModel = google.cloud.aiplatform.v1.IDeployedModel;

const DEFAULT_DEPLOYMENT_TIMEOUT_MS = 30 * 60 * 1000;

export interface DeploymentDependencies {
  records: ModelRecords;
  containers: ContainerRuntime;
  logs: LogSink;
  projectNumber: (project: string) => string;
}

/** The prediction servers of all deployed models. */
export class Deployments {
  readonly #dependencies: DeploymentDependencies;
  readonly #servers = new Map<string, PredictionServer>();

  constructor(dependencies: DeploymentDependencies) {
    this.#dependencies = dependencies;
  }

  /** Starts the server of a model and waits until it is healthy. Throws with its last output when it isn't in time. */
  async start(endpoint: string, deployed: DeployedModel, signal: AbortSignal): Promise<void> {
    const server = new PredictionServer(this.#dependencies.containers, this.#plan(endpoint, deployed));
    this.#servers.set(key(endpoint, deployed.id), server);
    try {
      await server.start(this.#timeout(deployed), signal);
    } catch (error) {
      this.#servers.delete(key(endpoint, deployed.id));
      throw error;
    }
  }

  /** Brings a deployment of an earlier start back, in the background. */
  resume(endpoint: string, deployed: DeployedModel): void {
    const server = new PredictionServer(this.#dependencies.containers, this.#plan(endpoint, deployed));
    this.#servers.set(key(endpoint, deployed.id), server);
    server.resume();
  }

  async stop(endpoint: string, deployedModelId: string): Promise<void> {
    const server = this.#servers.get(key(endpoint, deployedModelId));
    this.#servers.delete(key(endpoint, deployedModelId));
    await server?.stop();
  }

  get(endpoint: string, deployedModelId: string): PredictionServer {
    const server = this.#servers.get(key(endpoint, deployedModelId));
    if (!server) {
      throw new StatusError(
        'UNAVAILABLE',
        `The deployed model ${deployedModelId} of "${endpoint}" has no server.`,
      );
    }
    return server;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
  }

  #timeout(deployed: DeployedModel): number {
    const { version } = this.#dependencies.records.resolve(versionName(deployed));
    return durationMs(version.model.containerSpec?.deploymentTimeout) ?? DEFAULT_DEPLOYMENT_TIMEOUT_MS;
  }

  #plan(endpoint: string, deployed: DeployedModel): ServerPlan {
    const { version } = this.#dependencies.records.resolve(versionName(deployed));
    const { project, id: endpointId } = parseName(endpoint);
    const container = version.model.containerSpec ?? {};
    const deployedModelId = deployed.id ?? '';
    const defaultRoute = `/v1/endpoints/${endpointId}/deployedModels/${deployedModelId}:predict`;
    const predictRoute = container.predictRoute || defaultRoute;
    const healthRoute = container.healthRoute || defaultRoute;
    const log = this.#log(endpoint, deployed);
    // `containerSpec.ports` is not honoured: here, all servers share one machine, so each gets a port of its own.
    const platform = (port: number) =>
      servingVariables({
        ...{ port, healthRoute, predictRoute, endpointId, deployedModelId },
        storageUri: version.storageUri || undefined,
        projectNumber: this.#dependencies.projectNumber(project),
        machineType: deployed.dedicatedResources?.machineSpec?.machineType ?? '',
      });
    return {
      healthRoute,
      predictRoute,
      log,
      container: (port) => {
        const env = resolveVariables(platform(port), container.env);
        return {
          label: `deployed model ${deployedModelId} of endpoint ${endpointId}`,
          imageUri: container.imageUri ?? '',
          command: container.command?.map((word) => expand(word, env)),
          args: container.args?.map((word) => expand(word, env)),
          env,
          serviceAccount: deployed.serviceAccount || predictionIdentity(project),
          project,
          onLine: log.onLine,
        };
      },
    };
  }

  #log(endpoint: string, deployed: DeployedModel): ContainerLog {
    const { project, location, id } = parseName(endpoint);
    const sink = deployed.disableContainerLogging ? { write: () => {} } : this.#dependencies.logs;
    return new ContainerLog(sink, {
      project,
      logName: `projects/${project}/logs/aiplatform.googleapis.com%2Fprediction_container`,
      resource: {
        type: 'aiplatform.googleapis.com/Endpoint',
        labels: {
          resource_container: project,
          location,
          endpoint_id: id,
          deployed_model_id: deployed.id ?? '',
        },
      },
    });
  }
}

/** The Google-managed account of prediction containers without one: it has no access to the project. */
export function predictionIdentity(project: string): string {
  return `custom-online-prediction@${tenantProject(project)}.iam.gserviceaccount.com`;
}

function versionName(deployed: DeployedModel): string {
  return `${deployed.model}@${deployed.modelVersionId}`;
}

function key(endpoint: string, deployedModelId: string | null | undefined): string {
  return `${endpoint}/deployedModels/${deployedModelId}`;
}
