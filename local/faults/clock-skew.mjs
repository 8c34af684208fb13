/**
 * Preloaded into a process whose clock is to be wrong by BATON_CLOCK_SKEW_MS milliseconds: whatever asks for the time
 * of day gets it shifted, and every BATON_CLOCK_SWING_EVERY_MS milliseconds the other way. Timers and
 * `performance.now()` measure durations, and stay right.
 */
const skewMs = Number(process.env.BATON_CLOCK_SKEW_MS);
const swingEveryMs = Number(process.env.BATON_CLOCK_SWING_EVERY_MS ?? Number.POSITIVE_INFINITY);
const skew = () => (Math.floor(performance.now() / swingEveryMs) % 2 === 0 ? skewMs : -skewMs);
const RealDate = globalThis.Date;

globalThis.Date = new Proxy(RealDate, {
  construct(target, args, newTarget) {
    return Reflect.construct(target, args.length === 0 ? [RealDate.now() + skew()] : args, newTarget);
  },
  apply: () => new RealDate(RealDate.now() + skew()).toString(),
  get: (target, name) => (name === 'now' ? () => RealDate.now() + skew() : Reflect.get(target, name)),
});
