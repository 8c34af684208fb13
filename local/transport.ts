import type { Ingress } from './run/ingress.ts';

interface Request {
  method: string;
  headers: Record<string, string>;
  body: string | Uint8Array;
  timeoutMs: number;
}

/**
 * How Pub/Sub and the scheduler reach a URL: a function of this cloud through its ingress, any other address of
 * this machine over HTTP. Nothing leaves the machine.
 */
export function deliverTo(ingress: Ingress) {
  return async (url: string, request: Request): Promise<{ status: number }> => {
    const { hostname } = new URL(url);
    if (hostname.endsWith('.run.app')) {
      const handled = ingress.handle(url, { ...request, body: Buffer.from(request.body) });
      return withinTime(handled, request.timeoutMs);
    }
    if (hostname !== '127.0.0.1' && hostname !== 'localhost') {
      throw new Error(`${url} is not on this machine, and the local cloud calls nothing else`);
    }
    const { method, headers, body, timeoutMs } = request;
    const response = await fetch(url, {
      method,
      headers,
      body: typeof body === 'string' ? body : new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer();
    return { status: response.status };
  };
}

async function withinTime<Value>(answer: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
