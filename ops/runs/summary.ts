import type { RunId } from '../../events/index.ts';
import { failureOf } from './failure.ts';
import type { RunState } from './run-state.ts';
import type { RunView } from './run-view.ts';

/** A run in a line: how it stands, and where. */
export interface RunSummary {
  run: RunId;
  state: RunState;
  /** The stage that the run has come to, in its latest attempt. */
  stage?: string;
  attempt?: number;
  model?: string;
  drop?: string;
  /** Why it stopped, when it was parked or refused. */
  code?: string;
  startedAt?: string;
  changedAt: string;
}

export function summaryOf(view: RunView): RunSummary {
  const { run, state, record, latest, changedAt } = view;
  const replay = view.replays.at(-1);
  const failure = failureOf(latest?.event);
  return {
    run,
    state,
    stage: latest?.stage ?? replay?.from,
    attempt: latest?.attempt ?? replay?.attempt,
    model: record?.model,
    drop: record?.drop,
    code: failure?.code,
    startedAt: record?.startedAt ?? latest?.startedAt,
    changedAt,
  };
}
