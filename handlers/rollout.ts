import { z } from 'zod';
import {
  type BatonEvent,
  Deployed,
  json,
  Promoted,
  RolledBack,
  RolloutPlan,
  RolloutProgress,
  Superseded,
} from '../events/index.ts';
import { abortReason } from './abort-rule.ts';
import { championAt } from './champion.ts';
import { type DeployedModel, deployedModels, findEndpoint, shared, shareOf } from './endpoint.ts';
import { FIRST } from './endpoint-lock.ts';
import { giveFree, takeTurn } from './endpoint-queue.ts';
import { type Endpoint, updateEndpoint } from './endpoint-update.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { haveEnded } from './runtime/long-running.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, type Outcome, type Pending, pending, type Work } from './runtime/stage.ts';
import { serveAlone } from './serve-alone.ts';

const Settings = Environment.extend({ BATON_ROLLOUT: json(RolloutPlan) });
const planOf = () => readEnvironment(Settings).BATON_ROLLOUT;

const State = z.object({
  operations: z.array(z.string()),
  /** What served before, and serves again should the rollout go back. */
  champion: z.object({ version: z.string(), deployedModelId: z.string() }).optional(),
  /** The share as it was last seen, and until when it is kept. */
  progress: RolloutProgress.optional(),
  /** Why the rollout goes back, once it does. */
  abort: z.string().optional(),
});
type State = z.infer<typeof State>;
type Input = z.output<typeof Deployed.data>;

/**
 * Gives a deployed version more and more of the traffic, as the plan says, and makes it the champion at the end; or takes
 * it back, when the plan's abort rule is met. `settle` looks at each share until it has soaked. What is next follows from
 * the endpoint, and each change names its etag, so a step is taken once however often it is tried.
 */
export const rollout = defineStage({
  name: 'rollout',
  input: Deployed,
  state: State,

  async start(event, work) {
    const { endpoint, trafficSplit, deployedModelId: id } = event.data;
    const share = trafficSplit[id] ?? 0;
    const isAlone = share === 100 && Object.keys(trafficSplit).length === 1;
    // What serves alone from its first moment may have nobody to be compared with: the first look tells.
    return pending([endpoint], { operations: [], ...(!isAlone && { progress: soaking(share, work) }) });
  },

  ready: async (outstanding) => outstanding,

  async settle({ event, state, resources }, work) {
    if (!(await haveEnded(state.operations))) return pending(resources, state);
    const endpoint = await findEndpoint();
    if (!endpoint) throw new StageFailure('BATON_PRECONDITION', `${event.data.endpoint} is gone`);
    const { run, attempt, environment } = work;
    const claimant = { stage: 'rollout', run, attempt, sequence: event.sequence ?? FIRST } as const;
    const turn = await takeTurn(endpoint, claimant, environment);
    if (turn.kind === 'queued') return lookAgain(endpoint, state);
    if (turn.kind === 'superseded') {
      const { BATON_MODEL: model } = environment;
      return completed(Superseded, { model, endpoint: String(endpoint.name), by: turn.by });
    }
    return advance(turn.endpoint, event, state, work);
  },

  cleanUp: async (_event, { run, attempt }) => giveFree({ stage: 'rollout', run, attempt }),
});

export const handle = serveStage(rollout);

function soaking(share: number, work: Work): RolloutProgress {
  const { soakSeconds } = planOf();
  const soaksUntil = new Date(work.clock().getTime() + soakSeconds * 1000).toISOString();
  return { share, soaksUntil, next: stepAfter(share) };
}

/** By the plan as it is now, which may have changed since the share was set; none where promotion comes next. */
const stepAfter = (share: number) => planOf().steps.find((step) => step > share);

const lookAgain = (endpoint: Endpoint, state: State): Pending<State> =>
  pending([String(endpoint.name)], { ...state, operations: [] });

