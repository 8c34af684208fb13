import { vi } from 'vitest';

/** Far longer than anything takes, on a machine that has other work too. */
const PATIENCE_MS = 60_000;

/** Tries until it no longer throws, and answers what it answers then. Throws what it threw last when that takes too long. */
export const eventually = <Found>(look: () => Found | Promise<Found>): Promise<Found> =>
  vi.waitFor(look, { timeout: PATIENCE_MS });
