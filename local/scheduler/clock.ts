/** Time as the scheduler has it: the machine's, or a test's. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs the action once, after the milliseconds; what it answers calls that off. */
  after(ms: number, action: () => void): () => void;
}

/** setTimeout takes no longer delays than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers don't keep the process alive. */
export const machineClock: Clock = {
  now: Date.now,
  after: (ms, action) => {
    const due = Date.now() + ms;
    let timer: NodeJS.Timeout;
    const arm = () => {
      const left = due - Date.now();
      timer = setTimeout(left > LONGEST_TIMER_MS ? arm : action, Math.min(left, LONGEST_TIMER_MS)).unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/**
 * The time that schedules go by. It passes `60000 / minuteMs` times as fast as the clock, from the moment that
 * this was made: with a minute of 1000 ms, `* * * * *` comes every second.
 */
export class ScheduleTime {
  readonly #clock: Clock;
  readonly #origin: number;
  readonly #speed: number;

  constructor(clock: Clock, minuteMs: number) {
    this.#clock = clock;
    this.#origin = clock.now();
    this.#speed = 60_000 / minuteMs;
  }

  now(): number {
    return this.#origin + (this.#clock.now() - this.#origin) * this.#speed;
  }

  /** When the clock shows what a schedule calls that instant. */
  toReal(scheduled: number): number {
    return this.#origin + (scheduled - this.#origin) / this.#speed;
  }

  /** Waits for an instant of schedule time. */
  at(scheduled: number, action: () => void): () => void {
    return this.#clock.after(Math.max(0, this.toReal(scheduled) - this.#clock.now()), action);
  }

  /** Waits for a span of schedule time. */
  after(scheduledMs: number, action: () => void): () => void {
    return this.#clock.after(scheduledMs / this.#speed, action);
  }
}
