import { type Boundary, type EffectAt, FaultPlan, type FaultRule } from './plan.ts';
import { SeededRandom } from './random.ts';

/** Something that a rule may be about. */
export interface Occasion {
  who: string;
  what: string;
  /** The text that `mentions` looks in; made only where a rule asks for it. */
  text(): string;
}

/** A fault that happened. */
export interface InjectedFault {
  /** The rule's place in the plan. */
  rule: number;
  at: Boundary;
  who: string;
  what: string;
  effect: FaultRule['effect'];
  /** Milliseconds since the epoch. */
  time: number;
}

interface ArmedRule {
  index: number;
  rule: FaultRule;
  who: RegExp;
  what: RegExp;
  mentions: RegExp | undefined;
  /** What has yet to be handed to a function before the rule is about anything. */
  awaits: RegExp | undefined;
  random: SeededRandom;
  seen: number;
}

/** Decides by the plan what goes wrong where, and remembers what did. */
export class FaultInjector {
  readonly injected: InjectedFault[] = [];
  readonly #rules: ArmedRule[];

  /** @throws ZodError for what is no plan */
  constructor(plan: FaultPlan) {
    const { seed, rules } = FaultPlan.parse(plan);
    this.#rules = rules.map((rule, index) => ({
      index,
      rule,
      who: new RegExp(rule.who),
      what: new RegExp(rule.what),
      mentions: rule.mentions === undefined ? undefined : new RegExp(rule.mentions),
      awaits: rule.onceHanded === undefined ? undefined : new RegExp(rule.onceHanded),
      // Each rule draws for itself, so that one more occasion for one changes nothing for the others.
      random: new SeededRandom(seed * 1009 + index),
      seen: 0,
    }));
  }

  /** What goes wrong on this occasion. All rules that are about it count it; the first that hits, happens. */
  decide<At extends Boundary>(
    at: At,
    occasion: Occasion,
  ): { effect: EffectAt<At>; random: SeededRandom } | undefined {
    let hit: ArmedRule | undefined;
    for (const armed of this.#rules) {
      if (at === 'request' && armed.awaits?.test(occasion.text())) armed.awaits = undefined;
      if (armed.awaits) continue;
      if (armed.rule.at === at && isAbout(armed, occasion) && hits(armed)) hit ??= armed;
    }
    if (!hit) return undefined;
    const { index, rule, random } = hit;
    const { who, what } = occasion;
    this.injected.push({ rule: index, at, who, what, effect: rule.effect, time: Date.now() });
    return { effect: rule.effect as EffectAt<At>, random };
  }
}

function isAbout({ who, what, mentions }: ArmedRule, occasion: Occasion): boolean {
  return who.test(occasion.who) && what.test(occasion.what) && (mentions?.test(occasion.text()) ?? true);
}

function hits(armed: ArmedRule): boolean {
  const { share, nth, times } = armed.rule;
  armed.seen++;
  return share === undefined ? armed.seen >= nth && armed.seen < nth + times : armed.random.next() < share;
}
