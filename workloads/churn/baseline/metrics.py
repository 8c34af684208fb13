"""What the gate compares: how well predictions tell the labels."""

import math
from collections.abc import Sequence
from typing import Any

Pair = tuple[bool, float]
"""A row's label, and the probability that the model gives it."""


def measure(pairs: Sequence[Pair]) -> dict[str, Any]:
    """The figures that an evaluation must report; there is no AUC where all rows have the same label."""
    right = sum((prediction >= 0.5) == label for label, prediction in pairs)
    losses = (-math.log(max(prediction if label else 1 - prediction, 1e-15)) for label, prediction in pairs)
    return {
        "rows": len(pairs),
        "accuracy": right / len(pairs),
        "auc": _auc(pairs),
        "logLoss": math.fsum(losses) / len(pairs),
    }


def measure_slices(column: str, values: Sequence[str], pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """The figures of the rows of each value of a column by themselves, in the order of the values."""
    slices: dict[str, list[Pair]] = {}
    for value, pair in zip(values, pairs, strict=True):
        slices.setdefault(value, []).append(pair)
    return [{"column": column, "value": value, **measure(slices[value])} for value in sorted(slices)]


def _auc(pairs: Sequence[Pair]) -> float | None:
    """The share of pairs of a positive and a negative row that are ranked right; a tie is half."""
    ordered = sorted(pairs, key=lambda pair: pair[1])
    positives = sum(label for label, _ in ordered)
    negatives = len(ordered) - positives
    if positives == 0 or negatives == 0:
        return None
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
