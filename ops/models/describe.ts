import { fromValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { z } from 'zod';
import { Promoted, type RolloutProgress } from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { progressText } from '../runs/describe.ts';
import { readRun } from '../runs/run-view.ts';
import { fields, table } from '../terminal/output.ts';
import type { ModelView, VersionView } from './registry.ts';
import { shareText } from './text.ts';

/** As much of an imported evaluation as is printed; what the gate compared has grown before, and may again. */
const Evaluation = z.looseObject({
  decision: z.string(),
  metrics: z.record(z.string(), z.unknown()),
  comparisons: z.array(
    z.looseObject({
      metric: z.string(),
      value: z.number(),
      threshold: z.number().optional(),
      passed: z.boolean(),
    }),
  ),
});

/** A version as `models describe --format json` prints it. */
export interface VersionDescription extends VersionView {
  model: string;
  endpoint: string;
  evaluation?: z.infer<typeof Evaluation>;
  /** Where its rollout stands, while it soaks. */
  rollout?: RolloutProgress;
  /** The version in whose place it was promoted. */
  previous?: string;
}

/** Puts together what the registry, the endpoint and the version's run say of it. */
export async function describeVersion(
  session: Session,
  { model, endpoint }: ModelView,
  version: VersionView,
): Promise<VersionDescription> {
  const { clients, environment, storage, buckets } = session;
  const registry = await clients.vertexModels(environment.prod.region);
  const parent = `${model}@${version.version}`;
  const [[[imported]], view] = await Promise.all([
    registry.listModelEvaluations({ parent }),
    version.run && readRun(storage, buckets, version.run),
  ]);
  const stages = view?.stages ?? [];
  const promotion = stages.findLast(({ event }) => event?.type === Promoted.type)?.event;
  return {
    ...version,
    ...{ model, endpoint },
    evaluation: Evaluation.safeParse(fromValue(imported?.metadata as Parameters<typeof fromValue>[0])).data,
    rollout: stages.findLast(({ progress }) => progress)?.progress,
    previous: Promoted.data.safeParse(promotion?.data).data?.previous,
  };
}

export function descriptionText(it: VersionDescription): string {
  const { evaluation } = it;
  return [
    fields([
      ['version', `${it.model}@${it.version}`],
      ['aliases', it.aliases.join(', ')],
      ['run', it.run],
      ['description', it.description],
      ['created', it.createdAt],
      ['serves', it.deployedModelId && `${shareText(it)} of the traffic, as ${it.deployedModelId}`],
      ['rollout', it.rollout && progressText(it.rollout)],
      ['took over from', it.previous && `version ${it.previous}`],
      ['gate', evaluation?.decision],
    ]),
    ...(evaluation
      ? [
          '',
          table(
            ['METRIC', 'VALUE', 'THRESHOLD', 'PASSED'],
            evaluation.comparisons.map(({ metric, value, threshold, passed }) => [
              ...[metric, value.toFixed(4), threshold, passed ? 'yes' : 'no'],
            ]),
          ),
        ]
      : []),
  ].join('\n');
}
