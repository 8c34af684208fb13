import { type Usage, usageOf } from './processes.ts';

const SAMPLE_MS = 2000;

/** What this process and all its descendants use, from the meter's start on (Linux only: it reads /proc). */
export class Meter {
  readonly #began = performance.now();
  readonly #before: Usage = usageOf(process.pid);
  readonly #sampling = setInterval(() => this.#sample(), SAMPLE_MS).unref();
  #peakBytes = this.#before.residentBytes;

  read(): { seconds: number; cpuSeconds: number; peakBytes: number } {
    const { cpuSeconds } = this.#sample();
    return {
      seconds: (performance.now() - this.#began) / 1000,
      cpuSeconds: cpuSeconds - this.#before.cpuSeconds,
      peakBytes: this.#peakBytes,
    };
  }

  stop(): void {
    clearInterval(this.#sampling);
  }

  #sample(): Usage {
    const usage = usageOf(process.pid);
    this.#peakBytes = Math.max(this.#peakBytes, usage.residentBytes);
    return usage;
  }
}
