/** A function as the Pulumi program declares it, and as Cloud Run would run it. */
export interface FunctionDeclaration {
  name: string;
  project: string;
  region: string;
  /** `https://<name>-<project number>.<region>.run.app` */
  uri: string;
  /** The name under which the source registers the function. */
  entryPoint: string;
  /** The folder of the unpacked source, with its package.json and node_modules. */
  sourceDir: string;
  serviceAccount: string;
  env: Record<string, string>;
  timeoutSeconds: number;
  /** How many requests one instance handles at a time. */
  concurrency: number;
  minInstances: number;
  maxInstances: number;
}

export interface HttpRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** The connection to the instance broke before it had answered: it has ended, or is about to. */
  connectionBroke?: true;
}

/** Has an instance of a function handle a request. */
export type InterceptRequest = <Answer extends HttpResponse | symbol>(
  processId: string,
  request: HttpRequest,
  forward: () => Promise<Answer>,
) => Promise<Answer | HttpResponse>;

/** How an instance began, in milliseconds from its start. */
export interface ColdStart {
  /** `projects/P/locations/L/services/S` */
  service: string;
  /** Its process. */
  pid: number;
  /** Until it accepted connections. */
  listeningMs: number;
  /** Until it had answered its first request. */
  answeredMs: number;
  status: number;
}

/** The full name of the Cloud Run service under a function. */
export function serviceName({ project, region, name }: FunctionDeclaration): string {
  return `projects/${project}/locations/${region}/services/${name}`;
}

/** An answer that Cloud Run makes itself. */
export function textResponse(status: number, text: string): HttpResponse {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { status, headers, body: Buffer.from(text) };
}
