import { setTimeout as delay } from 'node:timers/promises';
import type { PushBody } from '../../events/index.ts';
import { type Claim, type ClaimResult, releaseAttempt, retakeAttempt, takeAttempt } from './claim.ts';
import { recordDuplicate } from './duplicates.ts';
import { concludeStart, fail, seeOut } from './ending.ts';
import { keepMessage } from './parked-message.ts';
import { type Outcome, underLease, type Work } from './stage.ts';

/** What becomes of a delivery: acknowledged, or to be delivered again. */
export type Answer = 'acknowledge' | 'redeliver';

type Others = 'are kept' | 'may be gone';

/** How long a copy of a delivery waits for the one at work, in milliseconds, before Pub/Sub has to bring it again. */
const LOOKS_AGAIN = [50, 100, 200, 400, 800];

/**
 * Makes an attempt of a stage: claims it, starts the work, and records how it stands. A delivery that finds
 * nothing left to do is recorded as a duplicate and acknowledged.
 *
 * @param push the message as Pub/Sub pushed it, kept where it can't be handled
 * @param others whether Pub/Sub still has the message whose copy is at work, so that this one may be acknowledged before
 *   that has ended; `may be gone` where a message is also acknowledged without an attempt
 */
export async function makeAttempt(
  claim: Claim,
  push: PushBody,
  work: Work,
  start: (work: Work) => Promise<Outcome<unknown>>,
  others: Others = 'are kept',
): Promise<Answer> {
  const { environment, log } = work;
  const { cause } = claim;
  const since = performance.now();
  const found = await claimPatiently(claim, work, others);
  switch (found.kind) {
    case 'busy':
      log('INFO', `${cause.id} is being handled by ${found.record.owner}`);
      if (isNeeded(found, claim, others)) return 'redeliver';
      // The delivery at work is another message, which Pub/Sub keeps until it has ended.
      await recordDuplicate(environment.BATON_BUCKET, found.record, cause, work.clock());
      return 'acknowledge';
    case 'over':
    case 'waiting':
      log('INFO', `${cause.id} is a duplicate: the attempt is ${found.kind}`);
      await recordDuplicate(environment.BATON_BUCKET, found.record, cause, work.clock());
      return 'acknowledge';
    case 'conflict':
      await keepMessage(push, work, claim, {
        code: 'BATON_EVENT_CONFLICT',
        reason: `${cause.id} of ${cause.source} asks for an attempt that answers ${found.record.cause.id} of ${found.record.cause.source}`,
      });
      return 'acknowledge';
    case 'unpublished':
      await seeOut(found, work);
      return 'acknowledge';
    case 'taken':
      return begin(found, underLease(work, since), start);
  }
}

/** Whether this delivery has to stay until the one at work has ended, as nothing else may come back if that dies. */
function isNeeded(found: ClaimResult, { cause }: Claim, others: Others): boolean {
  if (found.kind !== 'busy') return false;
  return others === 'may be gone' || found.record.cause.deliveryId === cause.deliveryId;
}

/** What has to stay looks again for a moment: refusing it would pause the subscription. */
async function claimPatiently(claim: Claim, work: Work, others: Others): Promise<ClaimResult> {
  let found = await takeAttempt(work.environment, claim, work.clock);
  for (const pause of LOOKS_AGAIN) {
    if (!isNeeded(found, claim, others)) break;
    await delay(pause);
    found = await retakeAttempt(work.environment, claim, work.clock);
  }
  return found;
}

async function begin(
  held: Extract<ClaimResult, { kind: 'taken' }>,
  work: Work,
  start: (work: Work) => Promise<Outcome<unknown>>,
): Promise<Answer> {
  try {
    await concludeStart(held, await start(work), work);
    return 'acknowledge';
  } catch (error) {
    if (await fail(held, error, work)) return 'acknowledge';
    await releaseAttempt(work.environment.BATON_BUCKET, held);
    return 'redeliver';
  }
}
