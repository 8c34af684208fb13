import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { LogSink } from '../boundaries.ts';
import type { FunctionService } from './function-service.ts';
import type { Functions } from './functions.ts';
import { type HttpRequest, type HttpResponse, serviceName, textResponse } from './types.ts';

export interface IngressOptions {
  functions: Functions;
  /** Checks signature, expiry and audience of an identity token, and answers who holds it; throws otherwise. */
  verifyIdentityToken(token: string, audiences: string[]): Promise<{ email: string }>;
  /** Whether the program lets a principal invoke a service: `roles/run.invoker`, or a role that contains it. */
  mayInvoke(service: string, principal: string): boolean;
  logs: LogSink;
}

/** The way into the functions: Cloud Run's front end, which lets nobody pass whom IAM doesn't let invoke. */
export class Ingress {
  readonly #options: IngressOptions;
  #server: Server | undefined;

  constructor(options: IngressOptions) {
    this.#options = options;
  }

  /** Handles a request to a function's URL, as Cloud Run would over the network. */
  async handle(
    url: string,
    request: { method: string; headers: HttpRequest['headers']; body: Buffer },
  ): Promise<HttpResponse> {
    const { host, pathname, search } = new URL(url);
    const service = this.#options.functions.findByHost(host);
    if (!service) return textResponse(404, `The requested URL was not found: no function is at ${host}.`);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const checked = CREDENTIALS.find((name) => headers[name]) ?? 'authorization';
    const refusal = await this.#refuse(service, headers[checked]);
    if (refusal) return refusal;
    return service.handle({
      method: request.method,
      path: pathname + search,
      headers: {
        ...headers,
        host,
        [checked]: withoutSignature(headers[checked]),
        'x-forwarded-proto': 'https',
      },
      body: request.body,
    });
  }

  /** Listens on 127.0.0.1, for the network to lead `*.run.app` to; answers the port. */
  async listen(): Promise<number> {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    }).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise<void>((closed) => (this.#server ? this.#server.close(() => closed()) : closed()));
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', headers, url = '/' } = incoming;
    const body = await buffer(incoming);
    const response = await this.handle(`https://${headers.host}${url}`, { method, headers, body });
    outgoing.writeHead(response.status, response.headers).end(response.body);
  }

  /** Cloud Run's answer to a caller whom it doesn't let pass. */
  async #refuse(
    service: FunctionService,
    authorization: string | string[] | undefined,
  ): Promise<HttpResponse | undefined> {
    const { declaration } = service;
    const refuse = (status: number, problem: string) => {
      this.#logRefusal(service, problem);
      return textResponse(status, `The request was not authorized: ${problem}`);
    };
    const [scheme, token] = String(authorization ?? '').split(' ');
    if (scheme.toLowerCase() !== 'bearer' || !token) {
      return refuse(403, 'it has no identity token, and the function allows no unauthenticated invocations.');
    }
    try {
      const { email } = await this.#options.verifyIdentityToken(token, [declaration.uri]);
      const principal = principalOf(email);
      const name = serviceName(declaration);
      if (this.#options.mayInvoke(name, principal)) return undefined;
      return refuse(403, `${principal} lacks run.routes.invoke (roles/run.invoker) on ${name}.`);
    } catch (error) {
      return refuse(401, error instanceof Error ? error.message : String(error));
    }
  }

  #logRefusal({ declaration: { project, region, name } }: FunctionService, problem: string): void {
    this.#options.logs.write({
      project,
      logName: `projects/${project}/logs/run.googleapis.com%2Frequests`,
      timestamp: new Date().toISOString(),
      severity: 'WARNING',
      resource: {
        type: 'cloud_run_revision',
        labels: { project_id: project, location: region, service_name: name },
      },
      textPayload: `The request was not authorized: ${problem}`,
    });
  }
}

/** Where an identity token may be. Cloud Run checks the first that is there, and hands the other on as it came. */
const CREDENTIALS = ['x-serverless-authorization', 'authorization'];

/** The IAM principal that an identity token's e-mail address is of. */
const principalOf = (email: string) =>
  `${email.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'}:${email}`;

/** A function is told who calls it, and gets nothing with which it could call as them. */
function withoutSignature(authorization: string | string[] | undefined): string {
  return String(authorization).replace(/\.[^.]*$/, '.SIGNATURE_REMOVED_BY_GOOGLE');
}
