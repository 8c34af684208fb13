import type { Storage } from '@google-cloud/storage';
import { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { parseGcsUri } from '../../events/index.ts';
import type { Prediction } from '../runs/report.ts';

const Sample = z.object({ instance: z.record(z.string(), z.unknown()), prediction: z.number() });
export type Sample = z.infer<typeof Sample>;

const Response = z.object({ predictions: z.array(z.unknown()).min(1), deployedModelId: z.string() });

/** The predictions that the evaluator computed offline for the first rows of the eval table. */
export async function readSamples(storage: Storage, uri: string): Promise<Sample[]> {
  const { bucket, object } = parseGcsUri(uri);
  const [content] = await storage.bucket(bucket).file(object).download();
  const lines = content.toString('utf8').trimEnd().split('\n');
  return lines.map((line) => Sample.parse(JSON.parse(line)));
}

/**
 * Asks the endpoint for one prediction, over Vertex AI's REST API.
 *
 * @param endpoint `projects/P/locations/L/endpoints/E`
 */
export async function predict(endpoint: string, instance: Record<string, unknown>): Promise<Prediction> {
  const [, , , location] = endpoint.split('/');
  const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
  const { data } = await auth.request({
    url: `https://${location}-aiplatform.googleapis.com/v1/${endpoint}:predict`,
    method: 'POST',
    data: { instances: [instance] },
  });
  const { predictions, deployedModelId } = Response.parse(data);
  return { instance, prediction: predictions[0], deployedModelId };
}
