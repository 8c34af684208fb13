import { fileURLToPath } from 'node:url';
import type { FaultInjector } from './injector.ts';

const SKEW_PRELOAD = fileURLToPath(new URL('clock-skew.mjs', import.meta.url));

/** The processes that a fault can happen to, by the id under which the network knows their connections. */
export interface FaultyProcesses {
  /** `<project>/<label>`, as a plan's `who` matches it; an empty text for one that has ended. */
  nameOf(id: string): string;
  /** Sends a signal to the process and all it started; one that has ended needs none. */
  signal(id: string, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void;
}

/** The variables with which a process starts whose clock the plan has be wrong. */
export function skewedClock(faults: FaultInjector, name: string): Record<string, string> {
  const { effect, random } = faults.decide('start', { who: name, what: '', text: () => name }) ?? {};
  if (!effect || !random) return {};
  return {
    NODE_OPTIONS: `--import=${SKEW_PRELOAD}`,
    BATON_CLOCK_SKEW_MS: String(random.oneOf(effect.skewMs)),
    ...(effect.swingEveryMs && { BATON_CLOCK_SWING_EVERY_MS: String(effect.swingEveryMs) }),
  };
}
