import type { ApprovalRequest } from '../../events/index.ts';
import { fields, table } from '../terminal/output.ts';
import type { ApprovalView } from './approval.ts';

export const approvalsText = (requests: ApprovalRequest[]) =>
  table(
    ['RUN', 'ATTEMPT', 'MODEL', 'STARTED BY', 'ASKED', 'EXPIRES', 'DIGEST'],
    requests.map((it) => [
      ...[it.run, it.attempt, it.model, it.startedBy, it.requestedAt, it.expiresAt],
      it.digest.slice(0, 12),
    ]),
  );

/** What is to be decided, as a person reads it. */
export function approvalText({ request, evaluation, champion, decision }: ApprovalView): string {
  const { artifact, metrics, gate, commit, image, trainImage, snapshotDigests } = evaluation;
  return [
    fields([
      ['run', request.run],
      ['attempt', request.attempt],
      ['model', request.model],
      ['digest', request.digest],
      ['asked', request.requestedAt],
      ['expires', request.expiresAt],
      ['started by', request.startedBy],
      ['artefact', `${artifact.uri} (SHA-256 ${artifact.sha256})`],
      ['train rows', snapshotDigests && `SHA-256 ${snapshotDigests.train.sha256}`],
      ['eval rows', snapshotDigests && `SHA-256 ${snapshotDigests.eval.sha256}`],
      ['trained by', trainImage],
      ['evaluated by', image],
      ['commit', commit],
      [
        'metrics',
        `accuracy ${metrics.accuracy.toFixed(4)}, AUC ${metrics.auc.toFixed(4)}, log loss ${metrics.logLoss.toFixed(4)}`,
      ],
      ['champion', champion && `version ${champion.version} of ${champion.run}`],
      [
        'decision',
        decision && `${decision.decision} by ${decision.by} at ${decision.at}: ${decision.reason}`,
      ],
    ]),
    '',
    ...gate.reasons.map((reason) => `gate: ${reason}`),
    ...(champion?.comparisons ?? []).map(
      ({ metric, value, champion: other, margin }) =>
        `champion: ${metric} ${value?.toFixed(4)} beside ${other?.toFixed(4)}, margin ${margin}`,
    ),
  ].join('\n');
}
