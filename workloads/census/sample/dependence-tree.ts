/** A column's state in each row, as a number below `states`. */
export interface Coded {
  states: number;
  codes: Uint8Array;
}

/**
 * The Chow–Liu tree of columns given a label: of all trees, the one whose edges hold the most information.
 *
 * @param columns the columns, all of the same length
 * @param label the label, of that length too
 * @returns each column's parent by index; null for the first column, the root
 */
export function dependenceTree(columns: Coded[], label: Coded): (number | null)[] {
  const parents: (number | null)[] = columns.map(() => null);
  const strongest = columns.map(() => Number.NEGATIVE_INFINITY);
  const waiting = new Set(columns.keys());
  // Prim's algorithm: the tree grows by the column that has the strongest edge to it.
  for (let joined = 0; waiting.size > 0; ) {
    waiting.delete(joined);
    for (const candidate of waiting) {
      const information = conditionalInformation(columns[joined], columns[candidate], label);
      if (information > strongest[candidate]) {
        strongest[candidate] = information;
        parents[candidate] = joined;
      }
    }
    joined = [...waiting].reduce((best, c) => (strongest[c] > strongest[best] ? c : best), [...waiting][0]);
  }
  return parents;
}

/**
 * The mutual information of two columns given the label, in nats, less what chance alone gives a table of that size:
 * without this, columns with many states would look dependent on everything.
 */
export function conditionalInformation(a: Coded, b: Coded, label: Coded): number {
  const rows = label.codes.length;
  const joint = new Float64Array(label.states * a.states * b.states);
  for (let i = 0; i < rows; i++) joint[(label.codes[i] * a.states + a.codes[i]) * b.states + b.codes[i]]++;

  let information = 0;
  for (let y = 0; y < label.states; y++) {
    const ofA = new Float64Array(a.states);
    const ofB = new Float64Array(b.states);
    const table = joint.subarray(y * a.states * b.states, (y + 1) * a.states * b.states);
    table.forEach((n, cell) => {
      ofA[Math.floor(cell / b.states)] += n;
      ofB[cell % b.states] += n;
    });
    const total = ofA.reduce((sum, n) => sum + n, 0);
    table.forEach((n, cell) => {
      if (n > 0)
        information += n * Math.log((n * total) / (ofA[Math.floor(cell / b.states)] * ofB[cell % b.states]));
    });
  }
  const chance = (label.states * (a.states - 1) * (b.states - 1)) / 2;
  return (information - chance) / rows;
}
