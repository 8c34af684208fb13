import type { Storage } from '@google-cloud/storage';
import type { Command } from 'commander';
import { type Clients, clientsOf } from '../clients.ts';
import { type Choice, chooseEnvironment, type Environment } from '../environments/environment.ts';
import { leadTo } from '../environments/lead.ts';
import type { Buckets } from '../runs/run-view.ts';
import { CommandError, EXIT, type ExitCode } from '../terminal/exit-codes.ts';
import { type Format, Output } from '../terminal/output.ts';

/** What every command works with: the environment it is about, clients led to it, and where its output goes. */
export interface Session {
  environment: Environment;
  clients: Clients;
  storage: Storage;
  buckets: Buckets;
  output: Output;
  /** Aborts when the person interrupts. */
  signal: AbortSignal;
}

interface GlobalOptions extends Choice {
  format: Format;
  quiet: boolean;
}

/** What a command works with that is about no environment. */
export type Shell = Pick<Session, 'output' | 'signal'>;

type Work<Given, Options, Args extends unknown[]> = (
  given: Given,
  options: Options,
  ...args: Args
) => Promise<ExitCode>;

/** An action of a command: does the work and sets the exit code. A failure is one line on stderr. */
export function inShell<Options, Args extends unknown[]>(
  work: Work<Shell & { choice: Choice }, Options, Args>,
) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const args = given.slice(0, -2) as Args;
    const { format, quiet, ...choice } = command.optsWithGlobals<GlobalOptions>();
    const output = new Output({ format, quiet });
    const interruption = new AbortController();
    const { signal } = interruption;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort());
    try {
      process.exitCode = await work({ output, signal, choice }, command.opts<Options & object>(), ...args);
    } catch (error) {
      process.exitCode = signal.aborted ? EXIT.interrupted : exitCodeOf(error);
      if (!signal.aborted) output.warn(`baton: ${explain(error)}`);
    }
  };
}

/** As `inShell`, for a command about an environment, which it finds and leads the clients to. */
export function inSession<Options, Args extends unknown[]>(work: Work<Session, Options, Args>) {
  return inShell<Options, Args>(async ({ output, signal, choice }, options, ...args) => {
    const environment = chooseEnvironment(choice);
    leadTo(environment.variables);
    const clients = clientsOf(environment);
    const { nonprod, prod } = environment;
    const session: Session = {
      ...{ environment, clients, output, signal },
      storage: await clients.storage(),
      buckets: { nonprod: nonprod.bucket, prod: prod.bucket },
    };
    return work(session, options, ...args);
  });
}

const exitCodeOf = (error: unknown): ExitCode =>
  error instanceof CommandError ? error.exitCode : EXIT.failure;

/** What a client's error says, with where it came from when it could not get through. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  if (error.message.includes('ECONNREFUSED') || code === 'ECONNREFUSED') {
    return `nothing answers there (${error.message}). Is the local cloud up? \`npm start -- --keep\` starts it`;
  }
  return error.message;
}
