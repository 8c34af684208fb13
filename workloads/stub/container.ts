import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/** Where Google Cloud's instances get their tokens, unless the environment says otherwise. */
const METADATA = process.env.GCE_METADATA_HOST ?? '169.254.169.254';
const DEFAULT_WORK_MS = '50';

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
  const url = `https://storage.googleapis.com/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${name}`;
  const headers = { 'content-type': 'application/json' };
  await call(url, { method: 'POST', headers, body: JSON.stringify(content) });
}

/** Reads a JSON object of Cloud Storage. */
export async function read(uri: string): Promise<unknown> {
  const { bucket, name } = split(uri);
  const response = await call(
    `https://storage.googleapis.com/storage/v1/b/${bucket}/o/${name}?alt=media`,
    {},
  );
  return response.json();
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

/** Calls a Google API as the container's service account; what passes by itself is tried again. */
async function call(url: string, request: RequestInit, attempt = 1): Promise<Response> {
  token ??= accessToken();
  const headers = { ...request.headers, authorization: `Bearer ${await token}` };
  const response = await fetch(url, { ...request, headers }).catch((error: Error) => error);
  if (response instanceof Response && response.ok) return response;
  const isPassing = response instanceof Error || response.status === 429 || response.status >= 500;
  if (isPassing && attempt < 5) {
    await delay(100 * 2 ** attempt);
    return call(url, request, attempt + 1);
  }
  const answer = response instanceof Error ? response.message : `${response.status} ${await response.text()}`;
  throw new Error(`${request.method ?? 'GET'} ${url}: ${answer}`);
}

async function accessToken(): Promise<string> {
  const account = `http://${METADATA}/computeMetadata/v1/instance/service-accounts/default`;
  const response = await fetch(`${account}/token`, { headers: { 'metadata-flavor': 'Google' } });
  return ((await response.json()) as { access_token: string }).access_token;
}

function split(uri: string): { bucket: string; name: string } {
  const [, bucket = '', name = ''] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return { bucket, name: encodeURIComponent(name) };
}
