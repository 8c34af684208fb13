import type { Command } from 'commander';
import { type RunId, type StageName, TENANT_OF } from '../../events/index.ts';
import { isProduction } from '../environments/environment.ts';
import { operator } from '../operator.ts';
import { type Batch, type BatchResult, openBatch, readBatch, sendBatch } from '../replay/batch.ts';
import { planReplay, type ReplayPlan } from '../replay/plan.ts';
import { planDocument, planText } from '../replay/plan-text.ts';
import { sendReplay } from '../replay/send.ts';
import { existing } from '../runs/existing.ts';
import { listRuns } from '../runs/list.ts';
import { isUnderWay } from '../runs/run-state.ts';
import type { RunView } from '../runs/run-view.ts';
import { confirm } from '../terminal/confirm.ts';
import { CommandError, EXIT, type ExitCode } from '../terminal/exit-codes.ts';
import { table } from '../terminal/output.ts';
import { type Conditions, condition, count, duration, type Rate, rate, runId, stage } from './arguments.ts';
import { inSession, type Session } from './session.ts';

const GENTLE: Rate = { limit: 5, intervalMs: 1000 };

interface ReplayOptions {
  from?: StageName;
  reason?: string;
  where?: Conditions;
  stage?: StageName;
  since?: number;
  limit?: number;
  rate?: Rate;
  resume?: string;
  dryRun: boolean;
  yes: boolean;
}

export function addReplayCommand(runs: Command): void {
  runs
    .command('replay')
    .description(
      'runs a stage and all after it again, under a new attempt: of one run, or of those a filter means',
    )
    .argument('[run]', 'the run', runId)
    .option('--from <stage>', 'the first stage to run again (default: where the run stopped)', stage)
    .option('--reason <text>', 'why, for the record')
    .option('--where <field=value>', 'runs with state, stage, model, drop or code (repeatable)', condition)
    .option('--stage <stage>', 'runs that have come to this stage', stage)
    .option('--since <duration>', 'runs that have changed in the last 2h, 1d …', duration)
    .option('--limit <number>', 'at most so many runs', count)
    .option('--rate <rate>', 'at most so many replays per s, m or h (default: 5/s)', rate)
    .option('--resume <id>', 'go on with a bulk replay that was interrupted')
    .option('--dry-run', 'print what would run again, and change nothing', false)
    .option('--yes', 'do not ask before what touches production', false)
    .action(
      inSession(async (session, options: ReplayOptions, run: RunId | undefined) => {
        if (options.resume) return resume(session, options.resume, options);
        const filtered = options.where ?? options.stage ?? options.since;
        if (Boolean(run) === Boolean(filtered)) {
          throw new CommandError(EXIT.usage, 'give either a run, or a filter (--where, --stage, --since)');
        }
        return run ? replayOne(session, run, options) : replayMany(session, options);
      }),
    );
}

async function replayOne(session: Session, run: RunId, options: ReplayOptions): Promise<ExitCode> {
  const { output, environment, storage } = session;
  const { authid: by } = await operator(storage.authClient);
  const plan = planFor(await existing(session, run), options, { by, project: environment.nonprod.project });
  if (options.dryRun) {
    output.data(planDocument(plan, environment), () => planText(plan, environment));
    return EXIT.ok;
  }
  output.say(`${planText(plan, environment)}\n`);
  await confirmProduction([plan], session, options);
  const result = await sendReplay(session, plan);
  output.data({ replays: [{ run, id: plan.record.id, result }] }, () => `${plan.record.id}  ${result}`);
  output.say(`Follow it with: baton runs watch ${run}`);
  return EXIT.ok;
}

/** The plan of a run's replay, from the stage given or the one that the run stopped at. */
function planFor(
  view: RunView,
  { from, reason }: ReplayOptions,
  operator: { by: string; project: string },
): ReplayPlan {
  const first = from ?? stoppedAt(view);
  if (!first) throw new CommandError(EXIT.usage, `${view.run} is ${view.state}: give --from STAGE`);
  return planReplay(view, { ...operator, from: first, reason, at: new Date() });
}

/** The stage that a run stopped at, or while it runs again, the one that it does so from. */
function stoppedAt({ state, latest, replays }: RunView): StageName | undefined {
  if (isUnderWay({ state })) return replays.at(-1)?.from;
  return state === 'monitored' || state === 'rolled-back' ? undefined : latest?.stage;
}

