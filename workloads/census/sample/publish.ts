import type { Weights } from './model.ts';

/** No published figure stands for fewer people than this. */
export const FEWEST_PEOPLE = 5;

/**
 * Turns counts of people into weights that can be published. A state that fewer than five people share gets no figure
 * of its own: it joins the rest, and when the rest is fewer than five people, it is left out altogether.
 *
 * @param counts people by state
 * @returns the states' shares and last the rest's, to four decimals; null when no state has five people
 */
export function publishable(counts: ArrayLike<number>): Weights | null {
  const kept = Array.from(counts, (people) => (people >= FEWEST_PEOPLE ? people : 0));
  const keptPeople = sum(kept);
  if (keptPeople === 0) return null;
  const rest = sum(Array.from(counts)) - keptPeople;
  const publishedRest = rest >= FEWEST_PEOPLE ? rest : 0;
  const total = keptPeople + publishedRest;
  return [...kept, publishedRest].map((people) => Number((people / total).toFixed(4)));
}

/** As {@link publishable}, for a distribution that nothing coarser stands behind: its rare states are left out. */
export function publishableAlone(counts: ArrayLike<number>): Weights {
  const weights = publishable(Array.from(counts, (people) => (people >= FEWEST_PEOPLE ? people : 0)));
  if (!weights) throw new RangeError(`no state has ${FEWEST_PEOPLE} people: use wider bins`);
  return weights;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
