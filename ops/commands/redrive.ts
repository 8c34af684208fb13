import type { Command } from 'commander';
import { isProduction } from '../environments/environment.ts';
import { listParked, type StoredMessage } from '../events/parked.ts';
import { type RedriveResult, redrive } from '../events/redrive.ts';
import { operator } from '../operator.ts';
import { confirm } from '../terminal/confirm.ts';
import { CommandError, EXIT, type ExitCode } from '../terminal/exit-codes.ts';
import { table } from '../terminal/output.ts';
import { inSession, type Session } from './session.ts';

interface RedriveOptions {
  subscription?: string;
  all: boolean;
  dryRun: boolean;
  yes: boolean;
}

export function addRedriveCommand(events: Command): void {
  events
    .command('redrive')
    .description('publishes parked messages again, byte for byte, each once')
    .argument('[ids...]', 'message ids, as `events list` prints them')
    .option('--subscription <name>', 'those that this subscription could not take')
    .option('--all', 'all that have not been redriven', false)
    .option('--dry-run', 'print what would be published, and change nothing', false)
    .option('--yes', 'do not ask before what touches production', false)
    .action(
      inSession(async (session, options: RedriveOptions, ids: string[]) => {
        if (ids.length === 0 && !options.subscription && !options.all) {
          throw new CommandError(EXIT.usage, 'give message ids, --subscription or --all');
        }
        const chosen = await choose(session, options, ids);
        if (options.dryRun) {
          const views = chosen.map(({ view }) => view);
          session.output.data({ messages: views }, () =>
            table(
              ['MESSAGE', 'SUBSCRIPTION', 'CODE'],
              views.map((it) => [it.id, it.subscription, it.code]),
            ),
          );
          return EXIT.ok;
        }
        return send(session, chosen, options);
      }),
    );
}

async function choose(session: Session, options: RedriveOptions, ids: string[]): Promise<StoredMessage[]> {
  const chosen: StoredMessage[] = [];
  for await (const stored of listParked(
    session.storage,
    session.buckets,
    session.output.warn,
    options.subscription,
  )) {
    const wanted = ids.length > 0 ? ids.includes(stored.view.id) : !stored.view.redriven;
    if (wanted) chosen.push(stored);
  }
  const missing = ids.filter((id) => !chosen.some(({ view }) => view.id === id));
  if (missing.length > 0) throw new CommandError(EXIT.notFound, `no parked message ${missing.join(', ')}`);
  if (chosen.length === 0) throw new CommandError(EXIT.refused, 'there is no message to redrive');
  return chosen;
}

async function send(session: Session, chosen: StoredMessage[], { yes }: RedriveOptions): Promise<ExitCode> {
  const { output, environment, signal } = session;
  const inProduction = chosen.filter(
    ({ view }) => isProduction(environment, view.tenant) && !view.redriven,
  ).length;
  if (inProduction > 0) {
    const question = `Publish ${inProduction} messages to production (${environment.prod.project}) again?`;
    await confirm(question, { yes, output });
  }
  const { authid: by } = await operator(session.storage.authClient);
  const results: RedriveResult[] = [];
  for (const stored of chosen) {
    if (signal.aborted) break;
    results.push(await redrive(session, stored, by));
    const { id, result, reason } = results[results.length - 1];
    output.say(`${results.length}/${chosen.length}  ${id}  ${result}${reason ? `: ${reason}` : ''}`);
  }
  output.data({ messages: results }, () =>
    table(
      ['MESSAGE', 'SUBSCRIPTION', 'RESULT', 'AS'],
      results.map((it) => [it.id, it.subscription, it.result, it.as]),
    ),
  );
  if (signal.aborted) return EXIT.interrupted;
  return results.some(({ result }) => result !== 'skipped') ? EXIT.ok : EXIT.refused;
}
