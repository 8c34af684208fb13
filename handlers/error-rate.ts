import { metrics } from './runtime/clients.ts';

const METRIC = 'aiplatform.googleapis.com/prediction/online/response_count';

/** How many requests a deployed model has answered, and how many of them with a server error. */
export interface Responses {
  requests: number;
  errors: number;
}

/**
 * Counts a deployed model's answers since a moment, as Cloud Monitoring has them: some minutes late. An answer that says
 * that the request was wrong is its client's error, and none here.
 *
 * @param endpoint `projects/P/locations/L/endpoints/E`
 */
export async function responsesOf(
  endpoint: string,
  deployedModelId: string,
  since: Date,
  now: Date,
): Promise<Responses> {
  const [, project, , , , endpointId] = endpoint.split('/');
  const [series] = await (await metrics()).listTimeSeries({
    name: `projects/${project}`,
    filter: [
      `metric.type="${METRIC}"`,
      `resource.labels.endpoint_id="${endpointId}"`,
      `metric.labels.deployed_model_id="${deployedModelId}"`,
    ].join(' AND '),
    interval: { startTime: timestamp(since), endTime: timestamp(now) },
  });
  const counts = series.map(({ metric, points }) => ({
    code: metric?.labels?.response_code ?? '',
    count: (points ?? []).reduce((sum, { value }) => sum + Number(value?.int64Value ?? 0), 0),
  }));
  const total = (of: typeof counts) => of.reduce((sum, { count }) => sum + count, 0);
  // Google's page says `5xx`, and the metric's values have been seen as numbers too.
  return { requests: total(counts), errors: total(counts.filter(({ code }) => code.startsWith('5'))) };
}

function timestamp(time: Date) {
  const ms = time.getTime();
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}
