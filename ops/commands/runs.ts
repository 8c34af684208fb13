import type { Command } from 'commander';
import type { RunId, StageName } from '../../events/index.ts';
import { isProduction } from '../environments/environment.ts';
import { cancelRun } from '../runs/cancel.ts';
import { describeRun, describeText, withMachines } from '../runs/describe.ts';
import { existing } from '../runs/existing.ts';
import { listRuns } from '../runs/list.ts';
import { machinesOf } from '../runs/machine-hours.ts';
import type { RunState } from '../runs/run-state.ts';
import { type RunSummary, summaryOf } from '../runs/summary.ts';
import { watchRun } from '../runs/watch.ts';
import { Progress } from '../start/progress.ts';
import { confirm } from '../terminal/confirm.ts';
import { EXIT, type ExitCode } from '../terminal/exit-codes.ts';
import { table } from '../terminal/output.ts';
import { type Conditions, condition, count, duration, runId, stage } from './arguments.ts';
import { addReplayCommand } from './replay.ts';
import { inSession } from './session.ts';
import { addStartCommand } from './start.ts';

const POLL_MS = 1000;

const WATCH_CODES: Record<RunState, ExitCode> = {
  running: EXIT.stalled,
  'awaiting-approval': EXIT.awaitingApproval,
  monitored: EXIT.ok,
  parked: EXIT.parked,
  refused: EXIT.runRefused,
  'gate-failed': EXIT.heldBack,
  superseded: EXIT.superseded,
  rejected: EXIT.rejected,
  'rolled-back': EXIT.rolledBack,
};

export function addRunsCommands(program: Command): void {
  const runs = program.command('runs').description('the runs: one per data set that landed');
  addListCommand(runs);
  runs
    .command('describe')
    .description('tells how each stage of a run stands, what to do about it, and what machines it has used')
    .argument('<run>', 'the run', runId)
    .action(
      inSession(async (session, _options: object, run: RunId) => {
        const view = await existing(session, run);
        const now = new Date();
        const machines = await Promise.all(view.stages.map((stage) => machinesOf(session, stage, now)));
        const description = withMachines(describeRun(view, session.buckets), machines);
        session.output.data(description, () => describeText(description));
        return EXIT.ok;
      }),
    );
  addWatchCommand(runs);
  addReplayCommand(runs);
  addCancelCommand(runs);
  addStartCommand(runs);
}

interface ListOptions {
  where?: Conditions;
  stage?: StageName;
  since?: number;
  limit: number;
}

function addListCommand(runs: Command): void {
  runs
    .command('list')
    .description('lists runs, the latest first')
    .option(
      '--where <field=value>',
      'those with this state, stage, model, drop or code (repeatable)',
      condition,
    )
    .option('--stage <stage>', 'those that have come to this stage', stage)
    .option('--since <duration>', 'those that have changed in the last 2h, 1d …', duration)
    .option('--limit <number>', 'at most so many', count, 20)
    .action(
      inSession(async ({ storage, buckets, output }, { where = {}, stage, since, limit }: ListOptions) => {
        const found: RunSummary[] = [];
        const filter = {
          where: { ...where, ...(stage && { stage }) },
          since: since ? new Date(Date.now() - since) : undefined,
        };
        let more = false;
        for await (const view of listRuns(storage, buckets, filter, output.warn)) {
          more = found.length === limit;
          if (more) break;
          found.push(summaryOf(view));
        }
        output.data({ runs: found, more }, () => listText(found));
        if (more) output.say(`there are more than --limit ${limit}`);
        return EXIT.ok;
      }),
    );
}

const listText = (runs: RunSummary[]) =>
  table(
    ['RUN', 'STATE', 'STAGE', 'ATTEMPT', 'CODE', 'STARTED', 'CHANGED'],
    runs.map((run) => [run.run, run.state, run.stage, run.attempt, run.code, run.startedAt, run.changedAt]),
  );

function addWatchCommand(runs: Command): void {
  runs
    .command('watch')
    .description('follows a run until it ends; the exit code tells how')
    .argument('<run>', 'the run', runId)
    .option('--stall-after <duration>', 'give up when nothing changes for so long', duration)
    .action(
      inSession(async (session, { stallAfter }: { stallAfter?: number }, run: RunId) => {
        const { storage, buckets, output, signal } = session;
        await existing(session, run);
        const progress = new Progress((text) => output.say(text.trimEnd()));
        const { view } = await watchRun(storage, buckets, run, {
          pollMs: POLL_MS,
          stallMs: stallAfter ?? Number.POSITIVE_INFINITY,
          signal,
          onChange: (changed) => progress.stage(changed),
        });
        const description = describeRun(view, buckets);
        output.data(description, () => describeText(description));
        return WATCH_CODES[view.state];
      }),
    );
}

function addCancelCommand(runs: Command): void {
  runs
    .command('cancel')
    .description('cancels what a run waits for, so that its stage is parked')
    .argument('<run>', 'the run', runId)
    .option('--dry-run', 'print what would be cancelled, and change nothing', false)
    .option('--yes', 'do not ask before what touches production', false)
    .action(
      inSession(async (session, { dryRun, yes }: { dryRun: boolean; yes: boolean }, run: RunId) => {
        const { output, environment } = session;
        const cancellation = cancelRun(session, await existing(session, run));
        const { operations, tenants } = cancellation;
        output.say(`cancels of ${run}:\n${operations.map(({ resource }) => `  ${resource}`).join('\n')}`);
        if (!dryRun) {
          if (tenants.some((tenant) => isProduction(environment, tenant))) {
            const question = `Cancel this in the production project ${environment.prod.project}?`;
            await confirm(question, { yes, output });
          }
          await cancellation.send();
        }
        output.data({ run, cancelled: !dryRun, operations }, () =>
          table(
            ['STAGE', 'OPERATION'],
            operations.map(({ stage, resource }) => [stage, resource]),
          ),
        );
        if (!dryRun) output.say(`The stage parks as soon as they have ended: baton runs watch ${run}`);
        return EXIT.ok;
      }),
    );
}
