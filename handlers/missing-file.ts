import { z } from 'zod';
import { type OperationRecord, runIdOf, sequenceOf } from '../events/index.ts';
import { causeOf, type Drop, generationsOf, lookAtDrop, missingFile, openRun } from './drop.ts';
import { claimedNow } from './runtime/claim.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { isDue, putExpectation, removeExpectation } from './runtime/outstanding.ts';
import type { Settling, Work } from './runtime/stage.ts';

const Settings = Environment.extend({ BATON_DROP_TIMEOUT_SECONDS: z.coerce.number().positive() });

const FIRST_ATTEMPT = { stage: 'prepare', attempt: 1 } as const;

const Expectation = z.object({ drop: z.string(), bucket: z.string(), deadline: z.iso.datetime() });

/** Remembers that a drop is incomplete, so that a file missing for good ends visibly. */
export async function expectRest(drop: Drop, deliveryId: string, environment: Environment): Promise<void> {
  const { BATON_DROP_TIMEOUT_SECONDS } = readEnvironment(Settings);
  const now = Date.now();
  const deadline = new Date(now + BATON_DROP_TIMEOUT_SECONDS * 1000).toISOString();
  const claim = {
    run: runIdOf(drop.name, generationsOf(drop)),
    ...FIRST_ATTEMPT,
    cause: causeOf(drop, deliveryId),
    sequence: sequenceOf(generationsOf(drop)),
  };
  await putExpectation(environment.BATON_BUCKET, {
    ...claimedNow(environment, claim, () => new Date(now)),
    fence: '0',
    startedAt: new Date(now).toISOString(),
    resources: [`gs://${drop.bucket}/${missingFile(drop)}`],
    due: deadline,
    state: { drop: drop.name, bucket: drop.bucket, deadline } satisfies z.input<typeof Expectation>,
  });
}

/** Waits no longer for the second file of a drop that is complete: the first to land was its older generation. */
export async function expectNoMore(drop: Drop, { BATON_BUCKET }: Environment): Promise<void> {
  const { train, eval: evaluation } = generationsOf(drop);
  const first = Number(train) < Number(evaluation) ? { train } : { eval: evaluation };
  await removeExpectation(BATON_BUCKET, { run: runIdOf(drop.name, first), ...FIRST_ATTEMPT });
}

/** Follows up a drop that is incomplete when its time is over: refused, unless it has changed after all. */
export const expectation: Settling = {
  ready: async (outstanding) => outstanding.filter(isDue),

  async settle(record: OperationRecord, work: Work) {
    const { drop: name, bucket, deadline } = Expectation.parse(record.state);
    const drop = await lookAtDrop(bucket, name);
    const overwritten = runIdOf(name, generationsOf(drop)) !== record.run;
    if (overwritten) return { kind: 'moot' };
    if (work.clock() < new Date(deadline)) {
      return { kind: 'pending', resources: record.resources, state: record.state };
    }
    await openRun(record.run, drop, work);
    throw new StageFailure(
      'BATON_FILE_MISSING',
      `gs://${bucket}/${missingFile(drop)} had not landed by ${deadline}`,
    );
  },
};
