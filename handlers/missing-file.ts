import { z } from 'zod';
import { type OperationRecord, runIdOf, sequenceOf } from '../events/index.ts';
import { causeOf, type Drop, generationsOf, lookAtDrop, missingFile, openRun } from './drop.ts';
import { claimedNow } from './runtime/claim.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { putExpectation } from './runtime/outstanding.ts';
import type { Settling, Work } from './runtime/stage.ts';

const Settings = Environment.extend({ BATON_DROP_TIMEOUT_SECONDS: z.coerce.number().positive() });

const Expectation = z.object({ drop: z.string(), bucket: z.string(), deadline: z.iso.datetime() });

/** Remembers that a drop is incomplete, so that a file missing for good ends visibly. */
export async function expectRest(drop: Drop, deliveryId: string, environment: Environment): Promise<void> {
  const { BATON_DROP_TIMEOUT_SECONDS } = readEnvironment(Settings);
  const now = Date.now();
  const claim = {
    run: runIdOf(drop.name, generationsOf(drop)),
    ...({ stage: 'prepare', attempt: 1 } as const),
    cause: causeOf(drop, deliveryId),
    sequence: sequenceOf(generationsOf(drop)),
  };
  await putExpectation(environment.BATON_BUCKET, {
    ...claimedNow(environment, claim, () => new Date(now)),
    fence: '0',
    startedAt: new Date(now).toISOString(),
    resources: [`gs://${drop.bucket}/${missingFile(drop)}`],
    state: {
      drop: drop.name,
      bucket: drop.bucket,
      deadline: new Date(now + BATON_DROP_TIMEOUT_SECONDS * 1000).toISOString(),
    } satisfies z.input<typeof Expectation>,
  });
}

/** Follows up an incomplete drop: complete now, so its own notification starts the run, or overdue, so refused. */
export const expectation: Settling = {
  ready: async (outstanding) => outstanding,

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
