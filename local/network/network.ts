import { mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Caller, GrpcModule, InterceptCall, Lint, RestModule } from '../boundaries.ts';
import { type BeforeCall, createGrpcServer, type GrpcServer } from '../grpc/server.ts';
import { createRestServer, type RestServer } from '../rest/server.ts';
import { CertificateAuthority } from './certificates.ts';
import { type Backend, FrontDoor, toPort } from './front-door.ts';
import { createMetadataServer, type MetadataServer } from './metadata-server.ts';
import { type ConnectProxy, createProxy } from './proxy.ts';
import { Tokens } from './tokens.ts';

export interface LocalNetworkOptions {
  /** The folder of the local cloud's state; the certificate authority is kept in its `tls`. */
  stateDir: string;
  /** Told of hosts that processes tried to reach in vain, and of what clients did wrong unnoticed. */
  onLint(lint: Lint): void;
  /** Told of defects of the local cloud, which callers see as INTERNAL. By default they go to stderr. */
  onFault?(subject: string, error: unknown): void;
  /** Where the instances say they are; `us-central1` by default. */
  region?: string;
  /** A project's number, for the metadata servers; all zeros by default. */
  projectNumber?(project: string): string;
}

export interface Surfaces {
  grpc?: GrpcModule[];
  rest?: RestModule[];
  /** Runs before each gRPC handler; the place for checks that all APIs share, such as IAM. */
  beforeCall?: BeforeCall;
  /** Sees every call, before it is served and before it is answered. */
  interceptCall?: InterceptCall;
}

/** Whose credentials a process has: a service account's, or those of the person at the keyboard. */
export type Identity = { serviceAccount: string } | { user: string };

/**
 * The network that the local cloud's processes live in. It is made in two steps, since engines need its tokens
 * and environments before their surfaces can be served: `open`, then `serve`.
 */
export class LocalNetwork {
  readonly tokens = new Tokens();
  /** The local certificate authority, for clients that take it as text. */
  readonly caPem: string;
  readonly #options: LocalNetworkOptions;
  readonly #authority: CertificateAuthority;
  readonly #door: FrontDoor;
  readonly #metadataServers = new Map<string, Promise<MetadataServer>>();
  #proxy: ConnectProxy | undefined;
  /** Of each port that a connection came from, the last one's process. */
  readonly #processes = new Map<number, { process: string | undefined }>();
  readonly #serving = Promise.withResolvers<void>();
  #servers: (GrpcServer | RestServer)[] = [];

  private constructor(options: LocalNetworkOptions, authority: CertificateAuthority) {
    this.#options = options;
    this.#authority = authority;
    this.caPem = authority.pem;
    this.#door = new FrontDoor(authority);
  }

  /** Starts the proxy. Until `serve`, whoever connects waits. */
  static async open(options: LocalNetworkOptions): Promise<LocalNetwork> {
    const authority = await CertificateAuthority.open(join(options.stateDir, 'tls'));
    const network = new LocalNetwork(options, authority);
    network.#proxy = await createProxy({
      tunnel: async (host, process) => {
        await network.#serving.promise;
        const accept = network.#door.tunnel(host);
        return accept && ((connection) => accept(network.#known(connection, process)));
      },
      onRefused: (host) => network.#refused(host),
    });
    return network;
  }

  /** The process whose connection comes from a port of this machine, by the id that `environment` was given. */
  processAt(port: number): string | undefined {
    return this.#processes.get(port)?.process;
  }

