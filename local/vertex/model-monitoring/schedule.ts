/** setTimeout takes no longer delays than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** When each monitoring job runs next. Its timers don't keep the process alive. */
export class MonitoringSchedule {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #run: (job: string) => void;

  constructor(run: (job: string) => void) {
    this.#run = run;
  }

  /** Runs the job at the time, in milliseconds since the epoch, and not when it was set to before. */
  set(job: string, at: number): void {
    this.cancel(job);
    const left = at - Date.now();
    const due = left <= LONGEST_TIMER_MS;
    const action = due ? () => this.#run(job) : () => this.set(job, at);
    this.#timers.set(job, setTimeout(action, Math.max(0, Math.min(left, LONGEST_TIMER_MS))).unref());
  }

  cancel(job: string): void {
    clearTimeout(this.#timers.get(job));
    this.#timers.delete(job);
  }

  close(): void {
    for (const job of [...this.#timers.keys()]) this.cancel(job);
  }
}
