import { z } from 'zod';
import { defineEvent } from './contract.ts';
import { GcsUri } from './identifiers.ts';
import { StageName } from './stage.ts';

/**
 * Every reason for which Baton stops a run, by stable code. `refuse`: the input is wrong, and a corrected input
 * starts a new run; where a person asked for something, nothing was done. `park`: the run waits for a person, a grant or new code, and resumes by replay. `retry`: the
 * platform redelivers, until the dead letter parks it.
 */
export const FAILURES = {
  BATON_FILE_MISSING: { outcome: 'refuse', advice: 'Drop both train.csv and eval.csv into one folder.' },
  BATON_FILE_EMPTY: { outcome: 'refuse', advice: 'Drop the file again with its rows.' },
  BATON_FILE_BINARY: { outcome: 'refuse', advice: 'Drop a UTF-8 CSV file, not compressed.' },
  BATON_COLUMNS_WRONG: { outcome: 'refuse', advice: "Drop the file with the workload's columns, in order." },
  BATON_NO_ROWS: { outcome: 'refuse', advice: 'Drop the file again with rows below its header.' },
  BATON_ROWS_REJECTED: {
    outcome: 'refuse',
    advice: "Correct the rows (see the run's rejects.jsonl), or raise maxRejectedFraction.",
  },
  BATON_ONE_CLASS: { outcome: 'refuse', advice: 'Drop a file whose label column has both classes.' },
  BATON_EVENT_MALFORMED: { outcome: 'park', advice: 'Publish the event again in the shape of its schema.' },
  BATON_EVENT_UNKNOWN: {
    outcome: 'park',
    advice: 'Deploy handlers that know the type and its version, then redrive the message.',
  },
  BATON_EVENT_TOO_LARGE: {
    outcome: 'park',
    advice: 'Publish the event with less data; large data belongs in the bucket.',
  },
  BATON_EVENT_CONFLICT: {
    outcome: 'park',
    advice: 'Find out who published the second event; replay the stage if that one was right.',
  },
  BATON_CANCELLED: { outcome: 'park', advice: 'Replay the stage to take the run up again.' },
  BATON_PERMISSION_DENIED: {
    outcome: 'park',
    advice: 'Grant the missing permission in infra/, then replay the stage.',
  },
  BATON_OPERATION_FAILED: {
    outcome: 'park',
    advice: "Read the job's log, correct the cause, replay the stage.",
  },
  BATON_ARTIFACT_INCOMPLETE: {
    outcome: 'park',
    advice: 'Make the workload write every file of its contract, then replay the stage.',
  },
  BATON_ARTIFACT_CHANGED: {
    outcome: 'park',
    advice: 'The evaluated bytes are no longer there: replay the run from train.',
  },
  BATON_CHAMPION_UNAVAILABLE: {
    outcome: 'park',
    advice: "Restore the champion's files, or set baton:championMargin to {}; then replay the stage.",
  },
  BATON_APPROVAL_MISSING: {
    outcome: 'park',
    advice: 'Replay the run from approve, so that somebody is asked.',
  },
  BATON_DECISION_MALFORMED: { outcome: 'refuse', advice: 'Ask with `baton`, of the version deployed.' },
  BATON_CALLER_NOT_ALLOWED: {
    outcome: 'refuse',
    advice: "Have somebody decide who is on the stack's list.",
  },
  BATON_APPROVAL_NOT_AWAITED: {
    outcome: 'refuse',
    advice: 'Wait until `baton approvals list` has the run, if it is to come.',
  },
  BATON_APPROVAL_DECIDED: {
    outcome: 'refuse',
    advice: 'None: a decision stands. Replay the run from approve to have it decided again.',
  },
  BATON_APPROVAL_EXPIRED: {
    outcome: 'refuse',
    advice: 'Replay the run from approve to have it decided again.',
  },
  BATON_APPROVAL_DIGEST: {
    outcome: 'refuse',
    advice: 'Look at what the run is about now, with `baton approvals show`, and decide that.',
  },
  BATON_APPROVAL_OWN_RUN: { outcome: 'refuse', advice: 'Have somebody else approve the run.' },
  BATON_ROLLBACK_OUTDATED: {
    outcome: 'refuse',
    advice: 'Look at what serves now, with `baton models list`, and ask again.',
  },
  BATON_PRECONDITION: { outcome: 'park', advice: 'Correct what the message names, then replay the stage.' },
  BATON_DEAD_LETTER: {
    outcome: 'park',
    advice: "Read the handler's log, correct the cause, replay the stage.",
  },
  BATON_UNAVAILABLE: { outcome: 'retry', advice: 'None: the event is delivered again.' },
} as const satisfies Record<string, { outcome: 'retry' | 'park' | 'refuse'; advice: string }>;

export type FailureCode = keyof typeof FAILURES;
export const FailureCode = z.enum(Object.keys(FAILURES) as [FailureCode, ...FailureCode[]]);

const Failure = z.object({
  stage: StageName,
  code: FailureCode,
  reason: z.string(),
  advice: z.string(),
  cause: z
    .object({ id: z.string().optional(), deliveryId: z.string().optional() })
    .describe('The event or message that could not be handled.'),
  message: GcsUri.optional().describe(
    "Where the message's bytes are kept, if it was a message that could not be handled.",
  ),
});
export type Failure = z.infer<typeof Failure>;

export const Refused = defineEvent({
  name: 'refused',
  type: 'dev.baton.refused.v1',
  description: "The run's input was wrong; the run is over and nothing was deployed.",
  data: Failure,
});

export const Parked = defineEvent({
  name: 'parked',
  type: 'dev.baton.parked.v1',
  description: 'The run waits for a person; the stage resumes by replay.',
  data: Failure,
});