  /** Serves the APIs. Hosts of Google's that no module serves answer UNIMPLEMENTED. */
  async serve({ grpc = [], rest = [], beforeCall, interceptCall }: Surfaces): Promise<void> {
    const shared = {
      authenticate: (authorization: string | undefined) => this.tokens.authenticate(authorization),
      onFault: this.#options.onFault ?? reportFault,
      ...(interceptCall && { interceptCall }),
    };
    const grpcServer = createGrpcServer({
      ...shared,
      modules: grpc,
      onLint: (lint) => this.#options.onLint(lint),
      ...(beforeCall && { beforeCall }),
    });
    this.#servers.push(grpcServer);
    for (const module of rest) {
      const backend = await this.#backend(
        createRestServer({ ...shared, module }),
        module.alsoGrpc ? grpcServer : undefined,
      );
      for (const host of module.hosts) this.#door.set(host, backend);
    }
    this.#door.set('*.googleapis.com', await this.#backend(createRestServer(shared), grpcServer));
    this.#serving.resolve();
  }

  /** Leads `https://<host>` to a plain HTTP server on 127.0.0.1, as Cloud Run does. `*` stands for part of a label. */
  route(host: string, port: number): void {
    this.#door.set(host, toPort(port));
  }

  /**
   * The variables that lead every Google client of a process to the local cloud, as the identity given. Where the
   * process has an id, its connections are known by it.
   */
  async environment(
    identity: Identity & { project: string; process?: string },
  ): Promise<Record<string, string>> {
    const principal =
      'user' in identity ? `user:${identity.user}` : `serviceAccount:${identity.serviceAccount}`;
    const metadata = await this.#metadataServer({ principal, project: identity.project });
    const metadataHost = `127.0.0.1:${metadata.port}`;
    const proxy = withUser(this.#proxy!.url, identity.process);
    // An empty home: credentials that the person at the keyboard has from gcloud would go before the metadata server.
    const home = join(this.#options.stateDir, 'home');
    mkdirSync(home, { recursive: true });
    return {
      GOOGLE_CLOUD_PROJECT: identity.project,
      GCE_METADATA_HOST: metadataHost,
      GCE_METADATA_IP: metadataHost,
      METADATA_SERVER_DETECTION: 'assume-present',
      HTTPS_PROXY: proxy,
      https_proxy: proxy,
      grpc_proxy: proxy,
      NO_PROXY: '127.0.0.1,localhost',
      no_proxy: '127.0.0.1,localhost',
      NODE_EXTRA_CA_CERTS: this.#authority.file,
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: this.#authority.file,
      SSL_CERT_FILE: this.#authority.file,
      REQUESTS_CA_BUNDLE: this.#authority.file,
      HOME: home,
      CLOUDSDK_CONFIG: join(home, '.config', 'gcloud'),
    };
  }

  /** Ends every connection and server. */
  async close(): Promise<void> {
    this.#proxy?.close();
    this.#door.close();
    await Promise.all(this.#servers.map((server) => server.close()));
    for (const server of this.#metadataServers.values()) (await server).close();
  }

  async #backend(starting: Promise<RestServer>, grpc: GrpcServer | undefined): Promise<Backend> {
    const rest = await starting;
    this.#servers.push(rest);
    return {
      ...(grpc && { http2: (connection) => grpc.accept(connection) }),
      http1: (connection) => rest.accept(connection),
    };
  }

  #known(connection: Socket, process: string | undefined): Socket {
    const port = connection.remotePort;
    if (port === undefined) return connection;
    // The port of a connection whose end is not known here yet may already be another process's.
    const known = { process };
    this.#processes.set(port, known);
    return connection.once('close', () => {
      if (this.#processes.get(port) === known) this.#processes.delete(port);
    });
  }

  #metadataServer(caller: Caller): Promise<MetadataServer> {
    const key = `${caller.principal} ${caller.project}`;
    let server = this.#metadataServers.get(key);
    if (!server) {
      const { region = 'us-central1', projectNumber = () => '000000000000' } = this.#options;
      const place = { caller, region, projectNumber: projectNumber(caller.project) };
      server = createMetadataServer(place, this.tokens);
      this.#metadataServers.set(key, server);
    }
    return server;
  }

  #refused(host: string): void {
    const message = `A process tried to reach ${host}, which the local cloud doesn't serve.`;
    this.#options.onLint({ rule: 'refused-host', subject: host, message });
  }
}

/** With a password, which means nothing: Python's clients send a name to a proxy only together with one. */
function withUser(url: string, user: string | undefined): string {
  return user === undefined ? url : url.replace('//', `//${user}:local@`);
}

function reportFault(subject: string, error: unknown): void {
  console.error(`The local cloud failed in ${subject}:`, error);
}
