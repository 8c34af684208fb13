import { StatusError } from '../status.ts';

/** Percentages of an endpoint's traffic, by deployed model id. */
export type TrafficSplit = Record<string, number>;

/** Throws INVALID_ARGUMENT unless the split is empty, or adds up to 100 over deployed models of the endpoint. */
export function checkTrafficSplit(split: TrafficSplit, deployedModelIds: string[]): void {
  const entries = Object.entries(split);
  if (entries.length === 0) return;
  for (const [id, share] of entries) {
    if (!deployedModelIds.includes(id)) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The traffic split names "${id}", which is no deployed model of the endpoint (${deployedModelIds.join(', ') || 'it has none'}).`,
      );
    }
    if (!Number.isInteger(share) || share < 0 || share > 100) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The traffic of "${id}" must be 0 to 100 percent, got ${share}.`,
      );
    }
  }
  const sum = entries.reduce((total, [, share]) => total + share, 0);
  if (sum !== 100) {
    throw new StatusError('INVALID_ARGUMENT', `The traffic split must add up to 100 percent, got ${sum}.`);
  }
}

/** The split with the real id of the model being deployed in the place of "0". */
export function withDeployedId(split: TrafficSplit, id: string): TrafficSplit {
  return Object.fromEntries(Object.entries(split).map(([key, share]) => [key === '0' ? id : key, share]));
}

/** Draws a deployed model by its share; `undefined` when none has traffic. */
export function drawDeployedModel(split: TrafficSplit, random = Math.random()): string | undefined {
  let remaining = random * 100;
  for (const [id, share] of Object.entries(split)) {
    remaining -= share;
    if (remaining < 0) return id;
  }
  return undefined;
}
