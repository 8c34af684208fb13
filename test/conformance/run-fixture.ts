import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LogEntry } from '../../local/boundaries.ts';
import { LocalProcessHost } from '../../local/processes/process-host.ts';
import { Functions } from '../../local/run/functions.ts';
import { Ingress } from '../../local/run/ingress.ts';
import type { FunctionDeclaration } from '../../local/run/types.ts';
import { startServices } from './harness.ts';

/** Those who may invoke the function. */
export const INVOKER = 'pubsub-push@p.iam.gserviceaccount.com';
export const USER = 'somebody@example.com';

/** A function whose answers show what its instance is and does; `/hold` answers never, `/gather` when three are there. */
const SOURCE = `
import { http } from '@google-cloud/functions-framework';
let active = 0;
let most = 0;
let gathered;
const threeAreHere = new Promise((resolve) => { gathered = resolve; });
http('probe', async (request, response) => {
  active += 1;
  most = Math.max(most, active);
  if (request.path === '/hold') await new Promise(() => {});
  if (request.path === '/gather' && active === 3) gathered();
  if (request.path === '/gather') await threeAreHere;
  if (request.path === '/die') process.kill(process.pid, 'SIGKILL');
  if (request.path === '/log') console.log(JSON.stringify({ severity: 'warning', message: 'seen', stage: 'train' }));
  active -= 1;
  const { K_SERVICE, K_REVISION, GREETING, GOOGLE_CLOUD_PROJECT } = process.env;
  response.status(201).json({
    pid: process.pid, most, body: request.body, headers: request.headers,
    env: { K_SERVICE, K_REVISION, GREETING, GOOGLE_CLOUD_PROJECT },
  });
});
`;

export interface Answer {
  status: number;
  text: string;
  body: {
    pid: number;
    most: number;
    body: unknown;
    headers: Record<string, string>;
    env: Record<string, string>;
  };
}

/** Cloud Run with one function, in the local network. */
export async function startFunction(changes: Partial<FunctionDeclaration> & { idleMs?: number } = {}) {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-run-'));
  const services = await startServices({ stateDir });
  const { network } = services;
  const processes = new LocalProcessHost({
    stateDir,
    environment: (identity) => network.environment(identity),
    onLint: (lint) => services.lints.push(lint),
  });
  const log: LogEntry[] = [];
  const logs = { write: (entry: LogEntry) => void log.push(entry) };
  const { idleMs = 60_000, ...declared } = changes;
  const functions = new Functions({ processes, logs, idleMs });
  const declaration = { ...declarationIn(join(stateDir, 'source')), ...declared };
  await functions.declare(declaration);
  const ingress = new Ingress({
    functions,
    verifyIdentityToken: (token, audiences) => network.tokens.verifyIdentityToken(token, audiences),
    mayInvoke: (service, principal) =>
      service === 'projects/p/locations/us-central1/services/probe' &&
      [`serviceAccount:${INVOKER}`, `user:${USER}`].includes(principal),
    logs,
  });
  interface Call {
    email?: string;
    audience?: string;
    token?: string;
    /** What is sent instead of a token in `Authorization`. */
    headers?: Record<string, string>;
  }
  const call = async (path = '/', options: Call = {}) => {
    const { email = INVOKER, audience = declaration.uri } = options;
    const token = options.token ?? (await network.tokens.identityToken({ email, audience }));
    const response = await ingress.handle(declaration.uri + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(options.headers ?? (token && { Authorization: `Bearer ${token}` })),
      },
      body: Buffer.from('{"hello":"there"}'),
    });
    const text = response.body.toString();
    return {
      status: response.status,
      text,
      body: text.startsWith('{') ? JSON.parse(text) : undefined,
    } as Answer;
  };
  const service = functions.list()[0];
  const close = async () => {
    await ingress.close();
    await functions.close();
    await processes.close();
    await services.close();
  };
  return { call, service, functions, ingress, network, log, declaration, close };
}

function declarationIn(sourceDir: string): FunctionDeclaration {
  mkdirSync(sourceDir);
  writeFileSync(join(sourceDir, 'package.json'), JSON.stringify({ type: 'module', main: 'probe.js' }));
  writeFileSync(join(sourceDir, 'probe.js'), SOURCE);
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(sourceDir, 'node_modules'));
  return {
    name: 'probe',
    project: 'p',
    region: 'us-central1',
    uri: 'https://probe-123456789012.us-central1.run.app',
    entryPoint: 'probe',
    sourceDir,
    serviceAccount: 'probe@p.iam.gserviceaccount.com',
    env: { GREETING: 'hello' },
    timeoutSeconds: 60,
    concurrency: 8,
    minInstances: 0,
    maxInstances: 10,
  };
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
