import { type Envelope, type RunId, RunRequested, type Starter, sequenceOf } from '../../events/index.ts';

export interface RequestedRun {
  run: RunId;
  model: string;
  bucket: string;
  drop: string;
  generations: { train: string; eval: string };
  reason?: string;
  /** What a further run over the same files answers; the run's id follows from it too. */
  occasion?: string;
}

/**
 * The event that asks `prepare` for a run of a drop. Its id follows from the run, and so from the generations of the
 * drop's files: to ask twice is to ask once.
 *
 * @param project the non-production project, on whose topic it goes out
 * @param starter who asks, if anybody does
 */
export function runRequest(
  { run, ...data }: RequestedRun,
  project: string,
  at: Date,
  starter: Starter = {},
): Envelope {
  return {
    specversion: '1.0',
    id: `${run}/${RunRequested.name}`,
    source: `//baton.dev/projects/${project}/operators`,
    type: RunRequested.type,
    time: at.toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    attempt: 1,
    sequence: sequenceOf(data.generations),
    ...starter,
    data: RunRequested.data.parse(data),
  };
}
