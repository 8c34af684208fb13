import { randomInt } from 'node:crypto';
import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../status.ts';
import type { Deployments } from './deployments.ts';
import { deployedModelIds, type Endpoints } from './endpoints.ts';
import type { ModelRecords } from './model-records.ts';
import { parseName } from './names.ts';
import type { Operation, Operations } from './operations.ts';
import { plain } from './resource-store.ts';
import { checkTrafficSplit, type TrafficSplit, withDeployedId } from './traffic-split.ts';
import { checkId } from './validation.ts';
import { camelCase, now } from './values.ts';

type Endpoint = google.cloud.aiplatform.v1.IEndpoint;
type DeployedModel = google.cloud.aiplatform.v1.IDeployedModel;

export interface DeployingDependencies {
  endpoints: Endpoints;
  records: ModelRecords;
  deployments: Deployments;
  operations: Operations;
}

/** Puts models on endpoints and takes them off. One such operation at a time works on an endpoint. */
export class Deploying {
  readonly #dependencies: DeployingDependencies;

  constructor(dependencies: DeployingDependencies) {
    this.#dependencies = dependencies;
  }

  deploy(endpointName: string, request: DeployedModel, trafficSplit: TrafficSplit): Operation {
    const { endpoints, deployments, operations } = this.#dependencies;
    const endpoint = endpoints.get(endpointName);
    const deployed = this.#deployedModel(endpoint, request);
    checkTrafficSplit(trafficSplit, [...deployedModelIds(endpoint), '0']);
    endpoints.refuseWhileBusy(endpointName);
    return operations.start({
      on: endpointName,
      metadata: 'DeployModelOperationMetadata',
      response: 'DeployModelResponse',
      run: async (signal) => {
        await deployments.start(endpointName, deployed, signal);
        const current = endpoints.get(endpointName);
        const unchanged = Object.keys(trafficSplit).length === 0;
        endpoints.put({
          ...current,
          deployedModels: [...(current.deployedModels ?? []), deployed],
          trafficSplit: unchanged ? current.trafficSplit : withDeployedId(trafficSplit, deployed.id ?? ''),
        });
        return { deployedModel: deployed };
      },
    });
  }

  undeploy(endpointName: string, deployedModelId: string, trafficSplit: TrafficSplit): Operation {
    const { endpoints, deployments, operations } = this.#dependencies;
    const endpoint = endpoints.get(endpointName);
    requireDeployed(endpoint, deployedModelId);
    const remaining = deployedModelIds(endpoint).filter((id) => id !== deployedModelId);
    const given = Object.keys(trafficSplit).length > 0;
    if (given) checkTrafficSplit(trafficSplit, deployedModelIds(endpoint));
    const split = given ? trafficSplit : (endpoint.trafficSplit ?? {});
    if (remaining.length > 0) refuseTraffic(split, deployedModelId, endpointName);
    endpoints.refuseWhileBusy(endpointName);
    return operations.start({
      on: endpointName,
      metadata: 'UndeployModelOperationMetadata',
      response: 'UndeployModelResponse',
      run: async () => {
        const current = endpoints.get(endpointName);
        const { [deployedModelId]: share, ...kept } = given ? trafficSplit : (current.trafficSplit ?? {});
        // An update of the endpoint may have moved traffic onto the model since.
        if (remaining.length > 0) refuseTraffic({ [deployedModelId]: share }, deployedModelId, endpointName);
        endpoints.put({
          ...current,
          deployedModels: (current.deployedModels ?? []).filter(({ id }) => id !== deployedModelId),
          trafficSplit: remaining.length > 0 ? kept : {},
        });
        await deployments.stop(endpointName, deployedModelId);
        return {};
      },
    });
  }

  /** Changes the replica counts or the logging of a deployed model. */
  mutate(endpointName: string, request: DeployedModel, mask: string[]): Operation {
    const { endpoints, operations } = this.#dependencies;
    const before = requireDeployed(endpoints.get(endpointName), request.id ?? '');
    const after = mutated(before, plain(request), mask);
    checkReplicas(after);
    endpoints.refuseWhileBusy(endpointName);
    return operations.start({
      on: endpointName,
      metadata: 'MutateDeployedModelOperationMetadata',
      response: 'MutateDeployedModelResponse',
      run: async () => {
        const current = endpoints.get(endpointName);
        const deployedModels = (current.deployedModels ?? []).map((each) =>
          each.id === after.id ? after : each,
        );
        endpoints.put({ ...current, deployedModels });
        return { deployedModel: after };
      },
    });
  }

