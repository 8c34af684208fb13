import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedPush {
  headers: IncomingHttpHeaders;
  path: string;
  body: string;
}

export interface PushEndpoint {
  url: string;
  received: ReceivedPush[];
  /** The most requests that were under way at once. */
  mostConcurrent(): number;
  close(): Promise<void>;
}

/** An HTTP server that keeps each push and answers the status that `answer` says, when it says so. */
export async function startPushEndpoint(
  answer: (push: ReceivedPush, count: number) => number | Promise<number>,
): Promise<PushEndpoint> {
  const received: ReceivedPush[] = [];
  let underWay = 0;
  let most = 0;
  const server = createServer(async (request, response) => {
    most = Math.max(most, ++underWay);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const push = {
      headers: request.headers,
      path: request.url ?? '',
      body: Buffer.concat(chunks).toString(),
    };
    received.push(push);
    const status = await answer(push, received.length);
    underWay--;
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    mostConcurrent: () => most,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
