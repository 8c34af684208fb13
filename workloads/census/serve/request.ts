import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { type Instance, InstanceSchema } from '../model/features.ts';

/** Vertex AI's own limit on a request to an endpoint is 1.5 MB; a dedicated endpoint takes more. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** A request that gets an answer other than 200. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** `parameters` may come along, as in every Vertex AI prediction request; this model has none to read. */
const PredictRequest = z.object({ instances: z.array(InstanceSchema) });

/**
 * Reads a prediction request.
 *
 * @throws RequestError 413 when the body is over the limit, 400 naming the field when it is not as it should be
 */
export async function readInstances(request: IncomingMessage): Promise<Instance[]> {
  const body = parseJson(await readBody(request));
  const result = PredictRequest.safeParse(body, { reportInput: true });
  if (!result.success) throw new RequestError(400, describe(result.error.issues));
  return result.data.instances;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      const message = `the request body is over ${MAX_BODY_BYTES} bytes: send fewer instances at a time`;
      throw new RequestError(413, message, { connection: 'close' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestError(400, `the request body is not JSON: ${(error as SyntaxError).message}`);
  }
}

/** The first thing that is wrong, by the field's path, and how many more there are. */
function describe([first, ...others]: z.core.$ZodIssue[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  if (first.code === 'unrecognized_keys') {
    return `${pathOf([...first.path, first.keys[0]])}: unknown field${more}`;
  }
  const path = pathOf(first.path);
  if (first.input === undefined) return `${path}: missing${more}`;
  const received = first.input === null ? '' : ` ${JSON.stringify(first.input).slice(0, 80)}`;
  return `${path}: ${first.message.replace(/^Invalid input: /, '')}${received}${more}`;
}

/** `instances[3].age` */
function pathOf(path: PropertyKey[]): string {
  if (path.length === 0) return 'the request body';
  return path.reduce<string>((joined, part) => {
    if (typeof part === 'number') return `${joined}[${part}]`;
    return joined ? `${joined}.${String(part)}` : String(part);
  }, '');
}
