import type { LocalProcess } from '../../local/boundaries.ts';
import { freePorts } from '../../local/ports.ts';
import { servingVariables } from '../../local/vertex/serving-variables.ts';
import { BENCH } from '../../local/workbench.ts';
import type { Bench } from './bench.ts';
import { imageUri } from './images.ts';

const ROUTES = { healthRoute: '/health', predictRoute: '/predict' };
const ANSWER_MS = 30_000;
const KEPT_LINES = 20;

/** A prediction server that runs. */
export interface Server {
  process: LocalProcess;
  /** How it has ended, once it has. */
  ended(): { code: number | null; signal: string | null } | undefined;
  /** The status of the health route; nothing while nobody listens. */
  health(): Promise<number | undefined>;
  /** The status and the body of an answer to a request's body. */
  predict(body: string): Promise<{ status: number; text: string }>;
  /** Its last lines. */
  output(): string;
}

/** Starts the serve container as Vertex AI does, on a copy of the model. */
export async function startServer(
  { containers, folder, signal }: Bench,
  storageUri: string,
): Promise<Server> {
  const [port] = await freePorts(1);
  const lines: string[] = [];
  const process = await containers.start({
    label: 'prediction server',
    imageUri: imageUri(folder.name, 'serve'),
    env: servingVariables({
      ...{ port, ...ROUTES, storageUri, projectNumber: BENCH.projectNumber },
      ...{ endpointId: folder.name, deployedModelId: '1', machineType: 'n1-standard-2' },
    }),
    serviceAccount: BENCH.serviceAccount,
    project: BENCH.project,
    onLine: (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    },
  });
  let end: ReturnType<Server['ended']>;
  void process.exited.then((exit) => {
    end = exit;
  });
  const url = `http://127.0.0.1:${port}`;
  const patience = () => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  return {
    process,
    ended: () => end,
    output: () => lines.join('\n'),
    async health() {
      const answer = await fetch(url + ROUTES.healthRoute, { signal: patience() }).catch(() => undefined);
      await answer?.arrayBuffer();
      return answer?.status;
    },
    async predict(body) {
      const headers = { 'content-type': 'application/json' };
      const request = { method: 'POST', headers, body, signal: patience() };
      const answer = await fetch(url + ROUTES.predictRoute, request);
      return { status: answer.status, text: await answer.text() };
    },
  };
}
