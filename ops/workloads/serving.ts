import { isDeepStrictEqual } from 'node:util';
import { copyArtifacts, findArtifacts } from '../../local/vertex/artifacts.ts';
import { BENCH } from '../../local/workbench.ts';
import { at, type Bench, until } from './bench.ts';
import type { Sample } from './evaluation.ts';
import { type Server, startServer } from './server.ts';

/** How long a server is watched that can't have its model yet, or never will. */
const WATCHED_MS = 400;
const WITHOUT_MODEL_MS = 3000;
const GRACE_MS = 10_000;
const TOLERANCE = 1e-6;

/** What no server may take for a prediction request. */
const MALFORMED = ['no JSON', '{}', '{"instances":7}', '{"instances":[null]}'];

/** Serves the model, asks for the evaluator's predictions again, and ends the server; then starts one without a model. */
export async function checkServing(bench: Bench, model: string, samples: Sample[]): Promise<void> {
  const { storage, report } = bench;
  const target = { project: BENCH.project, location: BENCH.location, folder: 'models/checked/1' };
  const copy = await copyArtifacts(storage, findArtifacts(storage, model), target);
  const release = bench.hold();
  try {
    const server = await startServer(bench, copy);
    const early = await watchEarly(bench, server);
    release();
    report.expect('serve-not-early', 'GET /health before the model can be read', early);
    if (await checkReady(bench, server)) {
      if (samples.length > 0) await checkPredictions(bench, server, samples);
      await checkMalformed(bench, server, samples);
    }
    await checkStop(bench, server);
  } finally {
    release();
  }
  await checkWithoutModel(bench);
}

/** No call is served meanwhile, so a server that says that it is well can't have its model. */
async function watchEarly(bench: Bench, server: Server): Promise<string | false> {
  const callsBefore = bench.calls();
  let deadline = Date.now() + bench.timeoutMs;
  let hasAsked = false;
  return until(bench, async () => {
    if ((await server.health()) === 200) return '200';
    if (server.ended()) return false;
    if (!hasAsked && bench.calls() > callsBefore) {
      hasAsked = true;
      deadline = Date.now() + WATCHED_MS;
    }
    return Date.now() > deadline ? false : undefined;
  });
}

async function checkReady(bench: Bench, server: Server): Promise<boolean> {
  const deadline = Date.now() + bench.timeoutMs;
  const problem = await until(bench, async () => {
    const status = await server.health();
    if (status === 200) return 'ready';
    const end = server.ended();
    if (end)
      return `the server ended with ${end.signal ?? `exit code ${end.code}`}. Its last output:\n${server.output()}`;
    const late = `${status ?? 'nobody listens'} after ${bench.timeoutMs / 1000} s. Its last output:\n${server.output()}`;
    return Date.now() > deadline ? late : undefined;
  });
  return bench.report.expect('serve-ready', 'GET /health', problem !== 'ready' && problem);
}

async function checkPredictions(bench: Bench, server: Server, samples: Sample[]): Promise<void> {
  const { report } = bench;
  const reversed = samples.toReversed();
  const place = `POST /predict of ${samples.length} instances`;
  const [inOrder, backwards] = [await predictions(server, samples), await predictions(server, reversed)];
  const problem = inOrder.problem ?? backwards.problem;
  if (!report.expect('serve-predictions', place, problem)) return;
  const isMixed = !backwards
    .values!.toReversed()
    .every((value, index) => isSame(value, inOrder.values![index]));
  report.expect('serve-predictions', place, isMixed && 'the same instances backwards have other predictions');
  const wrong = samples.findIndex(({ prediction }, index) => !isSame(prediction, inOrder.values![index]));
  const [asked, answered] = [samples[wrong], inOrder.values![wrong]];
  const found = wrong >= 0 && `${JSON.stringify(answered)} for ${JSON.stringify(asked)}`;
  report.expect('serve-samples', place, found);
}

interface Answer {
  values?: unknown[];
  problem?: string;
}

async function predictions(server: Server, samples: Sample[]): Promise<Answer> {
  const { status, text } = await server.predict(
    JSON.stringify({ instances: samples.map(({ instance }) => instance) }),
  );
  if (status !== 200) return { problem: `${status}: ${text.slice(0, 500)}` };
  try {
    const { predictions: values } = JSON.parse(text) as { predictions?: unknown };
    if (!Array.isArray(values)) return { problem: `no list of predictions: ${text.slice(0, 500)}` };
    return values.length === samples.length ? { values } : { problem: `${values.length} predictions` };
  } catch {
    return { problem: `no JSON: ${text.slice(0, 500)}` };
  }
}

async function checkMalformed({ report }: Bench, server: Server, samples: Sample[]): Promise<void> {
  for (const body of MALFORMED) {
    const answer = await server.predict(body).catch((error: Error) => error);
    const isRefused = !(answer instanceof Error) && answer.status >= 400 && answer.status < 500;
    const found = answer instanceof Error ? `no answer (${reasonOf(answer)})` : String(answer.status);
    report.expect('serve-malformed', `POST /predict of ${body}`, !isRefused && found);
  }
  const after = await predictions(server, samples).catch((error: Error) => ({ problem: reasonOf(error) }));
  report.expect('serve-malformed', 'POST /predict after these', after.problem);
}

async function checkStop({ report }: Bench, { process, health }: Server): Promise<void> {
  const isThere = (await health()) !== undefined;
  await process.stop(GRACE_MS);
  if (!isThere) return;
  const { code, signal } = await process.exited;
  const killed = signal === 'SIGKILL' && `it was still there after ${GRACE_MS / 1000} s`;
  // The first process of a container ignores the signals that it has no handler for.
  const unhandled = signal === 'SIGTERM' && 'no handler, so the first process of a container would ignore it';
  const failed = signal === null && code !== 0 && code !== 143 && `exit code ${code}`;
  report.expect('serve-stops', 'SIGTERM', killed || unhandled || failed);
}

async function checkWithoutModel(bench: Bench): Promise<void> {
  const server = await startServer(bench, at('nothing'));
  const deadline = Date.now() + WITHOUT_MODEL_MS;
  const healthy = await until(bench, async () => {
    if ((await server.health()) === 200) return true;
    return server.ended() || Date.now() > deadline ? false : undefined;
  });
  await server.process.stop(GRACE_MS);
  bench.report.expect('serve-not-early', 'GET /health without a model', healthy && '200');
}

/** Numbers may differ in their last digits: evaluator and server may be written in two languages. */
function isSame(left: unknown, right: unknown): boolean {
  if (typeof left !== 'number' || typeof right !== 'number') return isDeepStrictEqual(left, right);
  return Math.abs(left - right) <= TOLERANCE * Math.max(1, Math.abs(left), Math.abs(right));
}

const reasonOf = ({ message, cause }: Error) => (cause instanceof Error ? cause.message : message);
