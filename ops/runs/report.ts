import {
  type Approval,
  Approved,
  type Champion,
  Deployed,
  EvalFailed,
  EvalPassed,
  type Evaluation,
  type EventContract,
  type Failure,
  type GateDecision,
  IngestDone,
  layout,
  Monitored,
  Parked,
  Promoted,
  parseEvent,
  Refused,
  Rejected,
  RolledBack,
  type RolloutProgress,
} from '../../events/index.ts';
import type { RunState } from './run-state.ts';
import type { Buckets, RunView } from './run-view.ts';

/** One prediction of the deployed model, with what was asked. */
export interface Prediction {
  instance: Record<string, unknown>;
  prediction: unknown;
  deployedModelId: string;
}

/** What `npm start --json` prints: the whole of a run in one document. */
export interface Report {
  run: string;
  state: RunState | 'stalled';
  /** Whether the rows were made by the synthetic census generator. */
  synthetic: boolean;
  stages: {
    stage: string;
    attempt: number;
    state: string;
    startedAt: string;
    endedAt?: string;
    operation?: string[];
    progress?: RolloutProgress;
  }[];
  rows?: { train: number; eval: number };
  rejected?: { train: number; eval: number; file?: string };
  metrics?: Record<string, unknown> & { accuracy: number; auc: number; logLoss: number };
  /** `failed` are those of the reasons for which the model was held back. */
  gate?: { decision: string; reasons: string[]; failed: string[] };
  /** The model that served when the run came to production, with its figures on the run's own rows. */
  champion?: Champion;
  approval?: Approval;
  rejection?: Rejected;
  model?: { name: string; version: string; sha256: string };
  endpoint?: string;
  trafficSplit?: Record<string, number>;
  /** What the version's rollout is at, or came to. */
  rollout?: RolloutProgress | 'promoted' | 'rolled-back';
  prediction?: Prediction;
  monitoringJob?: string;
  failure?: Pick<Failure, 'stage' | 'code' | 'reason' | 'advice'>;
  folders: string[];
}

/** A run's evaluation, with what production added to it. */
type Judged = Evaluation & { champion?: Champion; approval?: Approval };

/** Puts a run's events together into its report. */
export function reportOf(view: RunView, buckets: Buckets, synthetic: boolean): Report {
  const ingested = dataOf(view, IngestDone);
  const evaluation = dataOf<Judged>(view, EvalPassed, EvalFailed, Approved);
  const deployed = dataOf(view, Deployed);
  const [promoted, rolledBack] = [dataOf(view, Promoted), dataOf(view, RolledBack)];
  const failure = dataOf(view, Refused) ?? dataOf(view, Parked);
  return {
    run: view.run,
    state: view.state,
    synthetic,
    stages: view.stages.map(({ event: _event, ...stage }) => stage),
    rows: ingested?.rows,
    rejected: ingested && { ...ingested.rejected, file: ingested.rejectsUri },
    metrics: evaluation?.metrics,
    gate: evaluation && gateOf(evaluation.gate),
    champion: evaluation?.champion,
    approval: evaluation?.approval,
    rejection: dataOf(view, Rejected),
    model: deployed?.model,
    endpoint: deployed?.endpoint,
    trafficSplit: (rolledBack ?? promoted ?? deployed)?.trafficSplit,
    rollout: rolledBack
      ? 'rolled-back'
      : promoted
        ? 'promoted'
        : view.stages.findLast(({ progress }) => progress)?.progress,
    monitoringJob: dataOf(view, Monitored)?.monitoringJob,
    failure: failure && {
      stage: failure.stage,
      code: failure.code,
      reason: failure.reason,
      advice: failure.advice,
    },
    folders: [...new Set(Object.values(buckets))].map((bucket) => `gs://${bucket}/${layout.run(view.run)}`),
  };
}

function gateOf(gate: GateDecision): Report['gate'] {
  const { decision, reasons } = gate;
  return { decision, reasons, failed: failedReasons(gate) };
}

/** The sentences on the comparisons that failed. */
export const failedReasons = ({ reasons, comparisons }: GateDecision): string[] =>
  reasons.filter((_, index) => !comparisons[index]?.passed);

/** The data of the last event of these kinds: of the latest attempt, and there of the furthest stage. */
function dataOf<Data>(view: RunView, ...contracts: EventContract<Data>[]): Data | undefined {
  const events = view.stages
    .flatMap(({ event }) => event ?? [])
    .sort((left, right) => left.attempt - right.attempt);
  const contractOf = (type: string) => contracts.find((contract) => contract.type === type);
  const event = events.findLast(({ type }) => contractOf(type));
  const contract = event && contractOf(event.type);
  return contract && parseEvent(contract, event).data;
}
