import type { TimeSeries } from '../monitoring/time-series.ts';
import { StatusError } from '../status.ts';
import { parseName } from './names.ts';

const METRIC = 'aiplatform.googleapis.com/prediction/online/response_count';
const MINUTE_MS = 60_000;

type Point = TimeSeries['points'][number];

/**
 * How deployed models answered, by the minute, as Vertex AI tells Cloud Monitoring. Counted from the start of the local
 * cloud on, and visible at once, where Google's take minutes.
 */
export class ResponseCounts {
  /** By endpoint, deployed model and response code, the points by the minutes' beginnings. */
  readonly #counts = new Map<
    string,
    { endpoint: string; id: string; code: string; minutes: Map<number, Point> }
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
      return {
        metric: { type: METRIC, labels: { deployed_model_id: id, response_code: code } },
        resource: {
          type: 'aiplatform.googleapis.com/Endpoint',
          labels: { resource_container: project, location, endpoint_id: endpointId },
        },
        metricKind: 'DELTA' as const,
        valueType: 'INT64' as const,
        points: [...minutes.values()].reverse(),
      };
    });

  #record(endpoint: string, id: string, status: number): void {
    const key = `${endpoint}/${id}/${status}`;
    const now = Date.now();
    const start = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    const counted = this.#counts.get(key) ?? { endpoint, id, code: String(status), minutes: new Map() };
    // A minute that has not ended ends with its latest answer, so that whoever asks up to now finds it.
    const value = (counted.minutes.get(start)?.value ?? 0) + 1;
    counted.minutes.set(start, { start, end: Math.max(now, start + 1), value });
    this.#counts.set(key, counted);
  }
}