/** Looks at the share that the version has, and takes the step that comes after it. */
async function advance(
  endpoint: Endpoint,
  event: BatonEvent<Input>,
  state: State,
  work: Work,
): Promise<Outcome<State>> {
  const { deployedModelId: id } = event.data;
  const find = (wanted: string | undefined) => deployedModels(endpoint).find((model) => model.id === wanted);
  const champion = state.champion ?? (await formerChampion(endpoint, id, work));
  const rival = find(champion?.deployedModelId);
  if (state.abort)
    return goBack(endpoint, rival ?? gone(endpoint, 'the champion'), event, state.abort, state, work);

  const newcomer = find(id) ?? gone(endpoint, `the deployed model ${id}`);
  if (!rival) return promote(endpoint, newcomer, state, work);
  // Written down before anything changes: later, the endpoint no longer tells.
  if (!state.champion) return lookAgain(endpoint, { ...state, champion });

  const abort = await reasonToGoBack(endpoint, newcomer, work);
  if (!abort) return nextShare(endpoint, newcomer, rival, state, work);
  work.log('WARNING', `the rollout goes back to version ${rival.modelVersionId}: ${abort}`);
  const moved = await updateEndpoint(endpoint, { trafficSplit: { [String(rival.id)]: 100 } });
  return lookAgain(endpoint, moved ? { ...state, progress: undefined, abort } : state);
}

function gone({ name }: Endpoint, what: string): never {
  const reason = `${what} is no longer at ${name}: replay the run from deploy`;
  throw new StageFailure('BATON_PRECONDITION', reason);
}

async function formerChampion(endpoint: Endpoint, newcomer: string, { environment }: Work) {
  const champion = await championAt(endpoint, environment);
  if (!champion || champion.id === newcomer) return undefined;
  return { version: String(champion.modelVersionId), deployedModelId: String(champion.id) };
}

async function reasonToGoBack(
  endpoint: Endpoint,
  newcomer: DeployedModel,
  work: Work,
): Promise<string | undefined> {
  const measured = await abortReason(planOf().abort, endpoint, newcomer, work.clock());
  if (measured) return measured;
  const isIdle = shareOf(endpoint, String(newcomer.id)) === 0;
  return isIdle ? 'its traffic was moved away at the endpoint' : undefined;
}

/** Waits until the share has soaked. A share that nobody wrote down was set right before a crash, or by a person. */
async function nextShare(
  endpoint: Endpoint,
  newcomer: DeployedModel,
  rival: DeployedModel,
  state: State,
  work: Work,
): Promise<Outcome<State>> {
  const id = String(newcomer.id);
  const share = shareOf(endpoint, id);
  const progress = state.progress?.share === share ? state.progress : soaking(share, work);
  if (work.clock().toISOString() < progress.soaksUntil) return lookAgain(endpoint, { ...state, progress });
  const next = stepAfter(share);
  if (next === undefined) return promote(endpoint, newcomer, { ...state, progress }, work);
  const changed = await updateEndpoint(endpoint, { trafficSplit: shared(id, next, String(rival.id)) });
  return lookAgain(endpoint, { ...state, progress: changed ? soaking(next, work) : progress });
}

async function promote(
  endpoint: Endpoint,
  newcomer: DeployedModel,
  state: State,
  work: Work,
): Promise<Outcome<State>> {
  const conclusion = await serveAlone(endpoint, newcomer, work.environment);
  if (conclusion.kind === 'waiting') return waitFor(conclusion.operations, endpoint, state);
  return completed(Promoted, {
    model: { name: String(newcomer.model), version: String(newcomer.modelVersionId) },
    alias: 'champion',
    previous: state.champion?.version,
    endpoint: String(endpoint.name),
    deployedModelId: String(newcomer.id),
    trafficSplit: conclusion.endpoint.trafficSplit ?? {},
  });
}

async function goBack(
  endpoint: Endpoint,
  champion: DeployedModel,
  event: BatonEvent<Input>,
  reason: string,
  state: State,
  work: Work,
): Promise<Outcome<State>> {
  const conclusion = await serveAlone(endpoint, champion, work.environment);
  if (conclusion.kind === 'waiting') return waitFor(conclusion.operations, endpoint, state);
  return completed(RolledBack, {
    model: event.data.model.name,
    from: event.data.model.version,
    to: String(champion.modelVersionId),
    endpoint: String(endpoint.name),
    deployedModelId: String(champion.id),
    trafficSplit: conclusion.endpoint.trafficSplit ?? {},
    cause: 'abort',
    actor: 'rollout',
    reason,
  });
}

const waitFor = (operations: string[], endpoint: Endpoint, state: State): Pending<State> =>
  operations.length > 0 ? pending(operations, { ...state, operations }) : lookAgain(endpoint, state);