  /** The deployed model as it will be. Throws for what Vertex AI would refuse. */
  #deployedModel(endpoint: Endpoint, request: DeployedModel): DeployedModel {
    const deployed = plain(request);
    const { record, version } = this.#dependencies.records.resolve(deployed.model ?? '');
    if (deployed.id) checkId('deployed_model.id', deployed.id, /^[0-9]{1,10}$/, '1 to 10 digits');
    if (deployed.id && deployedModelIds(endpoint).includes(deployed.id)) {
      throw new StatusError(
        'ALREADY_EXISTS',
        `The endpoint "${endpoint.name}" already has a deployed model with the id ${deployed.id}.`,
      );
    }
    checkReplicas(deployed);
    checkSameKey(endpoint, `${record.name}@${version.versionId}`, version.model.encryptionSpec);
    if (parseName(record.name).location !== parseName(endpoint.name).location) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The model "${record.name}" and the endpoint "${endpoint.name}" must be in the same region.`,
      );
    }
    return {
      ...deployed,
      id: deployed.id || String(randomInt(1e9, 1e10)),
      model: record.name,
      modelVersionId: version.versionId,
      displayName: deployed.displayName || record.displayName,
      createTime: now(),
      status: { availableReplicaCount: deployed.dedicatedResources?.minReplicaCount, lastUpdateTime: now() },
    };
  }
}

function requireDeployed(endpoint: Endpoint, id: string): DeployedModel {
  const deployed = endpoint.deployedModels?.find((each) => each.id === id);
  if (!deployed) {
    throw new StatusError(
      'NOT_FOUND',
      `The endpoint "${endpoint.name}" has no deployed model with the id ${id}.`,
    );
  }
  return deployed;
}

function refuseTraffic(split: TrafficSplit, id: string, endpoint: string): void {
  if (!split[id]) return;
  throw new StatusError(
    'FAILED_PRECONDITION',
    `The deployed model ${id} of "${endpoint}" has ${split[id]} percent of the traffic; move it to another in traffic_split.`,
  );
}

function checkReplicas(deployed: DeployedModel): void {
  const resources = deployed.dedicatedResources;
  if (!resources) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'deployed_model.dedicated_resources is required for a custom container.',
    );
  }
  if (!resources.machineSpec?.machineType) {
    throw new StatusError('INVALID_ARGUMENT', 'dedicated_resources.machine_spec.machine_type is required.');
  }
  const min = resources.minReplicaCount ?? 0;
  const max = resources.maxReplicaCount || min;
  if (min < 1 || max < min) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `dedicated_resources needs min_replica_count of at least 1 and max_replica_count of at least that, got ${min} and ${max}.`,
    );
  }
}

function checkSameKey(
  endpoint: Endpoint,
  model: string,
  modelKey: google.cloud.aiplatform.v1.IEncryptionSpec | null | undefined,
): void {
  const [ofEndpoint, ofModel] = [
    endpoint.encryptionSpec?.kmsKeyName || 'no key',
    modelKey?.kmsKeyName || 'no key',
  ];
  if (ofEndpoint !== ofModel) {
    throw new StatusError(
      'FAILED_PRECONDITION',
      `The endpoint "${endpoint.name}" has ${ofEndpoint} and the model "${model}" has ${ofModel}; both must have the same encryption_spec.`,
    );
  }
}

const MUTABLE_RESOURCES = [
  'minReplicaCount',
  'maxReplicaCount',
  'requiredReplicaCount',
  'autoscalingMetricSpecs',
];

function mutated(deployed: DeployedModel, request: DeployedModel, mask: string[]): DeployedModel {
  const paths = mask.map(camelCase);
  const resources = { ...deployed.dedicatedResources };
  let { disableContainerLogging } = deployed;
  for (const path of paths) {
    const field = path.replace(/^dedicatedResources\./, '');
    if (MUTABLE_RESOURCES.includes(field)) {
      Object.assign(resources, { [field]: Reflect.get(request.dedicatedResources ?? {}, field) });
    } else if (field === 'disableContainerLogging') {
      disableContainerLogging = request.disableContainerLogging;
    } else {
      throw new StatusError('INVALID_ARGUMENT', `The field "${path}" of a deployed model can't be mutated.`);
    }
  }
  return { ...deployed, dedicatedResources: resources, disableContainerLogging };
}
