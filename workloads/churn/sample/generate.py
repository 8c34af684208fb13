"""Writes the sample: customers of nobody, made by a formula and a seed.

    python3 workloads/churn/sample/generate.py

The same seed gives the same bytes on every machine.
"""

import math
import random
from pathlib import Path

HEADER = "tenure_months,monthly_charge,support_calls,contract,payment,churned"
CONTRACTS = {"monthly": 0.9, "yearly": -0.4, "two-year": -1.6}
PAYMENTS = {"card": 0.0, "transfer": -0.2, "invoice": 0.5}


def customer(chance: random.Random) -> str:
    contract = _choose(chance, list(CONTRACTS), (0.55, 0.25, 0.2))
    payment = _choose(chance, list(PAYMENTS), (0.5, 0.3, 0.2))
    tenure = int(chance.random() ** 1.5 * 72)
    charge = round(20 + 100 * chance.random(), 2)
    calls = sum(chance.random() < 0.2 for _ in range(9))
    score = -1.6 + CONTRACTS[contract] + PAYMENTS[payment] - 0.045 * tenure + 0.012 * charge + 0.5 * calls
    churned = chance.random() < 1 / (1 + math.exp(-3 * score))
    return f"{tenure},{charge:.2f},{calls},{contract},{payment},{'yes' if churned else 'no'}"


def _choose(chance: random.Random, values: list[str], shares: tuple[float, ...]) -> str:
    at = chance.random()
    for value, share in zip(values, shares, strict=True):
        at -= share
        if at < 0:
            return value
    return values[-1]


if __name__ == "__main__":
    chance = random.Random(1)
    for name, rows in (("train.csv", 600), ("eval.csv", 300)):
        lines = [HEADER, *(customer(chance) for _ in range(rows))]
        (Path(__file__).parent / name).write_text("\n".join(lines) + "\n")
