import type { ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { Caller } from './access.ts';

/** What a gRPC method learns of its call besides the request. */
export interface CallContext {
  caller: Caller;
  /** `google.pubsub.v1.Publisher/Publish` */
  method: string;
}

/** An API call as the servers see it. */
export interface ApiCall {
  /** The gRPC method, or the HTTP method, host and path. */
  method: string;
  /** The caller's port on this machine, by which its process is known. */
  port: number | undefined;
  /** The request: a message as JSON, or a URL with its body where that is JSON. */
  text(): string;
}

/**
 * Called when a call is seen; what it throws is the answer. What it returns is called when the call was served, before
 * the answer leaves, and says what becomes of that.
 */
export type InterceptCall = (call: ApiCall) => Promise<(status: number) => 'pass' | 'lose'>;

/**
 * One Google API over gRPC. The server decodes and validates requests by the `.proto` files that ship in the
 * client package, and answers UNIMPLEMENTED for every method that is not listed here. Keys are full method
 * names; requests and responses have the shapes of the client package's own `protos` types (camelCase fields,
 * 64-bit numbers and enums as protobufjs decodes them, `Any` as `{ type_url, value }`).
 */
export interface GrpcModule {
  /** The npm package whose `build/protos` describe the API, e.g. `@google-cloud/aiplatform`. */
  protos: string;
  /** The `.proto` files to load, relative to `build/protos`; imports are followed. */
  files: string[];
  services: string[];
  /** Required fields that the service takes from elsewhere in the request: `google.logging.v2.LogEntry.log_name`. */
  mayBeMissing?: string[];
  // biome-ignore lint/suspicious/noExplicitAny: each method has its own message types; the module declares them.
  unary: Record<string, (request: any, context: CallContext) => Promise<object> | object>;
  streaming?: Record<
    string,
    // biome-ignore lint/suspicious/noExplicitAny: as above, for streamed messages.
    (call: ServerDuplexStream<any, any> | ServerReadableStream<any, any>, context: CallContext) => void
  >;
}

/** One Google API over REST: routes on a server that has authenticated the caller (`request.caller`). */
export interface RestModule {
  /** The hosts that lead here, e.g. `storage.googleapis.com`. */
  hosts: string[];
  /** Whether the hosts carry gRPC too, which then has HTTP/2 for itself. */
  alsoGrpc?: boolean;
  register(app: FastifyInstance): void;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}
