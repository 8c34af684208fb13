import { createServer } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify';
import type { Caller, InterceptCall, RestModule } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { errorHandler } from './errors.ts';

export interface RestServerOptions {
  /** The API's routes; none makes a server that answers UNIMPLEMENTED to everything. */
  module?: RestModule;
  /** Throws an UNAUTHENTICATED `StatusError` for a header that names nobody. */
  authenticate(authorization: string | undefined): Caller;
  /** Told of errors that are no `StatusError`: defects of the local cloud. Callers see 500. */
  onFault(subject: string, error: unknown): void;
  /** Sees every call, before it is served and before it is answered. */
  interceptCall?: InterceptCall;
}

/** An HTTP/1.1 server without a port: it serves the connections it is handed. */
export interface RestServer {
  accept(connection: Duplex): void;
  /** Ends the connections, whatever they are at. */
  close(): Promise<void>;
}

/**
 * Serves one REST API of Google's. What its routes can rely on:
 *
 * - `request.caller` is set: callers without a valid token never reach a route.
 * - A path parameter arrives decoded, and an encoded slash (`%2F`) never splits it. A literal colon in a route
 *   is written twice: `/v1/:endpoint::predict`.
 * - `request.body` is parsed JSON where the content type is JSON and the path doesn't begin with `/upload/` or
 *   `/resumable/upload/`; undefined for an empty JSON body; and the request's stream, unread, in all other cases
 *   that have a body. There is no limit on its size.
 * - A thrown `StatusError` becomes Google's JSON error; unknown routes answer 501.
 */
export async function createRestServer({
  module,
  authenticate,
  onFault,
  interceptCall,
}: RestServerOptions): Promise<RestServer> {
  // A connection that ends just as its client uses it again would be a fault that nobody planned.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 600_000 });
  const app = fastify({
    serverFactory: (handler) => server.on('request', handler),
    bodyLimit: Number.MAX_SAFE_INTEGER,
    forceCloseConnections: true,
    // Object names have up to 1024 bytes, each of which may be percent-encoded.
    routerOptions: { maxParamLength: 4096 },
  });
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request) => {
    request.caller = authenticate(request.headers.authorization);
  });
  if (interceptCall) intercept(app, interceptCall);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, body: Readable) =>
    isJson(request) ? parseJson(await text(body)) : body,
  );
  app.setErrorHandler(errorHandler(onFault));
  app.setNotFoundHandler((request) => {
    const [path] = request.url.split('?');
    throw new StatusError(
      'UNIMPLEMENTED',
      `${request.method} https://${request.host}${path} is not implemented by the local cloud.`,
    );
  });
  module?.register(app);
  await app.ready();
  return {
    accept: (connection) => void server.emit('connection', connection),
    close: async () => {
      server.closeAllConnections();
      await app.close();
    },
  };
}

/** An answer that is lost breaks the connection, as the network would. */
function intercept(app: FastifyInstance, interceptCall: InterceptCall): void {
  const served = new WeakMap<FastifyRequest, Awaited<ReturnType<InterceptCall>>>();
  app.addHook('preHandler', async (request) => {
    const call = {
      method: `${request.method} ${request.host}${request.url.split('?')[0]}`,
      port: request.raw.socket.remotePort,
      text: () => textOf(request),
    };
    served.set(request, await interceptCall(call));
  });
  app.addHook('onSend', async (request, reply) => {
    if (served.get(request)?.(reply.statusCode) === 'lose') request.raw.socket.destroy();
  });
}

/** A call's URL, and its body where that is parsed. */
function textOf({ url, body }: FastifyRequest): string {
  return `${decodeURIComponent(url)} ${body instanceof Readable ? '' : JSON.stringify(body ?? '')}`;
}

function isJson(request: FastifyRequest): boolean {
  const isUpload = /^\/(resumable\/)?upload\//.test(request.url);
  return !isUpload && /^application\/json\b/i.test(request.headers['content-type'] ?? '');
}

function parseJson(body: string): unknown {
  if (body.trim() === '') return undefined;
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new StatusError('INVALID_ARGUMENT', `Invalid JSON payload received. ${(error as Error).message}`, {
      reason: 'parseError',
    });
  }
}
