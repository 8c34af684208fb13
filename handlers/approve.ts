import { z } from 'zod';
import {
  ApprovalPolicy,
  Approved,
  type BatonEvent,
  Champion,
  ChampionMargin,
  EvalFailed,
  EvalPassed,
  type Evaluation,
  gcsUri,
  json,
  layout,
  Rejected,
  Superseded,
} from '../events/index.ts';
import { approvalOf, decisionOn, readRequest, requestApproval } from './approval.ts';
import { compareWithChampion } from './champion-comparison.ts';
import {
  evaluateChampion,
  findServingModel,
  readChampionMetrics,
  ServingModel,
} from './champion-evaluation.ts';
import { findEndpoint } from './endpoint.ts';
import { FIRST, promotionOf } from './endpoint-lock.ts';
import type { Endpoint } from './endpoint-update.ts';
import { hasSucceeded, withEndedJob } from './runtime/custom-job.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, type Outcome, pending, type Work } from './runtime/stage.ts';
import { verifyEvaluation } from './runtime/verification.ts';

const Settings = Environment.extend({
  BATON_CHAMPION_MARGIN: json(ChampionMargin),
  BATON_APPROVAL: json(ApprovalPolicy),
});

/** What the comparison has found, and the job that it has cost. */
const Compared = z.object({ champion: Champion, job: z.string() });
type Compared = z.infer<typeof Compared>;

const State = z.discriminatedUnion('awaits', [
  z.object({ awaits: z.literal('champion'), job: z.string(), champion: ServingModel }),
  z.object({ awaits: z.literal('decision'), compared: Compared.optional() }),
]);
type State = z.infer<typeof State>;
type Passed = BatonEvent<Evaluation>;

/**
 * Decides whether production takes a model that passed the gate: its bytes must be those that were evaluated, it may not
 * be worse than the champion by more than the margin, and where the stack asks for that, somebody has to approve it. A
 * run that is older than the one deployed last ends here, before any of it is paid for.
 */
export const approve = defineStage({
  name: 'approve',
  input: EvalPassed,
  state: State,

  async start(event, work) {
    await verifyEvaluation(event.data);
    const endpoint = await findEndpoint();
    const superseded = endpoint && supersededAt(endpoint, event);
    if (superseded) return superseded;
    const margins = readEnvironment(Settings).BATON_CHAMPION_MARGIN;
    const isCompared = endpoint && Object.keys(margins).length > 0;
    const champion = isCompared ? await findServingModel(endpoint, work) : undefined;
    if (!champion || champion.artifact.sha256 === event.data.artifact.sha256) return takeOrAsk(event, work);
    const job = await evaluateChampion(champion, event.data, work);
    return pending([job], { awaits: 'champion', job, champion });
  },

  async ready(outstanding, environment) {
    const isEvaluating = ({ resources }: { resources: string[] }) =>
      resources.every((name) => name.includes('/customJobs/'));
    const evaluated = await withEndedJob(outstanding.filter(isEvaluating), environment);
    return [...evaluated, ...outstanding.filter((waiting) => !isEvaluating(waiting))];
  },

  async settle({ event, state, resources, signalled }, work) {
    if (state.awaits === 'decision') return answer(event, state.compared, work);
    if (!signalled && !(await hasSucceeded(state.job))) return pending(resources, state);
    return compare(event, state, work);
  },
});

export const handle = serveStage(approve);

/** Nothing is worth evaluating or asking for that would not be deployed. */
function supersededAt(endpoint: Endpoint, { data, sequence }: Passed) {
  const { deployed } = promotionOf(endpoint);
  if (!deployed || deployed.sequence <= (sequence ?? FIRST)) return undefined;
  const { run, sequence: newer } = deployed;
  return completed(Superseded, {
    model: data.model,
    endpoint: String(endpoint.name),
    by: { run, sequence: newer },
  });
}

/** Lets a model through that is not worse than the champion by more than it may be. */
async function compare(
  event: Passed,
  { champion: serving, job }: { champion: ServingModel; job: string },
  work: Work,
): Promise<Outcome<State>> {
  const { gate, metrics } = event.data;
  const ofChampion = await readChampionMetrics(serving, work);
  const { decision, comparisons, reasons } = compareWithChampion(
    metrics,
    ofChampion,
    readEnvironment(Settings).BATON_CHAMPION_MARGIN,
  );
  const { run, version } = serving;
  const champion: Champion = { run, version, metrics: ofChampion, comparisons };
  if (decision === 'passed') return takeOrAsk(event, work, { champion, job });
  return completed(EvalFailed, {
    ...event.data,
    champion,
    gate: {
      decision,
      reasons: [...gate.reasons, ...reasons],
      comparisons: [...gate.comparisons, ...comparisons],
    },
  });
}

/** Takes the model, or first asks whether it shall be taken. */
async function takeOrAsk(event: Passed, work: Work, compared?: Compared): Promise<Outcome<State>> {
  const policy = readEnvironment(Settings).BATON_APPROVAL;
  if (!policy.required) return completed(Approved, { ...event.data, champion: compared?.champion });
  await requestApproval(event, policy, work);
  return awaitDecision(work, compared);
}

function awaitDecision({ run, attempt, environment }: Work, compared: Compared | undefined) {
  const request = layout.approvalRequest({ run, stage: 'approve', attempt });
  const resources = [gcsUri(environment.BATON_BUCKET, request), ...(compared ? [compared.job] : [])];
  return pending(resources, { awaits: 'decision' as const, ...(compared && { compared }) });
}

/** Goes on as was decided. What a newer run has overtaken meanwhile need not be decided any more. */
async function answer(event: Passed, compared: Compared | undefined, work: Work): Promise<Outcome<State>> {
  const { run, attempt, environment } = work;
  const request = await readRequest(environment.BATON_BUCKET, { run, stage: 'approve', attempt });
  if (!request) throw new Error(`what ${run} waits for somebody to decide is gone from its folder`);
  const decision = await decisionOn(request, work);
  if (!decision) {
    const endpoint = await findEndpoint();
    return (endpoint && supersededAt(endpoint, event)) ?? awaitDecision(work, compared);
  }
  const { by, reason, digest, at } = decision;
  return decision.decision === 'approved'
    ? completed(Approved, {
        ...event.data,
        champion: compared?.champion,
        approval: approvalOf(decision, request),
      })
    : completed(Rejected, { model: event.data.model, by, reason, digest, at });
}
