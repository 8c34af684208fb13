import type { Clock } from './clock.ts';
import { MINUTE } from './time-values.ts';

/** The retry policy's delay before the next delivery, in milliseconds; without a policy there is none. */
export function retryDelay(
  policy: { minimumBackoff: number; maximumBackoff: number } | undefined,
  failures: number,
): number {
  if (!policy) return 0;
  return Math.min(policy.maximumBackoff, policy.minimumBackoff * 2 ** (failures - 1));
}

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = MINUTE;

/**
 * The pause that an export or push subscription makes as a whole when its destination fails: 100 ms, doubling
 * to 60 s. It comes on top of the messages' own retry policy.
 */
export class DestinationBackoff {
  readonly #clock: Clock;
  readonly #onResume: () => void;
  #failures = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onResume: () => void) {
    this.#clock = clock;
    this.#onResume = onResume;
  }

  get isPausing(): boolean {
    return this.#cancel !== undefined;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** Starts a pause. Failures of requests that were under way when it started count as one. */
  failed(): void {
    if (this.isPausing) return;
    const pause = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** this.#failures++);
    this.#cancel = this.#clock.after(pause, () => {
      this.#cancel = undefined;
      this.#onResume();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
