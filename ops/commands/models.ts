import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { Envelope } from '../../events/index.ts';
import { askToDecide } from '../decide.ts';
import { isProduction } from '../environments/environment.ts';
import { describeVersion, descriptionText } from '../models/describe.ts';
import { readModel, versionOf } from '../models/registry.ts';
import { planRollback, type RollbackPlan, requestOf, servingVersion } from '../models/rollback-plan.ts';
import { modelText, rollbackText } from '../models/text.ts';
import { existing } from '../runs/existing.ts';
import { failureOf } from '../runs/failure.ts';
import { readRun, type StageView } from '../runs/run-view.ts';
import { confirm } from '../terminal/confirm.ts';
import { EXIT, type ExitCode } from '../terminal/exit-codes.ts';
import { addLineageCommand } from './lineage.ts';
import { inSession, type Session } from './session.ts';

const POLL_MS = 1000;

export function addModelsCommands(program: Command): void {
  const models = program
    .command('models')
    .description('the versions of the model in production, and what serves');
  models
    .command('list')
    .description('lists the versions, the latest first, with their aliases and shares of the traffic')
    .action(
      inSession(async (session) => {
        const model = await readModel(session);
        session.output.data(model, () => modelText(model));
        return EXIT.ok;
      }),
    );
  models
    .command('describe')
    .description('tells what is known of a version: its run, its evaluation, what it serves')
    .argument('<version>', 'a version, or an alias such as champion')
    .action(
      inSession(async (session, _options: object, reference: string) => {
        const model = await readModel(session);
        const description = await describeVersion(session, model, versionOf(model, reference));
        session.output.data(description, () => descriptionText(description));
        return EXIT.ok;
      }),
    );
  addLineageCommand(models);
  addRollbackCommand(models);
}

interface RollbackOptions {
  to: string;
  reason: string;
  dryRun: boolean;
  yes: boolean;
  async: boolean;
}

function addRollbackCommand(models: Command): void {
  models
    .command('rollback')
    .description(
      'brings another version back: all of the traffic and the alias champion, over any rollout in flight',
    )
    .requiredOption('--to <version>', 'a version, or `previous`: the one that served before')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--dry-run', 'print what would change, and change nothing', false)
    .option('--yes', 'do not ask before what touches production', false)
    .option('--async', 'do not wait until it has ended', false)
    .action(
      inSession(async (session, options: RollbackOptions) => {
        const { output, environment } = session;
        const model = await readModel(session);
        const view = await existing(session, servingVersion(model).run);
        const plan = planRollback(model, view, options);
        if (options.dryRun) {
          output.data({ ...documentOf(plan), sent: false }, () => rollbackText(plan));
          return EXIT.ok;
        }
        output.say(`${rollbackText(plan)}\n`);
        if (isProduction(environment, 'prod')) {
          const { project } = environment.prod;
          const question = `Roll back to version ${plan.to.version} in the production project ${project}?`;
          await confirm(question, { yes: options.yes, output });
        }
        const { id } = await askToDecide(session, requestOf(plan), Envelope);
        if (!options.async) return follow(session, plan);
        output.data({ ...documentOf(plan), event: id, result: 'sent' }, () => `${id}  sent`);
        output.say(`Follow it with: baton runs describe ${plan.run}`);
        return EXIT.ok;
      }),
    );
}

const documentOf = ({ run, attempt, from, to, undeployed, reason }: RollbackPlan) => ({
  ...{ run, attempt, reason },
  ...{ from: from.version, to: to.version, deploys: !to.deployedModelId, undeployed },
});

/** Waits until the rollback has ended, and says how. */
async function follow(session: Session, plan: RollbackPlan): Promise<ExitCode> {
  const { output, storage, buckets, signal } = session;
  const { run, attempt } = plan;
  for (;;) {
    const { stages } = await readRun(storage, buckets, run);
    const made = stages.find((it) => it.stage === 'rollback' && it.attempt === attempt);
    if (made?.event) {
      const { input, state: result, event } = made;
      const document = { ...documentOf(plan), event: input?.id, result, failure: failureOf(event) };
      output.data(document, () => endingText(plan, made));
      return CODES[made.state] ?? EXIT.failure;
    }
    await delay(POLL_MS, undefined, { signal });
  }
}

const CODES: Partial<Record<StageView['state'], ExitCode>> = {
  completed: EXIT.ok,
  superseded: EXIT.superseded,
  parked: EXIT.parked,
};

function endingText({ from, to }: RollbackPlan, { state, event }: StageView): string {
  if (state === 'completed') return `version ${to.version} serves all of the traffic, and is the champion`;
  if (state === 'superseded') return `version ${from.version} had gone already: \`baton models list\``;
  return `${state}: ${failureOf(event)?.reason}`;
}
