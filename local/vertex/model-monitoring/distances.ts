/** How a numeric feature's values are distributed: counts of adjoining buckets, by their edges. */
export interface Histogram {
  /** One more than there are buckets, rising. Two equal edges are a feature with one value only. */
  edges: number[];
  counts: number[];
}

/** How often each value of a categorical feature occurs. */
export type Frequencies = ReadonlyMap<string, number>;

/**
 * The Jensen–Shannon divergence of two histograms, from 0 (alike) to 1 (nothing in common), as TensorFlow Data
 * Validation computes it for Vertex AI: with logarithms to base 2, after both are cut at the edges of either, a
 * bucket's count spread evenly over its width.
 */
export function jensenShannonDivergence(left: Histogram, right: Histogram): number {
  const edges = [...new Set([...left.edges, ...right.edges])].sort((a, b) => a - b);
  if (isPoint(left) && isPoint(right)) return edges.length === 1 ? 0 : 1;
  const p = sharesBetween(edges, left);
  const q = sharesBetween(edges, right);
  const divergence = (relativeToMiddle(p, q) + relativeToMiddle(q, p)) / 2;
  return Math.min(Math.max(divergence, 0), 1);
}

/** The L-infinity distance of two categorical features: the largest difference in any value's share. */
export function lInfinityDistance(left: Frequencies, right: Frequencies): number {
  const [leftTotal, rightTotal] = [sum(left.values()), sum(right.values())];
  const differences = [...new Set([...left.keys(), ...right.keys()])].map((value) =>
    Math.abs((left.get(value) ?? 0) / leftTotal - (right.get(value) ?? 0) / rightTotal),
  );
  return Math.max(0, ...differences);
}

const isPoint = ({ edges }: Histogram) => edges[0] === edges.at(-1);

/** The share of a histogram that falls between each two neighbouring edges, which include its own. */
function sharesBetween(edges: number[], { edges: own, counts }: Histogram): number[] {
  const total = sum(counts);
  const shares = new Array<number>(edges.length - 1).fill(0);
  for (const [bucket, count] of counts.entries()) {
    const [low, high] = [own[bucket], own[bucket + 1]];
    // A single value has no width to spread over: it counts where it begins, or at the end where nothing follows.
    const first = Math.min(edges.indexOf(low), shares.length - 1);
    const end = Math.max(edges.indexOf(high), first + 1);
    for (let i = first; i < end; i++) {
      const part = high > low ? (edges[i + 1] - edges[i]) / (high - low) : 1;
      shares[i] += (count * part) / total;
    }
  }
  return shares;
}

/** The Kullback–Leibler divergence of a distribution from the middle between it and another, in bits. */
function relativeToMiddle(p: number[], q: number[]): number {
  return p.reduce(
    (bits, share, i) => (share > 0 ? bits + share * Math.log2((2 * share) / (share + q[i])) : bits),
    0,
  );
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
