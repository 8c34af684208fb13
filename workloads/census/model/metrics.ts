/** How well probabilities match labels. */
export interface Metrics {
  rows: number;
  positives: number;
  /** Share of rows on the right side of a probability of 0.5. */
  accuracy: number;
  /** Area under the ROC curve; ties count half. */
  auc: number;
  /** Mean negative log likelihood, in nats. */
  logLoss: number;
  confusion: { truePositives: number; falsePositives: number; trueNegatives: number; falseNegatives: number };
}

/** Keeps the logarithm of a probability of exactly 0 or 1 finite. */
const CLIP = 1e-15;

/**
 * @param labels 1 for a positive row, else 0; both must occur
 * @param probabilities the predicted probability of the positive class, one per row
 */
export function measure(labels: Uint8Array, probabilities: Float64Array): Metrics {
  const confusion = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };
  let loss = 0;
  labels.forEach((label, row) => {
    const predicted = probabilities[row] >= 0.5;
    if (label) confusion[predicted ? 'truePositives' : 'falseNegatives']++;
    else confusion[predicted ? 'falsePositives' : 'trueNegatives']++;
    const likelihood = label ? probabilities[row] : 1 - probabilities[row];
    loss -= Math.log(Math.max(likelihood, CLIP));
  });
  return {
    rows: labels.length,
    positives: confusion.truePositives + confusion.falseNegatives,
    accuracy: (confusion.truePositives + confusion.trueNegatives) / labels.length,
    auc: areaUnderRoc(labels, probabilities),
    logLoss: loss / labels.length,
    confusion,
  };
}

/** The Mann-Whitney statistic: the chance that a positive row scores above a negative one. */
function areaUnderRoc(labels: Uint8Array, probabilities: Float64Array): number {
  const order = Uint32Array.from(labels, (_, row) => row).sort((a, b) => probabilities[a] - probabilities[b]);
  let positives = 0;
  let rankSum = 0;
  let start = 0;
  while (start < order.length) {
    let end = start;
    while (end < order.length && probabilities[order[end]] === probabilities[order[start]]) end++;
    const meanRank = (start + 1 + end) / 2;
    for (const row of order.subarray(start, end)) {
      positives += labels[row];
      rankSum += labels[row] * meanRank;
    }
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives));
}