async function replayMany(session: Session, options: ReplayOptions): Promise<ExitCode> {
  const { output } = session;
  const { plans, skipped } = await planAll(session, options);
  for (const { run, reason } of skipped) output.say(`${run} is left out: ${reason}`);
  if (plans.length === 0) {
    output.data({ replays: skipped }, () => '');
    throw new CommandError(EXIT.refused, 'there is no run to replay');
  }
  const overview = () =>
    table(
      ['RUN', 'FROM', 'ATTEMPT', 'REPLAY'],
      plans.map(({ record }) => [record.run, record.from, record.attempt, record.id]),
    );
  if (options.dryRun) {
    const documents = plans.map((plan) => planDocument(plan, session.environment));
    output.data({ plans: documents, skipped }, overview);
    output.say(`\nThe first of ${plans.length} in full:\n\n${planText(plans[0], session.environment)}`);
    return EXIT.ok;
  }
  output.say(`${overview()}\n`);
  await confirmProduction(plans, session, options);
  return send(session, await openBatch(session, plans, options.rate ?? GENTLE));
}

async function planAll(session: Session, options: ReplayOptions) {
  const { where = {}, stage, since, limit = Number.POSITIVE_INFINITY } = options;
  const filter = {
    where: { ...where, ...(stage && { stage }) },
    since: since ? new Date(Date.now() - since) : undefined,
  };
  const { authid: by } = await operator(session.storage.authClient);
  const request = { by, project: session.environment.nonprod.project };
  const plans: ReplayPlan[] = [];
  const skipped: BatchResult[] = [];
  for await (const view of listRuns(session.storage, session.buckets, filter, session.output.warn)) {
    if (plans.length >= limit) break;
    try {
      plans.push(planFor(view, options, request));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      skipped.push({ run: view.run, result: 'skipped', reason: error.message });
    }
  }
  return { plans, skipped };
}

async function resume(session: Session, id: string, { dryRun, yes, rate }: ReplayOptions): Promise<ExitCode> {
  const batch = await readBatch(session, id);
  const inProduction = batch.runs.filter(({ from }) =>
    isProduction(session.environment, TENANT_OF[from]),
  ).length;
  if (dryRun) {
    session.output.data(
      batch,
      () => `${id}: ${batch.runs.length} runs, ${inProduction} of them from production on`,
    );
    return EXIT.ok;
  }
  if (inProduction > 0) {
    await confirm(`Go on with ${id}, in ${session.environment.prod.project}?`, {
      yes,
      output: session.output,
    });
  }
  return send(session, rate ? { ...batch, rate } : batch);
}

async function send(session: Session, batch: Batch): Promise<ExitCode> {
  const { output, signal } = session;
  output.say(`bulk replay ${batch.id}: ${batch.runs.length} runs`);
  const results = await sendBatch(session, batch, ({ run, result, reason }, done) =>
    output.say(`${done}/${batch.runs.length}  ${run}  ${result}${reason ? `: ${reason}` : ''}`),
  );
  output.data({ batch: batch.id, replays: results }, () =>
    table(
      ['RUN', 'REPLAY', 'RESULT'],
      results.map(({ run, id, result, reason }) => [run, id, reason ?? result]),
    ),
  );
  if (signal.aborted) {
    output.warn(
      `interrupted after ${results.length} of ${batch.runs.length}; go on with: baton runs replay --resume ${batch.id}`,
    );
    return EXIT.interrupted;
  }
  return results.some(({ result }) => result !== 'skipped') ? EXIT.ok : EXIT.refused;
}

/** A replay that begins in production acts there at once; one before it passes the gate again. */
async function confirmProduction(
  plans: ReplayPlan[],
  session: Session,
  { yes }: ReplayOptions,
): Promise<void> {
  const { environment } = session;
  const { project } = environment.prod;
  const inProduction = plans.filter(({ record }) => isProduction(environment, TENANT_OF[record.from]));
  if (inProduction.length === 0) return;
  const what = inProduction.length === 1 ? inProduction[0].record.run : `${inProduction.length} runs`;
  await confirm(`Run ${what} again in the production project ${project}?`, { yes, output: session.output });
}
