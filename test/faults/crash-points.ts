import { type AttemptKey, STAGES, type StageName, TENANT_OF } from '../../events/index.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';

type Rule = FaultPlan['rules'][number];

/** What is killed: a stage; or a function that is none, `decide` at each of the things that it does. */
export type Victim = StageName | 'lineage' | 'decide approval' | 'decide rollback';

export const victimsOf = (tenant: 'nonprod' | 'prod'): Victim[] => [
  ...STAGES.filter((stage) => TENANT_OF[stage] === tenant),
  ...(tenant === 'prod' ? (['lineage', 'decide approval', 'decide rollback'] as const) : []),
];

/** Where a process is killed: the n-th call of its kind that it makes for the run of that drop. */
export interface CrashPoint {
  victim: Victim;
  /** `before claim`, `after publish`, … */
  name: string;
  drop: string;
  rule: Rule;
}

/** Calls by which a crash point is known; the text is the request's. */
interface Step {
  name: string;
  /** Whose call it is: the function's own, or settle's, which ends a long stage. */
  by: 'own' | 'settle';
  what: string;
  mentions: (path: string) => string;
  /** The call doesn't say which run it is for: the first one once a function was handed this of the run's. */
  onceHanded?: (run: string) => string;
}

/** The attempt that is ended by what is killed, or before it, or after it. A rollback is the next one of its run. */
export function attemptAt(victim: Victim): Pick<AttemptKey, 'stage' | 'attempt'> {
  switch (victim) {
    case 'lineage':
      return { stage: 'deploy', attempt: 1 };
    case 'decide approval':
      return { stage: 'approve', attempt: 1 };
    case 'rollback':
    case 'decide rollback':
      return { stage: 'rollback', attempt: 2 };
    default:
      return { stage: victim, attempt: 1 };
  }
}

/** A run's id is its drop's name and ten digits of a digest. */
const runOf = (drop: string) => `${drop}-[0-9a-f]{10}`;
const UPLOAD = '^POST storage\\.googleapis\\.com/upload/';
/** Both of these, in whatever order. */
const both = (one: string, other: string) => `^(?=.*${one})(?=.*${other})`;
const named = (object: string) => `[?&]name=${object}[ &]`;

const attemptRecord = (attempt: string) => named(`runs/${attempt}/attempt\\.json`);
const CLAIM: Step = {
  name: 'claim',
  by: 'own',
  what: UPLOAD,
  mentions: (attempt) => both(attemptRecord(attempt), 'ifGenerationMatch=0\\b'),
};
const RECORD: Step = {
  name: 'record',
  by: 'own',
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

/** The steps of each, in their order; lineage's of a kind are taken at once. */
const STEPS: Record<Victim, Step[]> = {
  prepare: [
    CLAIM,
    effect('own', UPLOAD, (attempt) => named(`runs/${runOfAttempt(attempt)}/run\\.json`)),
    eventWrite('own'),
    publish('own'),
  ],
  ingest: [
    CLAIM,
    effect('own', '/LaunchTemplate$', (attempt) => `ingest-${runOfAttempt(attempt)}-1-train`),
    RECORD,
    effect(
      'settle',
      '^POST bigquery\\.',
      (attempt) => `baton_${runOfAttempt(attempt)}_1_promote_train`,
      'promotion',
    ),
    ...SETTLED,
  ],
  train: [CLAIM, effect('own', '/CreateCustomJob$', runOfAttempt), RECORD, ...SETTLED],
  evaluate: [CLAIM, effect('own', '/CreateCustomJob$', runOfAttempt), RECORD, ...SETTLED],
  approve: [
    CLAIM,
    effect('own', '/CreateCustomJob$', runOfAttempt),
    RECORD,
    effect('settle', UPLOAD, (attempt) => named(`runs/${attempt}/approval\\.json`), 'question'),
    ...SETTLED,
  ],
  deploy: [
    CLAIM,
    effect('own', '/UploadModel$', runOfAttempt),
    RECORD,
    effect('settle', '/ImportModelEvaluation$', runOfAttempt, 'evaluation'),
    effect('settle', '/DeployModel$', runOfAttempt, 'deployment'),
    ...SETTLED,
  ],
  monitor: [
    CLAIM,
    {
      name: 'effect',
      by: 'own',
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
    effect('own', '/UpdateEndpoint$', (attempt) =>
      both(runOfAttempt(attempt), '"promotion-stage":"rollback"'),
    ),
    RECORD,
    unnamed('deployment', '/DeployModel$', '', 'rollback/2/'),
    ...SETTLED,
  ],
  lineage: [
    effect('own', '/CreateContext$', runOfAttempt, 'context'),
    effect('own', '/CreateArtifact$', runOfAttempt, 'artifact'),
    effect('own', '/CreateExecution$', runOfAttempt, 'execution'),
    effect('own', '/AddExecutionEvents$', runOfAttempt, 'events'),
    effect('own', '/AddContextArtifactsAndExecutions$', runOfAttempt, 'membership'),
  ],
  'decide approval': [
    effect('own', UPLOAD, (attempt) => named(`runs/${attempt}/decision\\.json`), 'decision'),
    effect('own', UPLOAD, (attempt) => named(`signals/${attempt}/done\\.json`), 'marker'),
  ],
  'decide rollback': [
    effect('own', UPLOAD, (attempt) => named(`runs/${attempt}/request\\.json`), 'request'),
    publish('own'),
  ],
};

/**
 * Every crash point of a stage or function: before and after each of its steps, and around its answer. The first points
 * of all are met by one run, the second ones by the next, and so on.
 */
export function crashPointsOf(victim: Victim): CrashPoint[] {
  const { stage, attempt } = attemptAt(victim);
  const [name] = victim.split(' ');
  const project = `baton-${TENANT_OF[stage]}`;
  const points: [name: string, rule: (run: string) => Rule][] = STEPS[victim].flatMap(
    ({ name: step, by, what, mentions, onceHanded }) =>
      (['before', 'after'] as const).map((kill): [string, (run: string) => Rule] => [
        `${kill} ${step}`,
        (run) => ({
          at: 'call',
          who: `^${project}/function ${by === 'own' ? name : 'settle'}$`,
          what,
          mentions: mentions(`${run}/${stage}/${attempt}`),
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
        who: `^${project}/function ${name}$`,
        mentions: requestTo(victim, run),
        effect: { kill },
      }),
    ]);
  }
  return points.map(([point, rule], index) => {
    const drop = `crash-${index}`;
    return { victim, name: point, drop, rule: rule(runOf(drop)) };
  });
}

/** The request after which nothing is left to do. */
function requestTo(victim: Victim, run: string): string {
  const [name, kind] = victim.split(' ');
  if (name === 'decide') return both(`"kind":"${kind}"`, `"run":"${run}"`);
  // A drop's first file alone starts nothing; its second one comes with the evaluation table.
  return victim === 'prepare' ? `datasets/${run.replace(/-\[.*/, '')}/eval` : run;
}
