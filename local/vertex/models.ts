import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { ObjectStore } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { deleteArtifacts } from './artifacts.ts';
import { type ListQuery, listPage } from './listing.ts';
import type { ModelEvaluations } from './model-evaluations.ts';
import { type ModelRecord, type ModelRecords, modelResource } from './model-records.ts';
import { parseLocation, parseName } from './names.ts';
import { EMPTY, type Operation, type Operations } from './operations.ts';
import { checkDisplayName, checkLabels } from './validation.ts';
import { camelCase, now } from './values.ts';
import { mergeAliases } from './version-aliases.ts';

type Model = google.cloud.aiplatform.v1.IModel;
type DeployedModelRef = google.cloud.aiplatform.v1.IDeployedModelRef;

export interface ModelDependencies {
  records: ModelRecords;
  evaluations: ModelEvaluations;
  operations: Operations;
  objects: ObjectStore;
  /** Where a model's version is deployed; any version's where none is given. */
  deployments: (model: string, versionId?: string) => DeployedModelRef[];
}

/** The model registry, but for uploads. */
export class Models {
  readonly #dependencies: ModelDependencies;

  constructor(dependencies: ModelDependencies) {
    this.#dependencies = dependencies;
  }

  get(name: string): Model {
    const { record, version } = this.#dependencies.records.resolve(name);
    return this.#withDeployments(modelResource(record, version));
  }

  /** The default version of each model of the location. */
  list(parent: string, query: ListQuery): { models: Model[]; nextPageToken: string } {
    parseLocation(parent);
    const models = this.#dependencies.records.under(parent).map(({ name }) => this.get(name));
    const { page, nextPageToken } = listPage(models, query);
    return { models: page, nextPageToken };
  }

  /** All versions of a model, each with its version id in its name. */
  listVersions(name: string, query: ListQuery): { models: Model[]; nextPageToken: string } {
    const record = this.#dependencies.records.get(name);
    const models = record.versions.map((version) => {
      const model = this.#withDeployments(modelResource(record, version));
      return { ...model, name: `${record.name}@${version.versionId}` };
    });
    const byVersion = models.sort((left, right) => Number(right.versionId) - Number(left.versionId));
    const { page, nextPageToken } = listPage(byVersion, query);
    return { models: page, nextPageToken };
  }

  /** Adds and removes aliases of the version that the name carries. */
  mergeAliases(name: string, aliases: string[]): Model {
    const { records } = this.#dependencies;
    const { record, version } = records.resolve(this.#versionName(name));
    records.put({ ...record, versions: mergeAliases(record.versions, version.versionId, aliases) });
    return this.get(name);
  }

  update(model: Model, mask: string[]): Model {
    const { records } = this.#dependencies;
    const name = model.name ?? '';
    const { record, version } = records.resolve(name);
    const fields = mask.map(camelCase);
    const ofVersion = parseName(name).version !== undefined && parseName(name).version !== '-';
    const updatable = ofVersion ? ['versionDescription', 'labels'] : ['displayName', 'description', 'labels'];
    for (const field of fields) {
      if (!updatable.includes(field)) {
        throw new StatusError(
          'INVALID_ARGUMENT',
          `The field "${field}" of "${name}" can't be updated; ${updatable.join(', ')} can.`,
        );
      }
    }
    if (fields.includes('displayName')) checkDisplayName(model.displayName);
    if (fields.includes('labels')) checkLabels(model.labels);
    const change = Object.fromEntries(fields.map((field) => [field, Reflect.get(model, field) ?? '']));
    if (ofVersion) {
      const changed = { ...version, model: { ...version.model, ...change, versionUpdateTime: now() } };
      const versions = record.versions.map((each) => (each === version ? changed : each));
      records.put({ ...record, versions });
    } else {
      records.put({ ...record, ...change });
    }
    return this.get(name);
  }

  delete(name: string): Operation {
    const { records, evaluations, objects } = this.#dependencies;
    const record = records.get(name);
    this.#refuseDeployed(record);
    return this.#deletion(record.name, () => {
      for (const version of record.versions) deleteArtifacts(objects, version.storageUri);
      evaluations.deleteOf(record.name);
      records.delete(record.name);
    });
  }

  deleteVersion(name: string): Operation {
    const { records, evaluations, objects } = this.#dependencies;
    const { record, version } = records.resolve(this.#versionName(name));
    if (record.versions.length === 1) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `"${name}" is the only version of the model; delete the model instead.`,
      );
    }
    if (version.versionAliases.includes('default')) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `"${name}" is the default version; make another version the default one first.`,
      );
    }
    this.#refuseDeployed(record, version.versionId);
    return this.#deletion(record.name, () => {
      deleteArtifacts(objects, version.storageUri);
      evaluations.deleteOf(record.name, version.versionId);
      const current = records.get(record.name);
      const versions = current.versions.filter(({ versionId }) => versionId !== version.versionId);
      records.put({ ...current, versions });
    });
  }

  #deletion(on: string, remove: () => void): Operation {
    return this.#dependencies.operations.start({
      on,
      metadata: 'DeleteOperationMetadata',
      response: EMPTY,
      run: async () => {
        remove();
        return {};
      },
    });
  }

  #refuseDeployed(record: ModelRecord, versionId?: string): void {
    const [deployment] = this.#dependencies.deployments(record.name, versionId);
    if (!deployment) return;
    const what = versionId ? `${record.name}@${versionId}` : record.name;
    throw new StatusError(
      'FAILED_PRECONDITION',
      `The model "${what}" is deployed to "${deployment.endpoint}" as ${deployment.deployedModelId}; undeploy it first.`,
    );
  }

  #withDeployments(model: Model): Model {
    const deployedModels = this.#dependencies.deployments(model.name ?? '', model.versionId ?? '');
    return { ...model, deployedModels };
  }

  #versionName(name: string): string {
    if (parseName(name).version === undefined) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The name "${name}" must include a version id, as in models/1@2.`,
      );
    }
    return name;
  }
}
