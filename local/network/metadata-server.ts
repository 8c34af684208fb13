import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Caller } from '../boundaries.ts';
import type { Tokens } from './tokens.ts';

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];
const ACCOUNTS = '/computeMetadata/v1/instance/service-accounts';

/** Who an instance's processes are, and where it says it is. */
export interface Instance {
  caller: Caller;
  region: string;
  projectNumber: string;
}

export interface MetadataServer {
  port: number;
  close(): void;
}

/** The metadata server that one principal's processes see: on Google Cloud, each instance has its own. */
export async function createMetadataServer(place: Instance, tokens: Tokens): Promise<MetadataServer> {
  const server = createServer((request, response) => {
    answer(request, place, tokens).then(
      (body) => send(response, body),
      (error: unknown) => send(response, { status: 500, body: String(error) }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Answer {
  status: number;
  body: string | object;
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const isText = typeof body === 'string';
  response
    .writeHead(status, {
      'metadata-flavor': 'Google',
      server: 'Metadata Server for VM',
      'content-type': isText ? 'application/text' : 'application/json',
    })
    .end(isText ? body : JSON.stringify(body));
}

async function answer(request: IncomingMessage, place: Instance, tokens: Tokens): Promise<Answer> {
  const { caller } = place;
  const url = new URL(request.url ?? '/', 'http://metadata.google.internal');
  const path = url.pathname.replace(/(?<=.)\/$/, '');
  // The root only tells that this is a metadata server; all else wants the header that browsers can't send.
  if (path === '/') return ok('computeMetadata/');
  if (request.headers['metadata-flavor'] !== 'Google') {
    return { status: 403, body: 'Missing required header: Metadata-Flavor: Google' };
  }
  const email = caller.principal.slice(caller.principal.indexOf(':') + 1);
  const account = accountPath(path, email);
  const value = account === undefined ? instance(place)[path] : undefined;
  if (value !== undefined) return ok(value);
  if (account !== undefined) return accountAnswer(account, url, { caller, email, tokens });
  return { status: 404, body: `The local metadata server has no ${path}.` };
}

const ok = (body: string | object): Answer => ({ status: 200, body });

/** The part of the path after the account's name: `default`, or its e-mail. */
function accountPath(path: string, email: string): string | undefined {
  if (path === ACCOUNTS) return '/';
  const name = ['default', email].find((candidate) => `${path}/`.startsWith(`${ACCOUNTS}/${candidate}/`));
  return name && path.slice(`${ACCOUNTS}/${name}`.length);
}

interface Account {
  caller: Caller;
  email: string;
  tokens: Tokens;
}

async function accountAnswer(item: string, url: URL, { caller, email, tokens }: Account): Promise<Answer> {
  const description = { aliases: ['default'], email, scopes: SCOPES };
  const recursive = url.searchParams.get('recursive')?.toLowerCase() === 'true';
  switch (item) {
    case '/':
      return ok(recursive ? { default: description, [email]: description } : `default/\n${email}/\n`);
    case '':
      return ok(recursive ? description : 'aliases\nemail\nidentity\nscopes\ntoken\n');
    case '/email':
      return ok(email);
    case '/aliases':
      return ok('default\n');
    case '/scopes':
      return ok(`${SCOPES.join('\n')}\n`);
    case '/token': {
      const { token, expiresInSeconds } = tokens.accessToken(caller);
      return ok({ access_token: token, expires_in: expiresInSeconds, token_type: 'Bearer' });
    }
    case '/identity': {
      const audience = url.searchParams.get('audience');
      if (!audience) return { status: 400, body: 'non-empty audience parameter required' };
      return ok(await tokens.identityToken({ audience, email }));
    }
    default:
      return { status: 404, body: `The local metadata server has no ${url.pathname}.` };
  }
}

function instance({ caller: { project }, region, projectNumber: number }: Instance): Record<string, string> {
  const at = '/computeMetadata/v1';
  return {
    '/computeMetadata': 'v1/\n',
    [at]: 'instance/\nproject/\nuniverse/\n',
    [`${at}/instance`]: 'id\nregion\nservice-accounts/\nzone\n',
    [`${at}/instance/id`]: number,
    [`${at}/instance/region`]: `projects/${number}/regions/${region}`,
    [`${at}/instance/zone`]: `projects/${number}/zones/${region}-1`,
    [`${at}/project/project-id`]: project,
    [`${at}/project/numeric-project-id`]: number,
    [`${at}/universe/universe-domain`]: 'googleapis.com',
    [`${at}/universe/universe_domain`]: 'googleapis.com',
  };
}
