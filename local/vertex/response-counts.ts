import type { TimeSeries } from '../monitoring/time-series.ts';
import { StatusError } from '../status.ts';
import { parseName } from './names.ts';

const METRIC = 'aiplatform.googleapis.com/prediction/online/response_count';
const MINUTE_MS = 60_000;

/**
 * How deployed models answered, by the minute, as Vertex AI tells Cloud Monitoring. Counted from the start of the local
 * cloud on, and visible at once, where Google's take minutes.
 */
export class ResponseCounts {
  /** By endpoint, deployed model and response code, the counts by the minutes' beginnings. */
  readonly #counts = new Map<
    string,
    { endpoint: string; id: string; code: string; minutes: Map<number, number> }
  >();

  /** Counts what a request comes to, and passes it on. */
  async count<Answer extends { status: number }>(
    endpoint: string,
    id: string,
    answering: Promise<Answer>,
  ): Promise<Answer> {
    try {
      const answer = await answering;
      this.#record(endpoint, id, answer.status);
      return answer;
    } catch (error) {
      this.#record(endpoint, id, error instanceof StatusError ? error.httpStatus : 500);
      throw error;
    }
  }

  /** The series of a project's endpoints. */
  readonly measured = (project: string): TimeSeries[] =>
    [...this.#counts.values()].flatMap(({ endpoint, id, code, minutes }) => {
      const { project: owner, location, id: endpointId } = parseName(endpoint);
      if (owner !== project) return [];
      const now = Date.now();
      return {
        metric: { type: METRIC, labels: { deployed_model_id: id, response_code: code } },
        resource: {
          type: 'aiplatform.googleapis.com/Endpoint',
          labels: { resource_container: project, location, endpoint_id: endpointId },
        },
        metricKind: 'DELTA' as const,
        valueType: 'INT64' as const,
        points: [...minutes]
          .reverse()
          .map(([start, value]) => ({ start, end: Math.min(start + MINUTE_MS, now), value })),
      };
    });

  #record(endpoint: string, id: string, status: number): void {
    const key = `${endpoint}/${id}/${status}`;
    const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    const counted = this.#counts.get(key) ?? { endpoint, id, code: String(status), minutes: new Map() };
    counted.minutes.set(minute, (counted.minutes.get(minute) ?? 0) + 1);
    this.#counts.set(key, counted);
  }
}
