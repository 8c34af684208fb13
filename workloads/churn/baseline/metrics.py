"""What the gate compares: how well predictions tell the labels."""

import math
from collections.abc import Sequence


def measure(labels: Sequence[bool], predictions: Sequence[float]) -> dict[str, float]:
    """The figures that an evaluation must report."""
    pairs = list(zip(labels, predictions, strict=True))
    right = sum((prediction >= 0.5) == label for label, prediction in pairs)
    losses = (-math.log(max(prediction if label else 1 - prediction, 1e-15)) for label, prediction in pairs)
    return {
        "rows": len(pairs),
        "accuracy": right / len(pairs),
        "auc": _auc(pairs),
        "logLoss": math.fsum(losses) / len(pairs),
    }


def _auc(pairs: Sequence[tuple[bool, float]]) -> float:
    """The share of pairs of a positive and a negative row that are ranked right; a tie is half. 0.5 without pairs."""
    ordered = sorted(pairs, key=lambda pair: pair[1])
    positives = sum(label for label, _ in ordered)
    negatives = len(ordered) - positives
    if positives == 0 or negatives == 0:
        return 0.5
    below, won, start = 0, 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][1] == ordered[start][1]:
            end += 1
        tied_positives = sum(label for label, _ in ordered[start:end])
        tied_negatives = end - start - tied_positives
        won += tied_positives * (below + tied_negatives / 2)
        below += tied_negatives
        start = end
    return won / (positives * negatives)
