/** What the process's exit code says, for every command; docs/cli.md and `--help` repeat this table. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  declined: 5,
  parked: 10,
  runRefused: 11,
  heldBack: 12,
  superseded: 13,
  stalled: 14,
  awaitingApproval: 15,
  rejected: 16,
  rolledBack: 17,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Record<ExitCode, string> = {
  0: 'done; for `runs watch`: the run is deployed and monitored; for `models rollback`: the version serves',
  1: 'failure: a call failed, the local cloud is not running, or a workload breaks the contract',
  2: 'usage: a command, flag or filter is wrong',
  3: 'not found: no such environment, run, event or message',
  4: 'refused: nothing was changed, and stderr says why (a run in flight, nothing that matches, a decision that may not be made, no --yes)',
  5: 'declined: a person answered no',
  10: '`runs watch`: the run is parked; `models rollback`: the rollback is',
  11: '`runs watch`: the run was refused',
  12: '`runs watch`: the gate, or the model that serves, held the model back',
  13: '`runs watch`: a newer run superseded it; `models rollback`: the version had gone already',
  14: '`runs watch`: nothing changed for as long as --stall-after',
  15: '`runs watch`: the run waits for approval, for as long as --stall-after',
  16: '`runs watch`: the promotion was rejected',
  17: '`runs watch`: the version was rolled back',
  130: 'interrupted; a bulk replay can be resumed',
};

/** Ends the command with words for a person and a code for a script. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
