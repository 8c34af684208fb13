import './default-roots.ts';

import type { Duplex } from 'node:stream';
import * as grpc from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import type { CallContext, Caller, GrpcModule, InterceptCall, Lint } from '../boundaries.ts';
import { Code, StatusError } from '../status.ts';
import { Annotations } from './annotations.ts';
import { protosOf } from './protos.ts';
import { statusObject } from './status-object.ts';
import { validate } from './validation.ts';

export interface GrpcServerOptions {
  modules: GrpcModule[];
  /** Throws an UNAUTHENTICATED `StatusError` for a header that names nobody. */
  authenticate(authorization: string | undefined): Caller;
  /** Told of output-only fields that callers set. */
  onLint(lint: Lint): void;
  /** Told of errors that are no `StatusError`: defects of the local cloud. Callers see INTERNAL. */
  onFault(subject: string, error: unknown): void;
  /** Runs before each handler, with the validated request; what it throws is the answer. */
  beforeCall?: BeforeCall;
  /** Sees every unary call, before it is served and before it is answered. */
  interceptCall?: InterceptCall;
}

export type BeforeCall = (context: CallContext, request: object) => void | Promise<void>;

/** A gRPC server without a port: it serves the connections it is handed. */
export interface GrpcServer {
  /** Serves HTTP/2 on a connection whose TLS is already terminated. */
  accept(connection: Duplex): void;
  /** Cancels the calls in flight and ends the connections. */
  close(): Promise<void>;
}

type Handler = GrpcModule['unary'][string];

/**
 * Serves every service that the modules list. Handlers get the message that protobufjs decodes: unset fields
 * have their defaults by the prototype (so a spread copies what was set), enums are numbers, 64-bit integers
 * `Long`, bytes `Buffer`, `Any` `{ type_url, value }`. They answer anything that protobufjs' `fromObject` takes.
 *
 * A service may be listed by several modules, as `google.longrunning.Operations` is: the modules that have the
 * method are asked in turn until one answers otherwise than NOT_FOUND.
 *
 * Streamed requests are not validated; a stream fails by `call.emit('error', new StatusError(…))`.
 */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    // Statistics of each call, for a debugging service that nobody serves here.
    'grpc.enable_channelz': 0,
  });
  for (const [name, modules] of modulesByService(options.modules)) {
    const library = protosOf(modules[0]!.protos);
    const annotations = new Annotations(
      library.root,
      modules.flatMap(({ mayBeMissing }) => mayBeMissing ?? []),
    );
    const service = library.root.lookupService(name);
    const definition: Record<string, grpc.MethodDefinition<object, object>> = {};
    const implementation: grpc.UntypedServiceImplementation = {};
    for (const method of service.methodsArray) {
      method.resolve();
      const path = `${name}/${method.name}`;
      definition[method.name] = methodDefinition(path, method);
      implementation[method.name] =
        method.requestStream || method.responseStream
          ? streamingCall(path, modules, options)
          : unaryCall(path, modules, requestCheck(path, method, annotations, options), options);
    }
    server.addService(definition, implementation);
  }
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  return {
    accept: (connection) => injector.injectConnection(connection),
    close: async () => {
      injector.destroy();
      server.forceShutdown();
    },
  };
}

function modulesByService(modules: GrpcModule[]): Map<string, GrpcModule[]> {
  const services = new Map<string, GrpcModule[]>();
  for (const module of modules) {
    protosOf(module.protos).load(module.files);
    for (const service of module.services) {
      services.set(service, [...(services.get(service) ?? []), module]);
    }
  }
  return services;
}

function methodDefinition(path: string, method: protobuf.Method): grpc.MethodDefinition<object, object> {
  const { resolvedRequestType: request, resolvedResponseType: response } = method;
  return {
    path: `/${path}`,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestDeserialize: (bytes) => request!.decode(bytes),
    responseSerialize: (answer) => Buffer.from(response!.encode(response!.fromObject(answer)).finish()),
    requestSerialize: (message) => Buffer.from(request!.encode(message).finish()),
    responseDeserialize: (bytes) => response!.decode(bytes),
  };
}

