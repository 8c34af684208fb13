"""The model: a logistic regression on standardised numbers and on one weight per category."""

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from baseline.table import CATEGORICAL, NUMERIC, Instance, Row

FILE = "model.json"


@dataclass(frozen=True)
class Hyperparameters:
    """What a training can be tuned by; each is an argument of the training container."""

    epochs: int = 20
    learning_rate: float = 0.05
    batch_size: int = 32
    l2: float = 1e-4
    seed: int = 1


@dataclass(frozen=True)
class Model:
    """Weights by feature: ``bias``, the name of a numeric column, or ``column=category``."""

    weights: dict[str, float]
    means: dict[str, float]
    deviations: dict[str, float]

    def predict(self, instance: Instance) -> float:
        """The probability that the label is the positive one. A category that was never seen counts for nothing."""
        features = _features(instance, self.means, self.deviations)
        return _sigmoid(sum(self.weights.get(name, 0.0) * value for name, value in features))

    def dump(self) -> str:
        """The model as text; the same model is the same text."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def parse(text: str) -> "Model":
        """Reads what ``dump`` wrote."""
        return Model(**json.loads(text))


def fit(rows: Sequence[Row], chosen: Hyperparameters, on_epoch: Callable[[int, float], None]) -> Model:
    """Learns by stochastic gradient descent. The same rows and hyperparameters give the same model."""
    columns = {name: [float(row.instance[name]) for row in rows] for name in NUMERIC}
    means = {name: math.fsum(values) / len(values) for name, values in columns.items()}
    deviations = {name: _deviation(values, means[name]) for name, values in columns.items()}
    examples = [(_features(row.instance, means, deviations), 1.0 if row.label else 0.0) for row in rows]
    weights = {name: 0.0 for features, _ in examples for name, _ in features}
    shuffled = random.Random(chosen.seed)
    for epoch in range(1, chosen.epochs + 1):
        shuffled.shuffle(examples)
        loss = 0.0
        for start in range(0, len(examples), chosen.batch_size):
            loss += _step(weights, examples[start : start + chosen.batch_size], chosen)
        on_epoch(epoch, loss / len(examples))
    return Model(weights, means, deviations)


Features = list[tuple[str, float]]


def _step(weights: dict[str, float], batch: Sequence[tuple[Features, float]], chosen: Hyperparameters) -> float:
    """Moves the weights against the batch's gradient; answers the batch's summed log loss before that."""
    gradient: dict[str, float] = {}
    loss = 0.0
    for features, label in batch:
        probability = _sigmoid(sum(weights[name] * value for name, value in features))
        loss -= math.log(max(probability if label else 1 - probability, 1e-15))
        for name, value in features:
            gradient[name] = gradient.get(name, 0.0) + (probability - label) * value
    for name, slope in gradient.items():
        weights[name] -= chosen.learning_rate * (slope / len(batch) + chosen.l2 * weights[name])
    return loss


def _features(instance: Instance, means: dict[str, float], deviations: dict[str, float]) -> Features:
    numbers = [(name, (float(instance[name]) - means[name]) / deviations[name]) for name in NUMERIC]
    return [("bias", 1.0), *numbers, *((f"{name}={instance[name]}", 1.0) for name in CATEGORICAL)]


def _deviation(values: Sequence[float], mean: float) -> float:
    """The standard deviation; 1 for a column that always has the same value, and so tells nothing."""
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) or 1.0


def _sigmoid(score: float) -> float:
    if score >= 0:
        return 1 / (1 + math.exp(-score))
    odds = math.exp(score)
    return odds / (1 + odds)
