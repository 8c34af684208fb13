import type { RunId } from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { type RunView, readRun } from './run-view.ts';

/**
 * Reads a run that a person named.
 *
 * @throws CommandError `notFound` when there is none of that name
 */
export async function existing({ storage, buckets, environment }: Session, run: RunId): Promise<RunView> {
  const view = await readRun(storage, buckets, run);
  if (view.record || view.stages.length > 0) return view;
  throw new CommandError(
    EXIT.notFound,
    `there is no run ${run} in ${environment.name} (gs://${buckets.nonprod}): \`baton runs list\` prints those that are`,
  );
}
