import { type Environment, isProduction } from '../environments/environment.ts';
import { fields, table } from '../terminal/output.ts';
import type { ReplayPlan } from './plan.ts';

/** A plan as `--dry-run --format json` prints it. */
export function planDocument(plan: ReplayPlan, environment: Environment) {
  const { record, event, again, sent } = plan;
  return {
    id: record.id,
    run: record.run,
    from: record.from,
    attempt: record.attempt,
    reason: record.reason,
    sent,
    event: { id: event.id, type: event.type, topic: topicName(plan, environment) },
    stages: again.map(({ stage, tenant, effects }) => ({
      stage,
      project: environment[tenant].project,
      production: isProduction(environment, tenant),
      effects,
    })),
  };
}

/** A plan as a person reads it. */
export function planText(plan: ReplayPlan, environment: Environment): string {
  const { record, event, again, sent } = plan;
  const rows = again.flatMap(({ stage, tenant, effects }) =>
    effects.map(({ effect, guard }, index) =>
      index === 0 ? [stage, environment[tenant].project, effect, guard] : ['', '', effect, guard],
    ),
  );
  return [
    fields([
      ['replay', record.id + (sent ? ' (sent before, and not ended: the same event goes out again)' : '')],
      ['event', event.id],
      ['topic', topicName(plan, environment)],
      ['reason', record.reason],
    ]),
    '',
    table(['RUNS AGAIN', 'PROJECT', 'CHANGES', 'GUARDED BY'], rows),
    '',
    'A stage runs again only if the one before it ends as before: a gate that fails holds production back.',
  ].join('\n');
}

const topicName = ({ topic }: ReplayPlan, environment: Environment) =>
  `projects/${environment[topic.tenant].project}/topics/${topic.name}`;
