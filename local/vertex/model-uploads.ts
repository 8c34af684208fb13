import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { CheckKey, ObjectStore } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { copyArtifacts, findArtifacts } from './artifacts.ts';
import { checkVariables } from './container-variables.ts';
import type { ModelRecord, ModelRecords } from './model-records.ts';
import { newId, parseLocation, parseName } from './names.ts';
import type { Operation, Operations } from './operations.ts';
import { plain } from './resource-store.ts';
import { checkDisplayName, checkEncryption, checkId, checkLabels } from './validation.ts';
import { durationMs, now } from './values.ts';
import { checkAlias, mergeAliases } from './version-aliases.ts';

type Model = google.cloud.aiplatform.v1.IModel;
type UploadModelRequest = google.cloud.aiplatform.v1.IUploadModelRequest;

const MODEL_ID = /^[a-z_][a-z0-9_-]{0,62}$/;
const TWO_HOURS = 2 * 3600 * 1000;

export interface UploadDependencies {
  records: ModelRecords;
  operations: Operations;
  objects: ObjectStore;
  checkKey: CheckKey;
}

/**
 * Uploads a model, or a version of `parentModel`: copies the artefacts, then enters the version in the registry.
 * The first version is the default one. Throws before anything is copied when the request can't succeed.
 */
export function uploadModel(request: UploadModelRequest, dependencies: UploadDependencies): Operation {
  const { records, operations, objects, checkKey } = dependencies;
  const parent = request.parent ?? '';
  const { project, location } = parseLocation(parent);
  const model = plain(request.model ?? {});
  checkModel(model);
  const name = targetName(request, records);
  checkEncryption(model.encryptionSpec, name, checkKey);
  const artifacts = model.artifactUri ? findArtifacts(objects, model.artifactUri) : undefined;
  return operations.start({
    on: name,
    metadata: 'UploadModelOperationMetadata',
    response: 'UploadModelResponse',
    run: async () => {
      const target = { project, location, folder: `${newId()}/artifacts` };
      const storageUri = artifacts && (await copyArtifacts(objects, artifacts, target));
      const asVersion = Boolean(request.parentModel);
      const record = enter(records, { name, asVersion, model, storageUri });
      return { model: name, modelVersionId: String(record.lastVersionId) };
    },
  });
}

function checkModel(model: Model): void {
  checkDisplayName(model.displayName);
  checkLabels(model.labels);
  for (const alias of model.versionAliases ?? []) checkAlias(alias);
  const container = model.containerSpec;
  if (!container?.imageUri) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'model.container_spec.image_uri is required for a custom container.',
    );
  }
  checkVariables(container.env);
  for (const [field, route] of [
    ['predict_route', container.predictRoute],
    ['health_route', container.healthRoute],
  ]) {
    if (route && !route.startsWith('/')) {
      throw new StatusError('INVALID_ARGUMENT', `container_spec.${field} "${route}" must begin with "/".`);
    }
  }
  if (container.invokeRoutePrefix || container.grpcPorts?.length) {
    throw new StatusError(
      'UNIMPLEMENTED',
      'container_spec.invoke_route_prefix and grpc_ports are not implemented by the local cloud.',
    );
  }
  if ((durationMs(container.deploymentTimeout) ?? 0) > TWO_HOURS) {
    throw new StatusError('INVALID_ARGUMENT', 'container_spec.deployment_timeout can be at most two hours.');
  }
}

/** The name of the model to be made, or of the one that gets a version. */
function targetName(request: UploadModelRequest, records: ModelRecords): string {
  if (request.parentModel) {
    if (request.modelId) {
      throw new StatusError('INVALID_ARGUMENT', 'Only one of parent_model and model_id can be set.');
    }
    const parentModel = parseName(request.parentModel);
    if (parentModel.parent !== request.parent) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The parent_model "${request.parentModel}" is not in "${request.parent}", where the version would be.`,
      );
    }
    return records.get(parentModel.base).name;
  }
  if (request.modelId) {
    const rule = 'up to 63 of [a-z0-9_-], the first neither a digit nor a dash';
    checkId('model_id', request.modelId, MODEL_ID, rule);
  }
  const name = `${request.parent}/models/${request.modelId || newId()}`;
  refuseExisting(records, name);
  return name;
}

function refuseExisting(records: ModelRecords, name: string): void {
  if (records.find(name)) {
    throw new StatusError(
      'ALREADY_EXISTS',
      `The model "${name}" already exists; give it as parent_model to upload a new version.`,
    );
  }
}

function enter(
  records: ModelRecords,
  upload: { name: string; asVersion: boolean; model: Model; storageUri: string | undefined },
): ModelRecord {
  const { name, asVersion, model, storageUri } = upload;
  // Another upload may have made the model, or a deletion removed it, while the artefacts were copied.
  if (!asVersion) refuseExisting(records, name);
  const record = asVersion ? records.get(name) : newRecord(name, model);
  const versionId = String(record.lastVersionId + 1);
  const { versionAliases, labels, displayName: _displayName, description: _description, ...rest } = model;
  const time = now();
  const version = {
    versionId,
    versionAliases: [],
    storageUri,
    model: { ...rest, labels: asVersion ? labels : {}, versionCreateTime: time, versionUpdateTime: time },
  };
  const aliases = [...new Set([...(versionAliases ?? []), ...(asVersion ? [] : ['default'])])];
  return records.put({
    ...record,
    lastVersionId: record.lastVersionId + 1,
    versions: mergeAliases([...record.versions, version], versionId, aliases),
  });
}

function newRecord(name: string, model: Model): ModelRecord {
  const time = now();
  return {
    name,
    displayName: model.displayName ?? '',
    description: model.description ?? '',
    labels: model.labels ?? {},
    createTime: time,
    updateTime: time,
    lastVersionId: 0,
    versions: [],
  };
}
