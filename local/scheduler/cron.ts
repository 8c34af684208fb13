import { StatusError } from '../status.ts';

const MINUTE_MS = 60_000;
/** The longest gap between two times of a schedule: 29 February around a year that is no leap year. */
const HORIZON_MS = 9 * 366 * 24 * 60 * MINUTE_MS;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 7, names: WEEKDAYS },
] as const;
type Field = (typeof FIELDS)[number];

/** When something happens: a unix-cron expression in a time zone. */
export interface CronSchedule {
  /** The first minute after the instant, both in milliseconds since 1970. Throws for a date that never comes. */
  next(after: number): number;
}

/**
 * Reads five unix-cron fields with lists, ranges, steps and names. Where both days are restricted, either will do.
 * Times are the zone's wall clock: one that daylight saving skips doesn't come, one that it repeats comes twice.
 * Throws INVALID_ARGUMENT for anything else, such as App Engine's `every 5 minutes`.
 */
export function parseCron(expression: string, timeZone: string): CronSchedule {
  const texts = expression.trim().split(/\s+/);
  if (texts.length !== FIELDS.length) {
    throw invalid(
      expression,
      'it must have the five fields minute, hour, day of month, month and day of week',
    );
  }
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, index) =>
    parseField(expression, field, texts[index]!),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  if (weekdays.has(7)) weekdays.add(0);
  const anyDay = texts[2]!.startsWith('*');
  const anyWeekday = texts[4]!.startsWith('*');
  const localTime = localClock(timeZone);

  const isDay = ({ day, month, weekday }: LocalTime) => {
    if (!months.has(month)) return false;
    if (anyDay || anyWeekday) return days.has(day) && weekdays.has(weekday);
    return days.has(day) || weekdays.has(weekday);
  };
  return {
    next: (after) => {
      let instant = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS;
      while (instant < after + HORIZON_MS) {
        const local = localTime(instant);
        const isHour = isDay(local) && hours.has(local.hour);
        if (isHour && minutes.has(local.minute)) return instant;
        instant += (isHour ? 1 : 60 - local.minute) * MINUTE_MS;
      }
      throw invalid(expression, 'there is no such date');
    },
  };
}

function parseField(expression: string, field: Field, text: string): Set<number> {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
    if (!match) throw invalid(expression, `${item} is not understood as a ${field.name}`);
    const [, any, from, to, step] = match;
    const first = any ? field.min : parseValue(expression, field, from!);
    // `5/15` runs from 5 to the end.
    const open = any || (step !== undefined && to === undefined);
    const last = open ? field.max : to === undefined ? first : parseValue(expression, field, to);
    if (first > last || step === '0') throw invalid(expression, `${item} is empty as a ${field.name}`);
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

function parseValue(expression: string, field: Field, text: string): number {
  const named = (field.names as readonly string[]).indexOf(text.toLowerCase());
  const value =
    named >= 0 ? named + (field.name === 'month' ? 1 : 0) : /^\d+$/.test(text) ? Number(text) : -1;
  if (value >= field.min && value <= field.max) return value;
  throw invalid(expression, `${text} is no ${field.name}`);
}

interface LocalTime {
  minute: number;
  hour: number;
  day: number;
  month: number;
  weekday: number;
}

function localClock(timeZone: string): (instant: number) => LocalTime {
  const format = dateFormat(timeZone);
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    return {
      minute: Number(parts.minute),
      hour: Number(parts.hour),
      day: Number(parts.day),
      month: Number(parts.month),
      weekday: WEEKDAYS.indexOf(parts.weekday!.toLowerCase()),
    };
  };
}

function dateFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    });
  } catch {
    throw new StatusError('INVALID_ARGUMENT', `Invalid time zone: ${timeZone}`);
  }
}

function invalid(expression: string, why: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `Schedule or time zone is invalid: '${expression}': ${why}.`);
}
