import { fields, table } from '../terminal/output.ts';
import type { ModelView, VersionView } from './registry.ts';
import type { RollbackPlan } from './rollback-plan.ts';

export const modelText = ({ versions }: ModelView): string =>
  table(
    ['VERSION', 'ALIASES', 'SHARE', 'DEPLOYED AS', 'RUN', 'CREATED'],
    versions.map((it) => [
      ...[it.version, it.aliases.join(', ') || undefined, shareText(it)],
      ...[it.deployedModelId, it.run, it.createdAt],
    ]),
  );

export const shareText = ({ share }: VersionView) => (share === undefined ? undefined : `${share} %`);

/** A plan as a person reads it. */
export function rollbackText({ run, from, to, undeployed, reason }: RollbackPlan): string {
  const how = to.deployedModelId
    ? 'still deployed: traffic moves at once'
    : 'not deployed: it is deployed first';
  return fields([
    ['from', `version ${from.version}, ${shareText(from)} of the traffic, of run ${run}`],
    ['to', `version ${to.version}, ${how}`],
    ['champion', `version ${to.version}`],
    ['undeployed', undeployed.map((version) => `version ${version}`).join(', ')],
    ['reason', reason],
  ]);
}
