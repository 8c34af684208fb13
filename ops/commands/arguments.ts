import { InvalidArgumentError } from 'commander';
import parse from 'parse-duration';
import { RunId, StageName } from '../../events/index.ts';
import { RUN_FIELDS, type RunField } from '../runs/filter.ts';

/** A duration such as `2h` or `1d12h`, in milliseconds. */
export function duration(text: string): number {
  const milliseconds = parse(text);
  if (!milliseconds || milliseconds <= 0)
    throw new InvalidArgumentError('expected a duration such as 90s, 2h or 1d.');
  return milliseconds;
}

/** So many of something in a span of time, such as `5/s` or `100/m`. */
export interface Rate {
  limit: number;
  intervalMs: number;
}

const SPANS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

export function rate(text: string): Rate {
  const [, limit, span] = /^([1-9]\d*)\/([smh])$/.exec(text) ?? [];
  if (!limit) throw new InvalidArgumentError('expected a rate such as 5/s, 100/m or 1000/h.');
  return { limit: Number(limit), intervalMs: SPANS[span] };
}

export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number from 1.');
  return value;
}

export function stage(text: string): StageName {
  const parsed = StageName.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(`expected one of ${StageName.options.join(', ')}.`);
  return parsed.data;
}

export function runId(text: string): RunId {
  const parsed = RunId.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('expected a run id, as `baton runs list` prints them.');
  return parsed.data;
}

export type Conditions = Partial<Record<RunField, string>>;

/** One `field=value` of `--where`; several are all to hold. */
export function condition(text: string, conditions: Conditions = {}): Conditions {
  const [, field, value] = /^(\w+)=(.+)$/.exec(text) ?? [];
  const known = RUN_FIELDS.find((name) => name === field);
  if (!known) throw new InvalidArgumentError(`expected FIELD=VALUE with one of ${RUN_FIELDS.join(', ')}.`);
  return { ...conditions, [known]: value };
}
