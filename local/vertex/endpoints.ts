import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { CheckKey } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { type ListQuery, listPage } from './listing.ts';
import { newId, parseLocation, parseName } from './names.ts';
import { EMPTY, type Operation, type Operations } from './operations.ts';
import { etagOf, plain, ResourceStore } from './resource-store.ts';
import { checkTrafficSplit } from './traffic-split.ts';
import { checkDisplayName, checkEncryption, checkId, checkLabels } from './validation.ts';
import { camelCase, now } from './values.ts';

type Endpoint = google.cloud.aiplatform.v1.IEndpoint;
type DeployedModelRef = google.cloud.aiplatform.v1.IDeployedModelRef;

const ENDPOINT_ID = /^(?:[a-z]([a-z0-9-]{0,61}[a-z0-9])?|[1-9][0-9]{0,8}|0)$/;
const UPDATABLE = ['displayName', 'description', 'labels', 'trafficSplit', 'clientConnectionConfig'];

/** Endpoints: what is deployed where, and who gets how much of the traffic. */
export class Endpoints {
  readonly #store: ResourceStore<Endpoint>;
  readonly #operations: Operations;
  readonly #checkKey: CheckKey;

  constructor(stateDir: string, operations: Operations, checkKey: CheckKey) {
    this.#store = new ResourceStore(stateDir, 'endpoints');
    this.#operations = operations;
    this.#checkKey = checkKey;
  }

  create(parent: string, request: Endpoint, endpointId: string): Operation {
    parseLocation(parent);
    checkEndpoint(request);
    if (endpointId) {
      const rule = 'up to 63 of [a-z0-9-] beginning with a letter, or up to 9 digits with no leading zero';
      checkId('endpoint_id', endpointId, ENDPOINT_ID, rule);
    }
    const name = `${parent}/endpoints/${endpointId || newId()}`;
    checkEncryption(request.encryptionSpec, name, this.#checkKey);
    if (this.#store.find(name)) {
      throw new StatusError('ALREADY_EXISTS', `The endpoint "${name}" already exists.`);
    }
    const endpoint = this.put({
      ...plain(request),
      name,
      deployedModels: [],
      trafficSplit: {},
      createTime: now(),
    });
    return this.#operations.start({
      on: name,
      metadata: 'CreateEndpointOperationMetadata',
      response: 'Endpoint',
      run: async () => endpoint,
    });
  }

  get(name: string): Endpoint {
    return this.#store.get(name);
  }

  all(): Endpoint[] {
    return this.#store.all();
  }

  list(parent: string, query: ListQuery): { endpoints: Endpoint[]; nextPageToken: string } {
    parseLocation(parent);
    const { page, nextPageToken } = listPage(this.#store.under(parent), query);
    return { endpoints: page, nextPageToken };
  }

  update(request: Endpoint, mask: string[]): Endpoint {
    const name = request.name ?? '';
    const current = this.#store.get(name);
    if (request.etag && request.etag !== current.etag) {
      throw new StatusError(
        'ABORTED',
        `The endpoint "${name}" has changed since it was read: its etag is "${current.etag}", not "${request.etag}".`,
      );
    }
    const fields = mask.map((path) => camelCase(path.split('.')[0]));
    for (const field of fields) {
      if (!UPDATABLE.includes(field)) {
        throw new StatusError(
          'INVALID_ARGUMENT',
          `The field "${field}" of an endpoint can't be updated; ${UPDATABLE.join(', ')} can.`,
        );
      }
    }
    const changes = plain(request);
    const changed: Endpoint = {
      ...current,
      ...Object.fromEntries(fields.map((field) => [field, Reflect.get(changes, field)])),
    };
    checkEndpoint(changed);
    checkTrafficSplit(changed.trafficSplit ?? {}, deployedModelIds(current));
    return this.put(changed);
  }

  delete(name: string): Operation {
    const endpoint = this.#store.get(name);
    this.refuseWhileBusy(name);
    if (endpoint.deployedModels?.length) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The endpoint "${name}" has deployed models (${deployedModelIds(endpoint).join(', ')}); undeploy them first.`,
      );
    }
    if (endpoint.modelDeploymentMonitoringJob) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The endpoint "${name}" is monitored by "${endpoint.modelDeploymentMonitoringJob}"; delete that job first.`,
      );
    }
    return this.#operations.start({
      on: name,
      metadata: 'DeleteOperationMetadata',
      response: EMPTY,
      run: async () => {
        this.#store.delete(name);
        return {};
      },
    });
  }

  /** Throws FAILED_PRECONDITION while a long-running operation works on the endpoint. */
  refuseWhileBusy(name: string): void {
    const running = this.#operations.runningOn(name);
    if (running.length === 0) return;
    throw new StatusError(
      'FAILED_PRECONDITION',
      `There are other operations running on the Endpoint "${name}". Operation(s) are: ${running.join(', ')}.`,
    );
  }

  /** Stores a changed endpoint, with a new etag. */
  put(endpoint: Endpoint): Endpoint {
    const changed = { ...endpoint, updateTime: now() };
    return this.#store.put({ ...changed, etag: etagOf(changed) });
  }

  /** Where a model's version is deployed; any version where none is given. */
  deploymentsOf(model: string, versionId?: string): DeployedModelRef[] {
    return this.all().flatMap(({ name, deployedModels }) =>
      (deployedModels ?? [])
        .filter((deployed) => parseName(deployed.model).base === model)
        .filter((deployed) => versionId === undefined || deployed.modelVersionId === versionId)
        .map((deployed) => ({ endpoint: name, deployedModelId: deployed.id })),
    );
  }
}

export function deployedModelIds(endpoint: Endpoint): string[] {
  return (endpoint.deployedModels ?? []).map(({ id }) => id ?? '');
}

function checkEndpoint(endpoint: Endpoint): void {
  checkDisplayName(endpoint.displayName);
  checkLabels(endpoint.labels);
  if (endpoint.predictRequestResponseLoggingConfig?.enabled || endpoint.dedicatedEndpointEnabled) {
    throw new StatusError(
      'UNIMPLEMENTED',
      'predict_request_response_logging_config and dedicated_endpoint_enabled are not implemented by the local cloud.',
    );
  }
}
