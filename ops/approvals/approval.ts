import { z } from 'zod';
import {
  ApprovalRequest,
  Approved,
  type AttemptKey,
  attemptOfOutstanding,
  Champion,
  Decision,
  EvalPassed,
  type Evaluation,
  layout,
  OperationRecord,
  type RunId,
} from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { existing } from '../runs/existing.ts';
import { listNames, readRecord } from '../runs/objects.ts';
import type { RunView } from '../runs/run-view.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';

/** What somebody is or was asked to decide, and all that there is to decide it by. */
export interface ApprovalView {
  request: ApprovalRequest;
  evaluation: Evaluation;
  /** What production found of the model that serves, where it compared the two. */
  champion?: Champion;
  decision?: Decision;
}

/** What is asked, and not decided: one listing, and two objects for each. */
export async function listApprovals(session: Session): Promise<ApprovalRequest[]> {
  const names = await listNames(session.storage, session.buckets.prod, `${layout.outstandingPrefix}approve/`);
  const asked = await Promise.all(
    names.map(async (name) => {
      const key = attemptOfOutstanding(name);
      const [request, decision] = key ? await readAsked(session, key) : [];
      return request && !decision ? [request] : [];
    }),
  );
  return asked.flat().sort((left, right) => (left.expiresAt < right.expiresAt ? -1 : 1));
}

const readAsked = ({ storage, buckets }: Session, key: AttemptKey) =>
  Promise.all([
    readRecord(storage, buckets.prod, layout.approvalRequest(key), ApprovalRequest),
    readRecord(storage, buckets.prod, layout.decision(key), Decision),
  ]);

/**
 * What the latest attempt of a run asks for.
 *
 * @throws CommandError `notFound` for no such run, `refused` for one that never asked, with where it stands
 */
export async function readApproval(session: Session, run: RunId): Promise<ApprovalView> {
  const view = await existing(session, run);
  const attempt = view.stages.findLast(({ stage }) => stage === 'approve');
  const key = attempt && ({ run, stage: 'approve', attempt: attempt.attempt } as const);
  const [request, decision] = key ? await readAsked(session, key) : [];
  const evaluation = EvalPassed.data.safeParse(attempt?.input?.data).data;
  if (!key || !request || !evaluation) {
    throw new CommandError(EXIT.refused, `${run} asks for no approval: ${whereItStands(view)}`);
  }
  const champion =
    Approved.data.safeParse(attempt.event?.data).data?.champion ?? (await comparedWith(session, key));
  return { request, evaluation, ...(champion && { champion }), ...(decision && { decision }) };
}

/** As much of what `approve` keeps in its marker as tells of the comparison. */
const Waiting = z.object({ compared: z.object({ champion: Champion }) });

/** The comparison of an attempt that has not ended, which its marker keeps. */
async function comparedWith({ storage, buckets }: Session, key: AttemptKey): Promise<Champion | undefined> {
  const marker = await readRecord(storage, buckets.prod, layout.outstanding(key), OperationRecord);
  return Waiting.safeParse(marker?.state).data?.compared.champion;
}

const whereItStands = ({ state, latest }: RunView): string =>
  latest
    ? `it is ${state}, at ${latest.stage} (attempt ${latest.attempt}), which is ${latest.state}`
    : `it is ${state}`;
