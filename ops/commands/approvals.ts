import type { Command } from 'commander';
import { Decision, type RunId } from '../../events/index.ts';
import { type ApprovalView, listApprovals, readApproval } from '../approvals/approval.ts';
import { approvalsText, approvalText } from '../approvals/approval-text.ts';
import { askToDecide } from '../decide.ts';
import { isProduction } from '../environments/environment.ts';
import { confirm } from '../terminal/confirm.ts';
import { CommandError, EXIT, type ExitCode } from '../terminal/exit-codes.ts';
import { runId } from './arguments.ts';
import { inSession, type Session } from './session.ts';

export function addApprovalsCommands(program: Command): void {
  const approvals = program
    .command('approvals')
    .description('the promotions that wait for somebody to approve them');
  approvals
    .command('list')
    .description('lists what waits for a decision, the first to expire first')
    .action(
      inSession(async (session) => {
        const requests = await listApprovals(session);
        session.output.data({ approvals: requests }, () => approvalsText(requests));
        return EXIT.ok;
      }),
    );
  approvals
    .command('show')
    .description('tells what a run asks somebody to approve, and by what it can be judged')
    .argument('<run>', 'the run', runId)
    .action(
      inSession(async (session, _options: object, run: RunId) => {
        const view = await readApproval(session, run);
        session.output.data(view, () => approvalText(view));
        return EXIT.ok;
      }),
    );
  addDecision(approvals, 'approve', 'lets production take the model of a run');
  addDecision(approvals, 'reject', 'ends a run before production takes its model');
}

interface DecisionOptions {
  reason: string;
  digest?: string;
  dryRun: boolean;
  yes: boolean;
}

const DECISIONS = { approve: 'approved', reject: 'rejected' } as const;

function addDecision(approvals: Command, verb: keyof typeof DECISIONS, description: string): void {
  approvals
    .command(verb)
    .description(description)
    .argument('<run>', 'the run', runId)
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--digest <digest>', 'refuse, should the run be about anything else')
    .option('--dry-run', 'print what would be decided, and decide nothing', false)
    .option('--yes', 'do not ask before what touches production', false)
    .action(
      inSession(async (session, options: DecisionOptions, run: RunId) => {
        const view = await readApproval(session, run);
        return decide(session, view, DECISIONS[verb], options);
      }),
    );
}

/** Decides on exactly what the person was shown. */
async function decide(
  session: Session,
  view: ApprovalView,
  decision: Decision['decision'],
  { reason, digest, dryRun, yes }: DecisionOptions,
): Promise<ExitCode> {
  const { output, environment } = session;
  const { request } = view;
  const { run, attempt } = request;
  if (digest && digest !== request.digest) {
    throw new CommandError(EXIT.refused, `${run} asks for a decision on ${request.digest}, not on ${digest}`);
  }
  output.say(`${approvalText(view)}\n`);
  const asked = { kind: 'approval', run, attempt, decision, digest: request.digest, reason } as const;
  if (dryRun) {
    output.data({ ...asked, sent: false }, () => `${run}  not ${decision}`);
    return EXIT.ok;
  }
  if (isProduction(environment, 'prod')) {
    const question = `Have ${run} ${decision} for the production project ${environment.prod.project}?`;
    await confirm(question, { yes, output });
  }
  const decided = await askToDecide(session, asked, Decision);
  output.data({ run, attempt, ...decided }, () => `${run}  ${decided.decision} by ${decided.by}`);
  output.say(`Follow it with: baton runs watch ${run}`);
  return EXIT.ok;
}
