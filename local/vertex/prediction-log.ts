import { randomInt } from 'node:crypto';
import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { TableField, TableReference, Warehouse } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { parseName } from './names.ts';
import type { Json } from './struct-value.ts';

type Endpoint = google.cloud.aiplatform.v1.IEndpoint;
type DeployedModel = google.cloud.aiplatform.v1.IDeployedModel;
type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;

/** The columns that Vertex AI's request-response logging writes; one payload element per instance. */
export const LOG_FIELDS: TableField[] = [
  { name: 'endpoint', type: 'STRING' },
  { name: 'deployed_model_id', type: 'STRING' },
  { name: 'logging_time', type: 'TIMESTAMP' },
  { name: 'request_id', type: 'NUMERIC' },
  { name: 'request_payload', type: 'STRING', mode: 'REPEATED' },
  { name: 'response_payload', type: 'STRING', mode: 'REPEATED' },
];

const FLUSH_AFTER_MS = 500;
const FLUSH_ROWS = 500;
const MAX_WAITING_ROWS = 10_000;

/** Where the sampled predictions of a monitored endpoint are logged. */
export function servingTable(endpoint: string): TableReference {
  const { project, id } = parseName(endpoint);
  return {
    projectId: project,
    // A dataset's name can't have dashes, which an endpoint's id can.
    datasetId: `model_deployment_monitoring_${id.replaceAll('-', '_')}`,
    tableId: 'serving_predict',
  };
}

/** Makes the dataset (under the job's key) and the table where they aren't there yet. */
export async function ensureServingTable(warehouse: Warehouse, job: MonitoringJob): Promise<void> {
  const endpoint = job.endpoint ?? '';
  const { projectId, datasetId, tableId } = servingTable(endpoint);
  await unlessThere(() =>
    warehouse.createDataset({
      projectId,
      datasetId,
      location: parseName(endpoint).location,
      kmsKeyName: job.encryptionSpec?.kmsKeyName || undefined,
    }),
  );
  await unlessThere(() => warehouse.createTable({ projectId, datasetId, tableId }, LOG_FIELDS));
}

async function unlessThere(create: () => Promise<void>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof StatusError && error.status === 'ALREADY_EXISTS')) throw error;
  }
}

/**
 * Logs a sample of the predictions of monitored endpoints, in batches and at best effort: a prediction never
 * waits for its log nor fails because of it.
 */
export class PredictionLog {
  readonly #warehouse: Warehouse;
  readonly #jobOf: (endpoint: Endpoint) => MonitoringJob | undefined;
  readonly #onFailure: (endpoint: string, error: unknown) => void;
  readonly #waiting = new Map<string, Record<string, unknown>[]>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: {
    warehouse: Warehouse;
    /** The monitoring job that now runs for the endpoint. */
    jobOf: (endpoint: Endpoint) => MonitoringJob | undefined;
    onFailure: (endpoint: string, error: unknown) => void;
  }) {
    this.#warehouse = options.warehouse;
    this.#jobOf = options.jobOf;
    this.#onFailure = options.onFailure;
  }

  record(endpoint: Endpoint, deployed: DeployedModel, instances: Json[], predictions: Json[]): void {
    const rate = this.#jobOf(endpoint)?.loggingSamplingStrategy?.randomSampleConfig?.sampleRate ?? 0;
    if (Math.random() >= rate) return;
    const name = endpoint.name ?? '';
    const rows = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, rows);
    if (rows.length >= MAX_WAITING_ROWS) return;
    rows.push({
      endpoint: parseName(name).id,
      deployed_model_id: deployed.id,
      logging_time: new Date().toISOString(),
      request_id: String(randomInt(2 ** 47)),
      request_payload: instances.map((instance) => JSON.stringify(instance)),
      response_payload: predictions.map((prediction) => JSON.stringify(prediction)),
    });
    if (rows.length >= FLUSH_ROWS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  /** Writes what waits; ends when it is written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    const batches = [...this.#waiting];
    this.#waiting.clear();
    for (const [endpoint, rows] of batches) {
      await this.#warehouse
        .append(servingTable(endpoint), rows)
        .catch((error: unknown) => this.#onFailure(endpoint, error));
    }
  }
}
