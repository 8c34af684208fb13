import type { Coded } from './dependence-tree.ts';
import type { Column } from './model.ts';
import { FEWEST_PEOPLE, publishable, publishableAlone } from './publish.ts';

/** A column as the tree sees it, and what its states stand for. */
export interface CodedColumn extends Coded {
  meaning: Column['states'];
}

/**
 * The first value of every bin but the lowest, chosen where the census table has its steps: the ages of school and
 * retirement, full time at 40 hours, and the amounts of gain and loss beyond which one label prevails.
 */
const BIN_STARTS: Record<string, number[]> = {
  age: [20, 23, 26, 29, 32, 36, 40, 45, 50, 55, 60, 66, 75],
  capital_gain: [1, 3000, 5000, 5100, 7000, 10000, 20000],
  capital_loss: [1, 1600, 1800, 1880, 1980, 2100],
  hours_per_week: [15, 25, 35, 40, 41, 46, 51, 61],
};

const WEIGHT_BINS = 12;
const QUANTILES_PER_BIN = 8;
/** Sampling weights are nearly unique to a person, so their quantiles are published in thousands. */
const QUANTILE_STEP = 1000;

/**
 * Reduces a column to a small number of states.
 *
 * @param name the column's name
 * @param values its values, by row
 * @param label the label, by row
 */
export function codeColumn(name: string, values: (string | number)[], label: Coded): CodedColumn {
  if (name in BIN_STARTS) return lumps(values.map(Number), BIN_STARTS[name], label);
  if (name === 'fnlwgt') return quantiles(values.map(Number));
  return categories(values.map(String));
}

function categories(texts: string[]): CodedColumn {
  const people = countBy(texts);
  const values = [...people.keys()].filter((text) => people.get(text)! >= FEWEST_PEOPLE).sort();
  // A value too rare to be published counts as the commonest one.
  const commonest = values.reduce((best, text) => (people.get(text)! > people.get(best)! ? text : best));
  const codeOf = new Map([...people.keys()].map((text) => [text, values.indexOf(text)]));
  const codes = Uint8Array.from(texts, (text) => {
    const code = codeOf.get(text)!;
    return code < 0 ? values.indexOf(commonest) : code;
  });
  return { states: values.length, codes, meaning: { kind: 'values', values } };
}

function lumps(numbers: number[], starts: number[], label: Coded): CodedColumn {
  const { states, codes } = intoBins(numbers, starts);
  const bins = Array.from({ length: states }, (_, bin) => {
    const members = [...numbers.keys()].filter((i) => codes[i] === bin);
    const people = countBy(members.map((i) => numbers[i]));
    const values = [...people.keys()].filter((n) => people.get(n)! >= FEWEST_PEOPLE).sort((a, b) => a - b);
    const byLabel = Array.from({ length: label.states }, (_, y) => {
      const labelled = countBy(members.filter((i) => label.codes[i] === y).map((i) => numbers[i]));
      return publishable(values.map((n) => labelled.get(n) ?? 0));
    });
    return { values, overall: publishableAlone(values.map((n) => people.get(n)!)), byLabel };
  });
  return { states, codes, meaning: { kind: 'lumps', bins } };
}

function quantiles(numbers: number[]): CodedColumn {
  const cut = (sorted: number[], parts: number) => (_: unknown, part: number) => {
    // The outermost values belong to one person each, so the ends are those that five people reach.
    const rank = Math.round((part / parts) * (sorted.length - 1));
    const inner = Math.min(Math.max(rank, FEWEST_PEOPLE - 1), sorted.length - FEWEST_PEOPLE);
    return Math.round(sorted[inner] / QUANTILE_STEP) * QUANTILE_STEP;
  };
  const ascending = (a: number, b: number) => a - b;
  const cuts = Array.from({ length: WEIGHT_BINS + 1 }, cut(numbers.toSorted(ascending), WEIGHT_BINS));
  const { states, codes } = intoBins(numbers, cuts.slice(1, -1));
  const bins = Array.from({ length: states }, (_, bin) => {
    const members = numbers.filter((_, i) => codes[i] === bin).sort(ascending);
    return Array.from({ length: QUANTILES_PER_BIN + 1 }, cut(members, QUANTILES_PER_BIN));
  });
  return { states, codes, meaning: { kind: 'quantiles', bins } };
}

function intoBins(numbers: number[], starts: number[]): Coded {
  return {
    states: starts.length + 1,
    codes: Uint8Array.from(numbers, (n) => starts.findLastIndex((start) => start <= n) + 1),
  };
}

function countBy<T>(items: T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
