import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { type ListQuery, listPage } from './listing.ts';
import type { ModelRecords } from './model-records.ts';
import { newId } from './names.ts';
import { plain, ResourceStore } from './resource-store.ts';
import { now } from './values.ts';

type ModelEvaluation = google.cloud.aiplatform.v1.IModelEvaluation;

/** Evaluations that were imported for a version of a model, and are kept beside it. */
export class ModelEvaluations {
  readonly #store: ResourceStore<ModelEvaluation>;
  readonly #records: ModelRecords;

  constructor(stateDir: string, records: ModelRecords) {
    this.#store = new ResourceStore(stateDir, 'model-evaluations');
    this.#records = records;
  }

  import(model: string, evaluation: ModelEvaluation): ModelEvaluation {
    const name = `${this.#versionName(model)}/evaluations/${newId()}`;
    return this.#store.put({ ...plain(evaluation), name, createTime: now() });
  }

  get(name: string): ModelEvaluation {
    const [, model, id] = /^(.*)\/evaluations\/([^/]+)$/.exec(name) ?? ['', name, ''];
    return this.#store.get(`${this.#versionName(model)}/evaluations/${id}`);
  }

  list(model: string, query: ListQuery): { modelEvaluations: ModelEvaluation[]; nextPageToken: string } {
    const { page, nextPageToken } = listPage(this.#store.under(this.#versionName(model)), query);
    return { modelEvaluations: page, nextPageToken };
  }

  /** Forgets what was imported for a version, or for all versions of a model. */
  deleteOf(model: string, versionId?: string): void {
    for (const { name } of this.#store.all()) {
      const [owner, version] = name?.split('/evaluations/')[0].split('@') ?? [];
      if (owner === model && (versionId === undefined || version === versionId))
        this.#store.delete(name ?? '');
    }
  }

  #versionName(model: string): string {
    const { record, version } = this.#records.resolve(model);
    return `${record.name}@${version.versionId}`;
  }
}
