import type { Row } from '../drift/table.ts';

/** How many rows one request asks about unless said otherwise, and how many requests are under way at once. */
const ROWS_PER_REQUEST = 20;
const CONCURRENCY = 4;

/**
 * Asks an endpoint for predictions on rows, over gRPC, as an application would.
 *
 * @param endpoint `projects/P/locations/L/endpoints/E`
 * @param label the column that the model predicts, which is left out
 * @returns how many predictions came back
 */
export async function sendTraffic(
  endpoint: string,
  rows: Row[],
  label: string,
  rowsPerRequest = ROWS_PER_REQUEST,
): Promise<number> {
  const { PredictionServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/prediction_service_client.js'
  );
  const { toValue } = await import('@google-cloud/aiplatform/build/src/helpers.js');
  const [, , , location] = endpoint.split('/');
  const client = new PredictionServiceClient({ apiEndpoint: `${location}-aiplatform.googleapis.com` });
  const requests = Array.from({ length: Math.ceil(rows.length / rowsPerRequest) }, (_, i) =>
    rows.slice(i * rowsPerRequest, (i + 1) * rowsPerRequest),
  );
  let answered = 0;
  const work = async () => {
    for (let batch = requests.shift(); batch; batch = requests.shift()) {
      const instances = batch.map((row) => toValue(instanceOf(row, label))!);
      const [{ predictions }] = await client.predict({ endpoint, instances });
      answered += predictions?.length ?? 0;
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return answered;
  } finally {
    await client.close();
  }
}

/** A row as a prediction request has it: without the label, and with missing text as empty. */
function instanceOf(row: Row, label: string): Record<string, string | number> {
  const features = Object.entries(row).filter(([name]) => name !== label);
  return Object.fromEntries(features.map(([name, value]) => [name, value ?? '']));
}
