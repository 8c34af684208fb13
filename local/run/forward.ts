import { request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type HttpRequest, type HttpResponse, textResponse } from './types.ts';

/** Headers of one connection, which the next connection has its own of. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'content-length']);

/** The instance accepts no connections any more, so the request has had no effect and may go to another. */
export const GONE = Symbol('gone');

/**
 * Sends a request to an instance and answers what it answers: 504 when that takes longer than the function may,
 * 503 when the connection breaks, as it does when the instance dies.
 */
export async function forward(
  port: number,
  { method, path, headers, body }: HttpRequest,
  timeoutSeconds: number,
): Promise<HttpResponse | typeof GONE> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    return await new Promise<HttpResponse>((resolve, reject) => {
      const request = httpRequest({
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        signal: timeout,
        headers: { ...withoutHopByHop(headers), 'content-length': body.length },
      });
      request.once('error', reject);
      request.once('response', (response) => {
        buffer(response).then(
          (body) =>
            resolve({
              status: response.statusCode ?? 502,
              headers: withoutHopByHop(response.headers),
              body,
            }),
          reject,
        );
      });
      request.end(body);
    });
  } catch (error) {
    if (timeout.aborted) {
      return textResponse(
        504,
        `The request has been terminated because it has reached the maximum request timeout of ${timeoutSeconds} s.`,
      );
    }
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return GONE;
    const cause = error instanceof Error ? error.message : String(error);
    const text = `The request failed because the connection to the instance had an error: ${cause}`;
    return { ...textResponse(503, text), connectionBroke: true };
  }
}

function withoutHopByHop(headers: HttpRequest['headers']): HttpRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())));
}
