import { layout, type RolloutProgress, TENANT_OF } from '../../events/index.ts';
import { fields, table } from '../terminal/output.ts';
import { failureOf } from './failure.ts';
import type { MachineUse } from './machine-use.ts';
import { awaitsApproval } from './run-state.ts';
import type { Buckets, RunView, StageView } from './run-view.ts';
import { type RunSummary, summaryOf } from './summary.ts';

/** A run as `runs describe --format json` prints it. */
export interface RunDescription extends RunSummary {
  stages: StageDescription[];
  replays: { id: string; attempt: number; from: string; reason?: string; by: string; at: string }[];
  folders: string[];
  /** Of all stages together, as far as the services still know. */
  machineHours?: number;
}

export interface StageDescription {
  stage: string;
  attempt: number;
  state: StageView['state'];
  startedAt: string;
  endedAt?: string;
  leaseUntil?: string;
  operation?: string[];
  /** Where a rollout stands that soaks. */
  progress?: RolloutProgress;
  /** The event that it answers, and the one with which it ended. */
  causedBy?: string;
  endedWith?: string;
  duplicates: number;
  /** What machines it has used, where the services were asked. */
  machines?: MachineUse[];
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

/** The same with what machines each attempt has used. */
export function withMachines(run: RunDescription, machines: MachineUse[][]): RunDescription {
  const hours = machines.flat().reduce((sum, use) => sum + (use.hours ?? 0), 0);
  return {
    ...run,
    stages: run.stages.map((stage, index) => ({ ...stage, machines: machines[index] })),
    machineHours: Number(hours.toFixed(6)),
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
    stage.endedWith?.split('/').at(-1) ?? waitsFor(stage),
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
    ...machinesText(run),
    ...run.replays.map(
      ({ id, from, by, at, reason }) =>
        `\n${id}: from ${from}, by ${by} at ${at}${reason ? `: ${reason}` : ''}`,
    ),
    ...run.stages.flatMap(failureText),
  ].join('\n');
}

function machinesText({ stages, machineHours }: RunDescription): string[] {
  const uses = stages.flatMap(({ stage, attempt, machines = [] }) =>
    machines.map((use) => ({ stage, attempt, ...use })),
  );
  if (uses.length === 0) return [];
  const rows = uses.map(({ stage, attempt, resource, machines, until, hours, unknown }) => [
    stage,
    attempt,
    short(resource),
    machines.map(({ type, count }) => `${count} × ${type}`).join(' + ') || undefined,
    unknown ?? `${hours?.toFixed(4)}${until ? '' : ' so far'}`,
  ]);
  const known = uses.every(({ unknown }) => unknown === undefined);
  return [
    '',
    table(['STAGE', 'ATTEMPT', 'RESOURCE', 'MACHINES', 'MACHINE-HOURS'], rows),
    `\nmachine-hours ${machineHours?.toFixed(4)}${known ? '' : ', without those that nobody can tell any more'}`,
  ];
}

function failureText({ stage, attempt, failure }: StageDescription): string[] {
  if (!failure) return [];
  return [`\n${stage} (attempt ${attempt}) ${failure.code}: ${failure.reason}\n→ ${failure.advice}`];
}

function took({ startedAt, endedAt }: StageDescription): string | undefined {
  return endedAt && `${((Date.parse(endedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;
}

function waitsFor(stage: StageDescription): string | undefined {
  if (awaitsApproval(stage)) return 'approval';
  return stage.progress ? progressText(stage.progress) : stage.operation?.map(short).join(', ');
}

/** Where a rollout stands, as a person reads it. */
export const progressText = ({ share, soaksUntil, next }: RolloutProgress) =>
  `${share} % of the traffic until ${soaksUntil}, then ${next ? `${next} %` : 'promotion'}`;

/** Resource names are long; their last two segments say what they are. */
const short = (resource: string) => resource.split('/').slice(-2).join('/');
