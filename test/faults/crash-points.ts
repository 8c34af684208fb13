import { STAGES, type StageName, TENANT_OF } from '../../events/index.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';

type Rule = FaultPlan['rules'][number];

/** Where a process is killed: the n-th call of its kind that it makes for the stage of the run of that drop. */
export interface CrashPoint {
  stage: StageName;
  /** `before claim`, `after publish`, … */
  name: string;
  drop: string;
  rule: Rule;
}

/** Calls by which a crash point is known; the text is the request's. */
interface Step {
  name: string;
  /** Whose call it is; a long stage is ended by settle. */
  by: 'stage' | 'settle';
  what: string;
  mentions: (path: string) => string;
  /** The call doesn't say which run it is for: the first one once a function was handed this of the run's. */
  onceHanded?: (run: string) => string;
}

/** Which attempt of a stage meets a crash: a rollback is the next attempt of a run. */
export const attemptOfStage = (stage: StageName) => (stage === 'rollback' ? 2 : 1);

/** A run's id is its drop's name and ten digits of a digest. */
const runOf = (drop: string) => `${drop}-[0-9a-f]{10}`;
const UPLOAD = '^POST storage\\.googleapis\\.com/upload/';
/** Both of these, in whatever order. */
const both = (one: string, other: string) => `^(?=.*${one})(?=.*${other})`;
const named = (object: string) => `[?&]name=${object}[ &]`;

const attemptRecord = (attempt: string) => named(`runs/${attempt}/attempt\\.json`);
const CLAIM: Step = {
  name: 'claim',
  by: 'stage',
  what: UPLOAD,
  mentions: (attempt) => both(attemptRecord(attempt), 'ifGenerationMatch=0\\b'),
};
const RECORD: Step = {
  name: 'record',
  by: 'stage',
  what: UPLOAD,
  mentions: (attempt) => {
    const [run, stage, number] = attempt.split('/');
    return named(`outstanding/${stage}/${run}/${number}`);
  },
};
const eventWrite = (by: Step['by']): Step => ({
  name: 'event write',
  by,
  what: UPLOAD,
  mentions: (attempt) => both(attemptRecord(attempt), 'ifGenerationMatch=[1-9]'),
});
const publish = (by: Step['by']): Step => ({
  name: 'publish',
  by,
  what: 'Publisher/Publish$',
  mentions: (attempt) => `"ce-id":"${attempt}/`,
});
const CLEAR: Step = {
  name: 'clear',
  by: 'settle',
  what: '^DELETE storage\\.googleapis\\.com/',
  mentions: (attempt) => {
    const [run, stage, number] = attempt.split('/');
    return `outstanding/${stage}/${run}/${number}`;
  },
};

/** A call of settle's for a run whose version is deployed, once it hears of something else. */
const unnamed = (name: string, what: string, mentions: string, event = 'deploy/1/deployed'): Step => ({
  ...{ name, by: 'settle', what, mentions: () => mentions },
  onceHanded: (run) => `${run}/${event}`,
});
const RELEASE = unnamed('release', '/UpdateEndpoint$', '"promotion":""');
const effect = (by: Step['by'], what: string, mentions: Step['mentions'], name = 'effect'): Step => ({
  ...{ name, by, what, mentions },
});
const runOfAttempt = (attempt: string) => attempt.split('/')[0]!;
const SETTLED = [eventWrite('settle'), publish('settle'), CLEAR];

/** Each stage's steps, in their order. */
const STEPS: Record<StageName, Step[]> = {
  prepare: [
    CLAIM,
    effect('stage', UPLOAD, (attempt) => named(`runs/${runOfAttempt(attempt)}/run\\.json`)),
    eventWrite('stage'),
    publish('stage'),
  ],
  ingest: [
    CLAIM,
    effect('stage', '/LaunchTemplate$', (attempt) => `ingest-${runOfAttempt(attempt)}-1-train`),
    RECORD,
    effect(
      'settle',
      '^POST bigquery\\.',
      (attempt) => `baton_${runOfAttempt(attempt)}_1_promote_train`,
      'promotion',
    ),
    ...SETTLED,
  ],
  train: [CLAIM, effect('stage', '/CreateCustomJob$', runOfAttempt), RECORD, ...SETTLED],
  evaluate: [CLAIM, effect('stage', '/CreateCustomJob$', runOfAttempt), RECORD, ...SETTLED],
  approve: [CLAIM, effect('stage', '/CreateCustomJob$', runOfAttempt), RECORD, ...SETTLED],
  deploy: [
    CLAIM,
    effect('stage', '/UploadModel$', runOfAttempt),
    RECORD,
    effect('settle', '/ImportModelEvaluation$', runOfAttempt, 'evaluation'),
    effect('settle', '/DeployModel$', runOfAttempt, 'deployment'),
    ...SETTLED,
  ],
  monitor: [
    CLAIM,
    {
      name: 'effect',
      by: 'stage',
      what: '/UpdateModelDeploymentMonitoringJob$',
      mentions: () => '',
      onceHanded: (run) => run,
    },
    RECORD,
    ...SETTLED,
  ],
  rollout: [
    CLAIM,
    RECORD,
    unnamed('share', '/UpdateEndpoint$', '"traffic_split"'),
    unnamed('aliases', '/MergeVersionAliases$', '"champion"'),
    unnamed('undeployment', '/UndeployModel$', ''),
    eventWrite('settle'),
    publish('settle'),
    RELEASE,
    CLEAR,
  ],
  rollback: [
    CLAIM,
    effect('stage', '/UpdateEndpoint$', (attempt) =>
      both(runOfAttempt(attempt), '"promotion-stage":"rollback"'),
    ),
    RECORD,
    unnamed('deployment', '/DeployModel$', '', 'rollback/2/'),
    ...SETTLED,
  ],
};

/**
 * Every crash point of a stage: before and after each of its steps, and around the acknowledgement. The first points of
 * all stages are met by one run, the second ones by the next, and so on.
 */
export function crashPointsOf(stage: StageName): CrashPoint[] {
  const project = `baton-${TENANT_OF[stage]}`;
  const points: [name: string, rule: (run: string) => Rule][] = STEPS[stage].flatMap(
    ({ name, by, what, mentions, onceHanded }) =>
      (['before', 'after'] as const).map((kill): [string, (run: string) => Rule] => [
        `${kill} ${name}`,
        (run) => ({
          at: 'call',
          who: `^${project}/function ${by === 'stage' ? stage : 'settle'}$`,
          what,
          mentions: mentions(`${run}/${stage}/${attemptOfStage(stage)}`),
          ...(onceHanded && { onceHanded: onceHanded(run) }),
          effect: { kill },
        }),
      ]),
  );
  for (const kill of ['after', 'answered'] as const) {
    points.push([
      kill === 'after' ? 'before ack' : 'after ack',
      (run) => ({
        at: 'request',
        who: `^${project}/function ${stage}$`,
        // A drop's first file alone starts nothing; its second one comes with the evaluation table.
        mentions: stage === 'prepare' ? `datasets/${run.replace(/-\[.*/, '')}/eval` : run,
        effect: { kill },
      }),
    ]);
  }
  return points.map(([name, rule], index) => {
    const drop = `crash-${index}`;
    return { stage, name, drop, rule: rule(runOf(drop)) };
  });
}

export const stagesOf = (tenant: 'nonprod' | 'prod') => STAGES.filter((stage) => TENANT_OF[stage] === tenant);
