import { toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import type { Approved } from '../events/index.ts';
import type { ModelVersion } from './model-registry.ts';
import { vertexModels } from './runtime/clients.ts';
import type { Work } from './runtime/stage.ts';

/** Vertex AI's schema of a classifier's metrics, by which its console shows them. */
const SCHEMA = 'gs://google-cloud-aiplatform/schema/modelevaluation/classification_metrics_1.0.0.yaml';

/**
 * Keeps a run's evaluation beside its version in the registry: what the schema names as metrics, and the whole of what
 * was measured and decided as metadata. ImportModelEvaluation takes no id of the caller's, so it is found again by its
 * display name.
 */
export async function importEvaluation(
  { resource }: ModelVersion,
  { metrics, gate, champion, job }: Pick<Approved, 'metrics' | 'gate' | 'champion' | 'job'>,
  { run, attempt }: Work,
): Promise<void> {
  const client = await vertexModels();
  const displayName = `${run}-${attempt}`;
  const [standing] = await client.listModelEvaluations({ parent: resource });
  if (standing.some((evaluation) => evaluation.displayName === displayName)) return;
  const { decision } = gate;
  const comparisons = [...gate.comparisons, ...(champion?.comparisons ?? [])];
  await client.importModelEvaluation({
    parent: resource,
    modelEvaluation: {
      displayName,
      metricsSchemaUri: SCHEMA,
      metrics: toValue({ auRoc: metrics.auc, logLoss: metrics.logLoss }),
      metadata: toValue({ run, job, decision, comparisons, metrics }),
    },
  });
}
