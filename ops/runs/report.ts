import {
  Deployed,
  type Envelope,
  EvalFailed,
  EvalPassed,
  type EventContract,
  type Failure,
  type GateDecision,
  IngestDone,
  layout,
  Monitored,
  Parked,
  parseEvent,
  Refused,
} from '../../events/index.ts';
import type { Buckets, RunState, RunView, StageView } from './run-view.ts';

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
  }[];
  rows?: { train: number; eval: number };
  rejected?: { train: number; eval: number; file?: string };
  metrics?: Record<string, unknown> & { accuracy: number; auc: number; logLoss: number };
  /** `failed` are those of the reasons for which the model was held back. */
  gate?: { decision: string; reasons: string[]; failed: string[] };
  model?: { name: string; version: string; sha256: string };
  endpoint?: string;
  trafficSplit?: Record<string, number>;
  prediction?: Prediction;
  monitoringJob?: string;
  failure?: Pick<Failure, 'stage' | 'code' | 'reason' | 'advice'>;
  folders: string[];
}

/** Puts a run's events together into its report. */
export function reportOf(view: RunView, buckets: Buckets, synthetic: boolean): Report {
  const ingested = dataOf(view, IngestDone);
  const evaluation = dataOf(view, EvalPassed) ?? dataOf(view, EvalFailed);
  const deployed = dataOf(view, Deployed);
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
    model: deployed?.model,
    endpoint: deployed?.endpoint,
    trafficSplit: deployed?.trafficSplit,
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

function dataOf<Data>(view: RunView, contract: EventContract<Data>): Data | undefined {
  const events = view.stages.map((stage: StageView) => stage.event).filter((event) => event !== undefined);
  const event = events.findLast((candidate: Envelope) => candidate.type === contract.type);
  return event && parseEvent(contract, event).data;
}
