import type { ClientRequest } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/** Where Google Cloud's instances get their tokens, unless the environment says otherwise. */
const METADATA = process.env.GCE_METADATA_HOST ?? '169.254.169.254';
const DEFAULT_WORK_MS = '50';

/**
 * A run of this workload costs little more than its containers' starts, so they load little: no `fetch`, and no import
 * of `node:http`, which brings `fetch` and `WebSocket` along.
 */
export const http = process.getBuiltinModule('node:http');

/** One connection for all requests, through the environment's proxy where it names one. */
const agent = new Agent({ keepAlive: true, proxyEnv: process.env });

/** The container's arguments, `--name=value`, by name. */
export const args: Record<string, string | undefined> = Object.fromEntries(
  parseArgs({ strict: false, allowPositionals: true, tokens: true }).tokens.flatMap((token) =>
    token.kind === 'option' ? [[token.name, token.value]] : [],
  ),
);

/** A value that the container can't do without. */
export function needed(name: string, value: string | undefined): string {
  if (value) return value;
  throw new Error(`${name} is not set`);
}

/** Stands for the work: passes the time that `--work-ms` says, without using the processor. */
export const work = () => delay(Number(args['work-ms'] ?? DEFAULT_WORK_MS));

/** Writes an object of Cloud Storage, in one request. */
export async function write(uri: string, content: object): Promise<void> {
  const { bucket, name } = split(uri);
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${name}`;
  await call(path, { method: 'POST' }, JSON.stringify(content));
}

/** Reads a JSON object of Cloud Storage. */
export async function read(uri: string): Promise<unknown> {
  const { bucket, name } = split(uri);
  return JSON.parse(await call(`/storage/v1/b/${bucket}/o/${name}?alt=media`, { method: 'GET' }));
}

/** Throws when there is nothing below a folder. */
export async function expectObjects(uri: string): Promise<void> {
  const { bucket, name } = split(uri);
  const found = await call(`/storage/v1/b/${bucket}/o?prefix=${name}&maxResults=1`, { method: 'GET' });
  const { items = [] } = JSON.parse(found) as { items?: unknown[] };
  if (items.length === 0) throw new Error(`there is nothing below ${uri}`);
}

/** Writes the object that says that the job's results are complete; the last thing that a job writes. */
export async function writeMarker(): Promise<void> {
  await write(needed('--marker', args.marker), {
    state: 'succeeded',
    job: process.env.CLOUD_ML_JOB_ID,
    run: process.env.BATON_RUN,
  });
}

let token: Promise<string> | undefined;

/** Calls Cloud Storage as the container's service account; what passes by itself is tried again. */
async function call(path: string, given: RequestOptions, body?: string, attempt = 1): Promise<string> {
  token ??= accessToken();
  const headers = { authorization: `Bearer ${await token}`, 'content-type': 'application/json' };
  const options = { ...given, agent, headers, host: 'storage.googleapis.com', path };
  const answer = await exchange(request(options), body).catch((error: Error) => error);
  if (!(answer instanceof Error) && answer.status < 300) return answer.text;
  const isPassing = answer instanceof Error || answer.status === 429 || answer.status >= 500;
  if (isPassing && attempt < 5) {
    await delay(100 * 2 ** attempt);
    return call(path, given, body, attempt + 1);
  }
  const reason = answer instanceof Error ? answer.message : `${answer.status} ${answer.text}`;
  throw new Error(`${given.method} ${path}: ${reason}`);
}

async function accessToken(): Promise<string> {
  const url = `http://${METADATA}/computeMetadata/v1/instance/service-accounts/default/token`;
  const answer = await exchange(http.request(url, { headers: { 'metadata-flavor': 'Google' } }));
  return (JSON.parse(answer.text) as { access_token: string }).access_token;
}

/** Sends a request and reads the whole answer. */
function exchange(sent: ClientRequest, body?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      text(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    sent.end(body);
  });
}

function split(uri: string): { bucket: string; name: string } {
  const [, bucket = '', name = ''] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return { bucket, name: encodeURIComponent(name) };
}
