import type { IncomingMessage, ServerResponse } from 'node:http';
import { log } from '../container/log.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { RequestError, readInstances } from './request.ts';

/** Where the two routes of a Vertex AI prediction container are. */
export interface Routes {
  health: string;
  predict: string;
}

/** Answers health checks and predictions over HTTP; until it has a model, it answers 503. */
export class PredictionService {
  readonly #routes: Routes;
  #model: SavedModel | undefined;
  #draining = false;

  constructor(routes: Routes) {
    this.#routes = routes;
  }

  /** From now on predicts with this model. */
  serve(model: SavedModel): void {
    this.#model = model;
  }

  /** From now on ends each connection with its answer: a kept one would hold up the container's end. */
  drain(): void {
    this.#draining = true;
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#respond(response, 200, await this.#answer(request));
    } catch (error) {
      if (error instanceof RequestError) {
        this.#respond(response, error.status, { error: error.message }, error.headers);
      } else {
        log('ERROR', error instanceof Error ? (error.stack ?? error.message) : String(error));
        this.#respond(response, 500, { error: 'internal error' });
      }
    }
  }

  async #answer(request: IncomingMessage): Promise<object> {
    const [path] = (request.url ?? '').split('?', 1);
    if (path === this.#routes.health) {
      expectMethod(request, 'GET');
      this.#loadedModel();
      return { status: 'ok' };
    }
    if (path === this.#routes.predict) {
      expectMethod(request, 'POST');
      const model = this.#loadedModel();
      const instances = await readInstances(request);
      return { predictions: instances.map((instance) => model.predict(instance)) };
    }
    throw new RequestError(404, `no route ${path}`);
  }

  #loadedModel(): SavedModel {
    if (!this.#model) throw new RequestError(503, 'the model is still loading', { 'retry-after': '1' });
    return this.#model;
  }

  #respond(
    response: ServerResponse,
    status: number,
    body: object,
    headers: Record<string, string> = {},
  ): void {
    // As text, it goes out with the headers in one write; as bytes it would take a second one.
    const content = JSON.stringify(body);
    response
      .writeHead(status, {
        ...headers,
        ...(this.#draining ? { connection: 'close' } : {}),
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(content),
      })
      .end(content);
  }
}

function expectMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method) {
    throw new RequestError(405, `${request.method} is not allowed here, use ${method}`, { allow: method });
  }
}
