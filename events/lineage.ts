import { z } from 'zod';
import { Approval } from './approved.ts';
import { perTable } from './artifact.ts';
import { Champion } from './champion.ts';
import { GateDecision } from './gate.ts';
import { GcsUri, RunId, Sha256 } from './identifiers.ts';
import { Metrics } from './metrics.ts';
import { TrainParameters } from './model-trained.ts';

/** The store that Vertex ML Metadata has in every region of a project. */
export const METADATA_STORE = 'default';

/** The artifact of a version, by the model's resource name or id, which has no other characters than an artifact's. */
export const versionArtifactId = (model: string, version: string): string =>
  `version-${model.split('/').at(-1)}-${version}`;

const node = <Kind extends string, Shape extends z.core.$ZodLooseShape>(kind: Kind, shape: Shape) =>
  z.object({ kind: z.literal(kind), run: RunId, ...shape });

const container = { job: z.string().optional(), image: z.string(), commit: z.string() };
const table = perTable(z.string()).keyof();

/** What the metadata says of the things that a run made, by kind: the artifacts of its lineage. */
export const LineageArtifact = z.discriminatedUnion('kind', [
  node('snapshot', { table, uri: GcsUri, sha256: Sha256, source: z.string().optional() }),
  node('model', { model: z.string(), uri: GcsUri, sha256: Sha256 }),
  node('evaluation', {
    uri: GcsUri.optional(),
    sha256: Sha256.optional(),
    figures: Metrics,
    gate: GateDecision,
  }),
  node('approval', { digest: Sha256, approval: Approval.optional() }),
  node('version', { resourceName: z.string(), sha256: Sha256 }),
  node('deployment', {
    resourceName: z.string(),
    deployedModelId: z.string(),
    trafficSplit: z.record(z.string(), z.number()),
  }),
]);
export type LineageArtifact = z.infer<typeof LineageArtifact>;

/** The same of what was done: the executions of its lineage. */
export const LineageExecution = z.discriminatedUnion('kind', [
  node('train', { ...container, parameters: TrainParameters.optional() }),
  node('evaluate', container),
  node('approve', { champion: Champion.optional() }),
  node('deploy', { attempt: z.number(), at: z.iso.datetime(), startedBy: z.string().optional() }),
]);
export type LineageExecution = z.infer<typeof LineageExecution>;
