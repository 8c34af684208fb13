import type { CensusModel, Column, Weights } from './model.ts';
import type { Random } from './random.ts';

/** A state's number, drawn from a distribution. */
type Draw = (random: Random) => number;

interface ColumnSampler {
  column: number;
  /** The column it depends on; -1 at the root. */
  parent: number;
  /** By the parent's state (one, 0, at the root), then by the label. */
  states: Draw[][];
  textOf: (state: number, label: number, random: Random) => string;
}

/**
 * Prepares a model for drawing rows.
 *
 * @param model the fitted model
 * @returns a function that draws one row: its texts in the order of the model's columns, and last the label
 */
export function rowSampler(model: CensusModel): (random: Random) => string[] {
  const drawLabel = draw(model.label.weights);
  const samplers = parentsFirst(model.columns).map((column) => samplerOf(column, model.columns));
  return (random) => {
    const label = drawLabel(random);
    const states = new Uint8Array(model.columns.length);
    const row = new Array<string>(model.columns.length);
    for (const sampler of samplers) {
      const parentState = sampler.parent < 0 ? 0 : states[sampler.parent];
      const state = sampler.states[parentState][label](random);
      states[sampler.column] = state;
      row[sampler.column] = sampler.textOf(state, label, random);
    }
    row.push(model.label.values[label]);
    return row;
  };
}

function parentsFirst(columns: Column[]): Column[] {
  const ordered: Column[] = [];
  const place = (column: Column): void => {
    if (ordered.includes(column)) return;
    const parent = columns.find(({ name }) => name === column.parent);
    if (parent) place(parent);
    ordered.push(column);
  };
  columns.forEach(place);
  return ordered;
}

function samplerOf(column: Column, columns: Column[]): ColumnSampler {
  const { byParentAndLabel, byParent, byLabel } = column.distributions;
  const states = byParentAndLabel.map((ofParent, parentState) =>
    ofParent.map((fine, label) => draw(filledIn(fine, filledIn(byParent[parentState], byLabel[label])))),
  );
  return {
    column: columns.indexOf(column),
    parent: columns.findIndex(({ name }) => name === column.parent),
    states: column.parent === null ? [byLabel.map(draw)] : states,
    textOf: textSampler(column.states),
  };
}

function textSampler(states: Column['states']): ColumnSampler['textOf'] {
  if (states.kind === 'values') return (state) => states.values[state];
  if (states.kind === 'quantiles') {
    return (state, _, random) => {
      const cuts = states.bins[state];
      const part = Math.floor(random() * (cuts.length - 1));
      return String(Math.floor(cuts[part] + random() * (cuts[part + 1] - cuts[part])));
    };
  }
  const bins = states.bins.map((bin) => bin.byLabel.map((fine) => draw(filledIn(fine, bin.overall))));
  return (state, label, random) => String(states.bins[state].values[bins[state][label](random)]);
}

/** Spreads a distribution's rest over the states that it has no figure for, in the proportions of a coarser one. */
function filledIn(fine: Weights | null, coarse: Weights): Weights {
  if (!fine) return coarse;
  const rest = fine[fine.length - 1];
  const candidates = coarse.map((weight, state) => (fine[state] === 0 ? weight : 0));
  const total = candidates.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return fine.with(-1, 0);
  return fine.with(-1, 0).map((weight, state) => weight + (rest * candidates[state]) / total);
}

function draw(weights: Weights): Draw {
  let total = 0;
  const totals = Float64Array.from(weights, (weight) => {
    total += weight;
    return total;
  });
  return (random) => {
    const point = random() * total;
    return totals.findIndex((upTo) => point < upTo);
  };
}
