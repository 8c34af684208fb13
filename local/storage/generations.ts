/** Gives out generations: microseconds of the clock as Cloud Storage's are, and each one above all before it. */
export class Generations {
  #newest = 0;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes note of a generation that was given out before this process started. */
  observe(generation: number): void {
    this.#newest = Math.max(this.#newest, generation);
  }

  get newest(): number {
    return this.#newest;
  }

  next(): string {
    this.#newest = Math.max(this.#newest + 1, this.#nowMs() * 1000);
    return String(this.#newest);
  }
}
