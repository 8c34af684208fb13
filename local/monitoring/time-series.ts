import { StatusError } from '../status.ts';

/** What Cloud Monitoring keeps of one metric of one resource. Times are milliseconds since the epoch. */
export interface TimeSeries {
  metric: { type: string; labels: Record<string, string> };
  resource: { type: string; labels: Record<string, string> };
  metricKind: 'GAUGE' | 'DELTA';
  valueType: 'INT64';
  /** The newest first. */
  points: { start: number; end: number; value: number }[];
}

/** A service that measures: all series of a project. */
export type Measured = (project: string) => TimeSeries[];

/**
 * The series of a project that pass a filter, each with the points that end in an interval. A filter is what Cloud
 * Monitoring documents, as far as comparisons for equality go, joined by AND.
 *
 * @throws StatusError UNIMPLEMENTED for other filters
 */
export function listTimeSeries(
  sources: Measured[],
  { project, filter, from, until }: { project: string; filter: string; from: number; until: number },
): TimeSeries[] {
  const passes = compile(filter);
  return sources
    .flatMap((measured) => measured(project))
    .filter(passes)
    .map((series) => ({ ...series, points: series.points.filter(({ end }) => end >= from && end <= until) }))
    .filter(({ points }) => points.length > 0);
}

const COMPARISON = /^(metric|resource)\.(?:type|labels?\.(\w+))\s*=\s*"([^"]*)"$/;

function compile(filter: string): (series: TimeSeries) => boolean {
  const tests = filter.split(/\s+AND\s+/).map((term) => {
    const [, part, label, value] = COMPARISON.exec(term.trim()) ?? [];
    if (!part)
      throw new StatusError('UNIMPLEMENTED', `The local Cloud Monitoring doesn't read the filter ${term}.`);
    return (series: TimeSeries) => {
      const { type, labels } = series[part as 'metric' | 'resource'];
      return (label === undefined ? type : labels[label]) === value;
    };
  });
  return (series) => tests.every((test) => test(series));
}
