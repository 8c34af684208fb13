import { layout, TENANT_OF } from '../../events/index.ts';
import { fields, table } from '../terminal/output.ts';
import { failureOf } from './failure.ts';
import type { Buckets, RunView, StageView } from './run-view.ts';
import { type RunSummary, summaryOf } from './summary.ts';

/** A run as `runs describe --format json` prints it. */
export interface RunDescription extends RunSummary {
  stages: StageDescription[];
  replays: { id: string; attempt: number; from: string; reason?: string; by: string; at: string }[];
  folders: string[];
}

export interface StageDescription {
  stage: string;
  attempt: number;
  state: StageView['state'];
  startedAt: string;
  endedAt?: string;
  leaseUntil?: string;
  operation?: string[];
  /** The event that it answers, and the one with which it ended. */
  causedBy?: string;
  endedWith?: string;
  duplicates: number;
  failure?: { code: string; reason: string; advice: string };
}

export function describeRun(view: RunView, buckets: Buckets): RunDescription {
  const inBuckets = new Set(view.stages.map(({ stage }) => buckets[TENANT_OF[stage]]));
  return {
    ...summaryOf(view),
    stages: view.stages.map(describeStage),
    replays: view.replays.map(({ id, attempt, from, reason, by, at }) => ({
      id,
      attempt,
      from,
      reason,
      by,
      at,
    })),
    folders: [...inBuckets].map((bucket) => `gs://${bucket}/${layout.run(view.run)}`),
  };
}

function describeStage({ cause, input, event, duplicates, ...stage }: StageView): StageDescription {
  const failure = failureOf(event);
  return {
    ...stage,
    causedBy: input?.id ?? cause?.id,
    endedWith: event?.id,
    duplicates: duplicates.length,
    failure: failure && { code: failure.code, reason: failure.reason, advice: failure.advice },
  };
}

/** A run as a person reads it: what it is, how each stage stands, and what to do. */
export function describeText(run: RunDescription): string {
  const rows = run.stages.map((stage) => [
    stage.stage,
    stage.attempt,
    stage.state,
    stage.startedAt,
    took(stage),
    stage.endedWith?.split('/').at(-1) ?? stage.operation?.map(short).join(', '),
    stage.duplicates || undefined,
  ]);
  return [
    fields([
      ['run', run.run],
      ['state', run.state],
      ['model', run.model],
      ['drop', run.drop],
      ['changed', run.changedAt],
      ...run.folders.map((folder): [string, string] => ['folder', folder]),
    ]),
    '',
    table(['STAGE', 'ATTEMPT', 'STATE', 'STARTED', 'TOOK', 'ENDED WITH / WAITS FOR', 'DUPLICATES'], rows),
    ...run.replays.map(
      ({ id, from, by, at, reason }) =>
        `\n${id}: from ${from}, by ${by} at ${at}${reason ? `: ${reason}` : ''}`,
    ),
    ...run.stages.flatMap(failureText),
  ].join('\n');
}

function failureText({ stage, attempt, failure }: StageDescription): string[] {
  if (!failure) return [];
  return [`\n${stage} (attempt ${attempt}) ${failure.code}: ${failure.reason}\n→ ${failure.advice}`];
}

function took({ startedAt, endedAt }: StageDescription): string | undefined {
  return endedAt && `${((Date.parse(endedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;
}

/** Resource names are long; their last two segments say what they are. */
const short = (resource: string) => resource.split('/').slice(-2).join('/');
