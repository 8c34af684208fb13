import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ConnectProxy {
  /** Where `HTTPS_PROXY` points. */
  url: string;
  close(): void;
}

export interface ProxyOptions {
  /**
   * What serves the host, or undefined to refuse it; a client waits for the answer. It is given the raw bytes.
   * `user` is the one in the proxy's URL, if the client's has one.
   */
  tunnel(host: string, user: string | undefined): Promise<((connection: Socket) => void) | undefined>;
  onRefused(host: string): void;
}

/** The proxy that all traffic of local processes goes through. It only ever leads to this machine. */
export async function createProxy({ tunnel, onRefused }: ProxyOptions): Promise<ConnectProxy> {
  const connections = new Set<Socket>();
  const server = createServer((request, response) => {
    const host = URL.canParse(request.url ?? '')
      ? new URL(request.url!).hostname
      : (request.headers.host ?? '');
    onRefused(host);
    response.writeHead(403, { 'content-type': 'text/plain' }).end(refusal(host));
  });
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  server.on('connect', async (request, connection: Socket, head: Buffer) => {
    const host = (request.url ?? '').replace(/:\d+$/, '').toLowerCase();
    // Clients hang up as they please; nobody else listens for it until the tunnel stands.
    connection.on('error', () => connection.destroy());
    const serve = await tunnel(host, userOf(request.headers['proxy-authorization']));
    if (!serve) {
      onRefused(host);
      const body = refusal(host);
      connection.end(
        `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      return;
    }
    connection.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) connection.unshift(head);
    serve(connection);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const connection of connections) connection.destroy();
    },
  };
}

/** The user of `Basic` credentials. */
function userOf(authorization: string | undefined): string | undefined {
  const [, credentials] = /^Basic (\S+)$/i.exec(authorization ?? '') ?? [];
  return credentials && Buffer.from(credentials, 'base64').toString('utf8').split(':')[0];
}

function refusal(host: string): string {
  return `The local cloud doesn't serve ${host}, and nothing leaves this machine.\n`;
}
