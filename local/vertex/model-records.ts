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

/** A model with all its versions. */
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

/** What is stored of a model: itself, and each version for itself, so that a new one doesn't rewrite all others. */
type Head = Omit<ModelRecord, 'versions'>;
type StoredVersion = ModelVersion & { name: string };

const versionName = (model: string, { versionId }: ModelVersion) => `${model}@${versionId}`;

/** The model registry's records, read by `models/M`, `models/M@3` or `models/M@alias`. */
export class ModelRecords {
  readonly #store: ResourceStore<Head | StoredVersion>;
  readonly #records = new Map<string, ModelRecord>();

  constructor(stateDir: string) {
    this.#store = new ResourceStore(stateDir, 'models');
    const stored = Map.groupBy(this.#store.all(), ({ name }) => parseName(name).base);
    for (const [model, parts] of stored) {
      const versions = parts.filter((part) => 'versionId' in part).map(({ name: _, ...version }) => version);
      for (const part of parts) if (!('versionId' in part)) this.#records.set(model, { ...part, versions });
    }
  }

  find(name: string): ModelRecord | undefined {
    return this.#records.get(parseName(name).base);
  }

  /** Throws NOT_FOUND naming the model. */
  get(name: string): ModelRecord {
    const { base } = parseName(name);
    const record = this.#records.get(base);
    if (!record) throw new StatusError('NOT_FOUND', `The resource "${base}" does not exist.`);
    return record;
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
    return [...this.#records.values()].filter(({ name }) => name.startsWith(`${parent}/`));
  }

  /** Stores a model and those of its versions that are not as they were, in one step: an alias is never on two. */
  put(changed: ModelRecord): ModelRecord {
    const record = { ...changed, updateTime: now() };
    const { versions, ...head } = record;
    const { name } = record;
    const standing = this.#records.get(name)?.versions ?? [];
    const [before, after] = [new Set(standing), new Set(versions.map(({ versionId }) => versionId))];
    this.#store.change({
      put: [
        head,
        ...versions
          .filter((version) => !before.has(version))
          .map((version) => ({ ...version, name: versionName(name, version) })),
      ],
      delete: standing
        .filter(({ versionId }) => !after.has(versionId))
        .map((version) => versionName(name, version)),
    });
    this.#records.set(name, record);
    return record;
  }

  delete(name: string): void {
    const record = this.#records.get(name);
    if (!record) return;
    this.#store.change({
      delete: [name, ...record.versions.map((version) => versionName(name, version))],
    });
    this.#records.delete(name);
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
