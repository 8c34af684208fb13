import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { CertificateAuthority } from './certificates.ts';
import { HostTable } from './hosts.ts';

/** Serves a connection whose TLS has been terminated. */
export type Accept = (connection: Duplex) => void;

/** What stands behind a host: HTTP/2 carries gRPC, HTTP/1.1 carries REST. */
export interface Backend {
  http2?: Accept;
  http1: Accept;
}

/** Terminates TLS for every host of the local cloud and hands the connection to what serves the host. */
export class FrontDoor {
  readonly #server: Server;
  readonly #backends = new HostTable<Backend>();
  readonly #connections = new Set<TLSSocket>();

  constructor(authority: CertificateAuthority) {
    this.#server = createServer({
      ALPNCallback: ({ servername, protocols }) => this.#protocol(servername, protocols),
      SNICallback: (host, done) => {
        authority.secureContext(host).then(
          (context) => done(null, context),
          (error: Error) => done(error),
        );
      },
    });
    this.#server.on('secureConnection', (connection) => this.#accept(connection));
    this.#server.on('tlsClientError', (_error, connection) => connection.destroy());
  }

  set(host: string, backend: Backend): void {
    this.#backends.set(host, backend);
  }

  /** What takes the raw bytes of a tunnel to the host; undefined for a host that nothing serves. */
  tunnel(host: string): ((connection: Socket) => void) | undefined {
    if (!this.#backends.get(host)) return undefined;
    return (connection) => void this.#server.emit('connection', connection);
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #protocol(host: string, offered: string[]): string | undefined {
    const spoken = this.#backends.get(host)?.http2 ? ['h2', 'http/1.1'] : ['http/1.1'];
    return spoken.find((protocol) => offered.includes(protocol));
  }

  #accept(connection: TLSSocket): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    connection.on('error', () => connection.destroy());
    const host = connection.servername;
    const backend = typeof host === 'string' ? this.#backends.get(host) : undefined;
    const accept = connection.alpnProtocol === 'h2' ? backend?.http2 : backend?.http1;
    if (accept) accept(connection);
    else connection.destroy();
  }
}

/** Leads to a plain HTTP server on this machine. */
export function toPort(port: number): Backend {
  return {
    http1: (connection) => {
      const server = connect(port, '127.0.0.1');
      server.on('error', () => connection.destroy());
      connection.on('error', () => server.destroy());
      connection.on('close', () => server.destroy());
      server.on('close', () => connection.destroy());
      connection.pipe(server).pipe(connection);
    },
  };
}
