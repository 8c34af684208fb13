import { Agent, request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { z } from 'zod';
import { type CodeName, StatusError } from '../status.ts';
import type { Deployments } from './deployments.ts';
import type { Endpoints } from './endpoints.ts';
import type { ModelRecords } from './model-records.ts';
import type { PredictionLog } from './prediction-log.ts';
import type { ResponseCounts } from './response-counts.ts';
import type { Json } from './struct-value.ts';
import { drawDeployedModel } from './traffic-split.ts';

type Endpoint = google.cloud.aiplatform.v1.IEndpoint;
type DeployedModel = google.cloud.aiplatform.v1.IDeployedModel;

const MAX_PAYLOAD_BYTES = 1_500_000;
const SERVER_WAIT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 60_000;

const STATUS_OF_HTTP: Record<number, CodeName> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const ContainerAnswer = z.object({ predictions: z.array(z.json()), metadata: z.json().optional() });

export interface PredictionDependencies {
  endpoints: Endpoints;
  records: ModelRecords;
  deployments: Deployments;
  log: PredictionLog;
  responses: ResponseCounts;
}

/** A prediction, and who made it. */
export interface Prediction {
  predictions: Json[];
  metadata?: Json;
  deployedModelId: string;
  model: string;
  modelVersionId: string;
  modelDisplayName: string;
}

/** What a container answered, whatever its status. */
export interface RawAnswer {
  status: number;
  contentType: string;
  body: Buffer;
  deployedModelId: string;
}

/** Online predictions: each request goes to one deployed model, drawn by the endpoint's traffic split. */
export class Predictions {
  readonly #dependencies: PredictionDependencies;

  constructor(dependencies: PredictionDependencies) {
    this.#dependencies = dependencies;
  }

  /** Throws the status that the container's own answer means, with its message. */
  async predict(endpointName: string, instances: Json[], parameters?: Json): Promise<Prediction> {
    const request =
      parameters === undefined || parameters === null ? { instances } : { instances, parameters };
    const { endpoint, deployed } = this.#route(endpointName);
    const body = Buffer.from(JSON.stringify(request));
    const answer = await this.#send(endpoint, deployed, body, 'application/json');
    refuseFailure(answer);
    const { predictions, metadata } = readAnswer(answer);
    this.#dependencies.log.record(endpoint, deployed, instances, predictions);
    return {
      predictions,
      metadata,
      deployedModelId: deployed.id ?? '',
      model: deployed.model ?? '',
      modelVersionId: deployed.modelVersionId ?? '',
      modelDisplayName: this.#dependencies.records.find(deployed.model ?? '')?.displayName ?? '',
    };
  }

  /** Passes any body to the container and its answer back, unread. */
  async rawPredict(endpointName: string, body: Buffer, contentType: string): Promise<RawAnswer> {
    const { endpoint, deployed } = this.#route(endpointName);
    return this.#send(endpoint, deployed, body, contentType);
  }

  #route(endpointName: string): { endpoint: Endpoint; deployed: DeployedModel } {
    const endpoint = this.#dependencies.endpoints.get(endpointName);
    const id = drawDeployedModel(endpoint.trafficSplit ?? {});
    const deployed = endpoint.deployedModels?.find((each) => each.id === id);
    if (!deployed) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The endpoint "${endpointName}" has no deployed model with traffic; deploy one with a traffic_split.`,
      );
    }
    return { endpoint, deployed };
  }

  #send(endpoint: Endpoint, deployed: DeployedModel, body: Buffer, contentType: string): Promise<RawAnswer> {
    const answer = this.#ask(endpoint, deployed, body, contentType);
    return this.#dependencies.responses.count(endpoint.name ?? '', deployed.id ?? '', answer);
  }

  /**
   * A server that is being started again is waited for. A connection that breaks is tried once more, since it
   * may have been kept from a server that has died; more often, and a request that ends servers would end each.
   */
  async #ask(
    endpoint: Endpoint,
    deployed: DeployedModel,
    body: Buffer,
    contentType: string,
  ): Promise<RawAnswer> {
    if (body.length > MAX_PAYLOAD_BYTES) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The request has ${body.length} bytes; a prediction request can have at most ${MAX_PAYLOAD_BYTES}.`,
      );
    }
    const server = this.#dependencies.deployments.get(endpoint.name ?? '', deployed.id ?? '');
    const deadline = Date.now() + SERVER_WAIT_MS;
    for (let broken = 0; ; ) {
      const url = await server.predictUrl(Math.max(deadline - Date.now(), 0));
      const response = await post(url, body, contentType);
      if (response !== 'refused' && response !== 'broken')
        return { ...response, deployedModelId: deployed.id ?? '' };
      if (response === 'broken') broken++;
      if (broken > 1 || Date.now() > deadline) {
        throw new StatusError(
          'UNAVAILABLE',
          `The container of deployed model ${deployed.id} ended the connection.`,
        );
      }
      await sleep(50);
    }
  }
}

/** Keeps connections: a container answers in less time than one takes to be made. */
const connections = new Agent({ keepAlive: true });

/** The container's answer, or how there came to be none. */
function post(
  url: string,
  body: Buffer,
  contentType: string,
): Promise<Omit<RawAnswer, 'deployedModelId'> | 'refused' | 'broken'> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof post>>>();
  const headers = { 'content-type': contentType, 'content-length': body.length };
  const request = httpRequest(url, { method: 'POST', agent: connections, headers }, (response) => {
    const { statusCode = 500, headers } = response;
    buffer(response).then(
      (answer) =>
        resolve({
          status: statusCode,
          contentType: headers['content-type'] ?? 'application/octet-stream',
          body: answer,
        }),
      () => resolve('broken'),
    );
  });
  const late = setTimeout(() => {
    const seconds = REQUEST_TIMEOUT_MS / 1000;
    reject(new StatusError('DEADLINE_EXCEEDED', `The container didn't answer within ${seconds} s.`));
    request.destroy();
  }, REQUEST_TIMEOUT_MS);
  request.on('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'broken'),
  );
  request.end(body);
  return promise.finally(() => clearTimeout(late));
}

/** Throws the status that a container's answer other than 2xx means. */
export function refuseFailure(answer: RawAnswer): void {
  if (answer.status >= 200 && answer.status < 300) return;
  const status = STATUS_OF_HTTP[answer.status] ?? (answer.status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
  throw new StatusError(status, messageOf(answer), { httpStatus: answer.status });
}

function messageOf(answer: RawAnswer): string {
  const text = answer.body.toString('utf8').trim();
  const Problem = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });
  try {
    const { error } = Problem.parse(JSON.parse(text));
    return typeof error === 'string' ? error : error.message;
  } catch {
    return text || `The container answered with the status ${answer.status}.`;
  }
}

function readAnswer(answer: RawAnswer): { predictions: Json[]; metadata?: Json } {
  try {
    return ContainerAnswer.parse(JSON.parse(answer.body.toString('utf8')));
  } catch {
    throw new StatusError(
      'INTERNAL',
      `The container's answer is no JSON object with an array "predictions": ${answer.body.toString('utf8').slice(0, 200)}`,
    );
  }
}
