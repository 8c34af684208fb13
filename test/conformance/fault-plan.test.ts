import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { interceptDeliveries } from '../../local/faults/delivery-faults.ts';
import { FaultInjector } from '../../local/faults/injector.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';

const call = (what: string, text = '') => ({ who: 'p/function train', what, text: () => text });
const PRELOAD = fileURLToPath(new URL('../../local/faults/clock-skew.mjs', import.meta.url));
const refuse = { refuse: 'UNAVAILABLE' } as const;

/** Which of so many like occasions meet a fault. */
function hitsOf(plan: FaultPlan, occasions = 1000): number[] {
  const faults = new FaultInjector(plan);
  return Array.from({ length: occasions }, (_, index) => index).filter(
    () => faults.decide('call', call('Publish')) !== undefined,
  );
}

describe('a plan of faults', () => {
  it('hits the same occasions each time with one seed, and others with another', () => {
    const plan = (seed: number): FaultPlan => ({
      seed,
      rules: [{ at: 'call', share: 0.05, effect: refuse }],
    });
    const hits = hitsOf(plan(7));
    expect(hits.length).toBeGreaterThan(20);
    expect(hits.length).toBeLessThan(90);
    expect(hitsOf(plan(7))).toEqual(hits);
    expect(hitsOf(plan(8))).not.toEqual(hits);
  });

  it('hits the nth occasion, and as many as it says', () => {
    expect(hitsOf({ seed: 1, rules: [{ at: 'call', effect: refuse }] })).toEqual([0]);
    expect(hitsOf({ seed: 1, rules: [{ at: 'call', nth: 3, times: 2, effect: refuse }] })).toEqual([2, 3]);
  });

  it('counts only what a rule is about', () => {
    const faults = new FaultInjector({
      seed: 1,
      rules: [{ at: 'call', who: 'train$', what: '/Publish$', mentions: 'run-7', effect: refuse }],
    });
    expect(faults.decide('call', call('x/Publish', 'run-6'))).toBeUndefined();
    expect(faults.decide('call', call('x/Pull', 'run-7'))).toBeUndefined();
    expect(faults.decide('request', call('x/Publish', 'run-7'))).toBeUndefined();
    expect(faults.decide('call', call('x/Publish', 'run-7'))?.effect).toEqual(refuse);
    expect(faults.injected).toMatchObject([{ rule: 0, at: 'call', what: 'x/Publish', effect: refuse }]);
  });

  it('is refused where it makes no sense', () => {
    const effect = { drop: true } as never;
    expect(() => new FaultInjector({ seed: 1, rules: [{ at: 'call', effect }] })).toThrow(/effect/);
    expect(() => new FaultInjector({ seed: 1, rules: [{ at: 'call', who: '(', effect: refuse }] })).toThrow(
      /who/,
    );
  });
});

describe('a delivery', () => {
  const deliveriesUnder = async (
    effect: Extract<FaultPlan['rules'][number], { at: 'delivery' }>['effect'],
  ) => {
    const faults = new FaultInjector({ seed: 1, rules: [{ at: 'delivery', effect }] });
    const arrived: string[] = [];
    const deliver = interceptDeliveries(
      async (_url, { body }: { body: string }) => ({ status: arrived.push(body) === 1 ? 503 : 204 }),
      'pubsub',
      faults,
      () => 'p/function train',
    );
    const answers = [
      deliver('https://train.run.app', { body: 'first' }),
      deliver('https://train.run.app', { body: 'second' }),
    ];
    return { statuses: (await Promise.all(answers)).map(({ status }) => status), arrived };
  };

  it('that is duplicated arrives so many times more, and one acknowledgement is enough', async () => {
    const { arrived, statuses } = await deliveriesUnder({ duplicate: 3 });
    expect(arrived.toSorted()).toEqual(['first', 'first', 'first', 'first', 'second']);
    expect(statuses).toEqual([204, 204]);
  });

  it('that is delayed comes after the next', async () => {
    expect((await deliveriesUnder({ delayMs: 50 })).arrived).toEqual(['second', 'first']);
  });

  it('that is refused never arrives, and its sender knows', async () => {
    expect(await deliveriesUnder({ answer: 401 })).toEqual({ arrived: ['second'], statuses: [401, 503] });
  });

  it('that is dropped never arrives, and its sender believes it did', async () => {
    expect(await deliveriesUnder({ drop: true })).toEqual({ arrived: ['second'], statuses: [204, 503] });
  });
});

it('a skewed clock is wrong in every way of asking for the time, and in no duration', () => {
  const script = `
    const began = performance.now();
    const times = [Date.now(), new Date().getTime(), Date.parse(Date()), +new Date(86_400_000), Date.UTC(1970, 0, 2)];
    setTimeout(() => console.log(JSON.stringify({ times, passed: performance.now() - began, is: new Date() instanceof Date })), 20);
  `;
  const env = { ...process.env, BATON_CLOCK_SKEW_MS: '-300000' };
  const output = execFileSync(process.execPath, ['--import', PRELOAD, '--eval', script], {
    env,
    encoding: 'utf8',
  });
  const { times, passed, is } = JSON.parse(output);
  for (const time of times.slice(0, 3)) {
    expect(Math.abs(Date.now() - 300_000 - time)).toBeLessThan(60_000);
  }
  expect(times.slice(3)).toEqual([86_400_000, 86_400_000]);
  expect(passed).toBeGreaterThan(10);
  expect(is).toBe(true);
});

it('a swinging clock goes back again and again', () => {
  const script = `
    let before = Date.now();
    for (let back = 0; back < 3; ) {
      const now = Date.now();
      if (now < before) console.log(before - now > 500_000, ++back);
      before = now;
    }
  `;
  const env = { ...process.env, BATON_CLOCK_SKEW_MS: '300000', BATON_CLOCK_SWING_EVERY_MS: '20' };
  const output = execFileSync(process.execPath, ['--import', PRELOAD, '--eval', script], {
    env,
    encoding: 'utf8',
  });
  expect(output).toBe('true 1\ntrue 2\ntrue 3\n');
});
