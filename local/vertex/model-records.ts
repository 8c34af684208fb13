import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../status.ts';
import { parseName } from './names.ts';
import { etagOf, ResourceStore } from './resource-store.ts';
import { now } from './values.ts';

type Model = google.cloud.aiplatform.v1.IModel;

/** `Model.DeploymentResourcesType`, whose names the types of a repeated field don't take. */
const DEDICATED_RESOURCES = 1;

/** One version of a model: its fields as uploaded, and where the copy of its artefacts is. */
export interface ModelVersion {
  versionId: string;
  versionAliases: string[];
  /** `gs://…` of the Google-managed copy; `undefined` for a model without artefacts. */
  storageUri: string | undefined;
  model: Model;
}

/** A model with all its versions: one record, so that moving an alias between versions is one write. */
export interface ModelRecord {
  name: string;
  displayName: string;
  description: string;
  labels: Record<string, string>;
  createTime: google.protobuf.ITimestamp;
  updateTime: google.protobuf.ITimestamp;
  lastVersionId: number;
  versions: ModelVersion[];
}

/** The model registry's records, read by `models/M`, `models/M@3` or `models/M@alias`. */
export class ModelRecords {
  readonly #store: ResourceStore<ModelRecord>;

  constructor(stateDir: string) {
    this.#store = new ResourceStore(stateDir, 'models');
  }

  find(name: string): ModelRecord | undefined {
    return this.#store.find(parseName(name).base);
  }

  /** Throws NOT_FOUND naming the model. */
  get(name: string): ModelRecord {
    return this.#store.get(parseName(name).base);
  }

  /** The version that the name means: the default one when it names none. Throws NOT_FOUND. */
  resolve(name: string): { record: ModelRecord; version: ModelVersion } {
    const record = this.get(name);
    const { version: wanted = 'default', base } = parseName(name);
    const version = record.versions.find(
      ({ versionId, versionAliases }) => versionId === wanted || versionAliases.includes(wanted),
    );
    if (!version) {
      throw new StatusError(
        'NOT_FOUND',
        `The model "${base}" has no version with the id or alias "${wanted}".`,
      );
    }
    return { record, version };
  }

  under(parent: string): ModelRecord[] {
    return this.#store.under(parent);
  }

  put(record: ModelRecord): ModelRecord {
    return this.#store.put({ ...record, updateTime: now() });
  }

  delete(name: string): void {
    this.#store.delete(name);
  }
}

/** A version as the API shows it: the model's fields and the version's merged. */
export function modelResource(record: ModelRecord, version: ModelVersion): Model {
  const resource: Model = {
    ...version.model,
    name: record.name,
    displayName: record.displayName,
    description: record.description,
    labels: { ...record.labels, ...version.model.labels },
    versionId: version.versionId,
    versionAliases: version.versionAliases,
    createTime: record.createTime,
    updateTime: record.updateTime,
    supportedDeploymentResourcesTypes: version.model.containerSpec ? [DEDICATED_RESOURCES] : [],
    modelSourceInfo: { sourceType: 'CUSTOM' },
  };
  return { ...resource, etag: etagOf(resource) };
}