/** Throws INVALID_ARGUMENT with everything that is wrong with the request. */
function requestCheck(
  path: string,
  method: protobuf.Method,
  annotations: Annotations,
  options: GrpcServerOptions,
) {
  return (request: object): void => {
    const { violations, cleared } = validate(method.resolvedRequestType!, request, annotations);
    for (const field of cleared) {
      const message = `${path}: ${field} is output only; the value sent was ignored.`;
      options.onLint({ rule: 'output-only-field', subject: path, message });
    }
    if (violations.length > 0) throw new StatusError('INVALID_ARGUMENT', violations.join('; '));
  };
}

function unaryCall(
  path: string,
  modules: GrpcModule[],
  checkRequest: (request: object) => void,
  options: GrpcServerOptions,
): grpc.handleUnaryCall<object, object> {
  const handlers = modules.flatMap((module) => module.unary[path] ?? []);
  return async (call, respond) => {
    try {
      const context = contextOf(path, call.metadata, options);
      if (handlers.length === 0) throw unimplemented(path);
      checkRequest(call.request);
      const served = await options.interceptCall?.(seen(path, call));
      await options.beforeCall?.(context, call.request);
      const answer = await firstThatFinds(handlers, call.request, context);
      if (served?.(200) === 'lose') throw new StatusError('UNAVAILABLE', 'The connection was lost.');
      respond(null, answer);
    } catch (error) {
      respond(serviceError(path, error, options));
    }
  };
}

function seen(method: string, call: grpc.ServerUnaryCall<object, object>): Parameters<InterceptCall>[0] {
  const port = Number(call.getPeer().split(':').at(-1));
  return { method, port, text: () => JSON.stringify(call.request) };
}

async function firstThatFinds(handlers: Handler[], request: object, context: CallContext): Promise<object> {
  for (const handler of handlers.slice(0, -1)) {
    try {
      return await handler(request, context);
    } catch (error) {
      if (!(error instanceof StatusError && error.status === 'NOT_FOUND')) throw error;
    }
  }
  return handlers.at(-1)!(request, context);
}

function streamingCall(path: string, modules: GrpcModule[], options: GrpcServerOptions) {
  const handler = modules.map((module) => module.streaming?.[path]).find((candidate) => candidate);
  return async (call: grpc.ServerDuplexStream<object, object>): Promise<void> => {
    translateErrors(path, call, options);
    try {
      const context = contextOf(path, call.metadata, options);
      if (!handler) throw unimplemented(path);
      handler(call, context);
    } catch (error) {
      call.emit('error', error);
    }
  };
}

/** Lets a handler end a stream with a `StatusError`, which grpc-js would report as UNKNOWN. */
function translateErrors(
  path: string,
  call: grpc.ServerDuplexStream<object, object>,
  options: GrpcServerOptions,
): void {
  const emit = call.emit.bind(call);
  call.emit = (event: string | symbol, ...values: unknown[]) =>
    event === 'error' ? emit(event, serviceError(path, values[0], options)) : emit(event, ...values);
}

function contextOf(method: string, metadata: grpc.Metadata, options: GrpcServerOptions): CallContext {
  const [authorization] = metadata.get('authorization');
  return { method, caller: options.authenticate(authorization?.toString()) };
}

function unimplemented(path: string): StatusError {
  return new StatusError('UNIMPLEMENTED', `${path} is not implemented by the local cloud.`);
}

function serviceError(path: string, error: unknown, options: GrpcServerOptions): Partial<grpc.StatusObject> {
  if (error instanceof StatusError) return statusObject(error);
  options.onFault(path, error);
  return { code: Code.INTERNAL, details: error instanceof Error ? error.message : String(error) };
}
