"""What a prediction request may look like."""

import json
import math
from typing import Any

from baseline.table import CATEGORICAL, NUMERIC, Instance, Value


class RequestError(Exception):
    """A request that gets an answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def read_instances(body: bytes) -> list[Instance]:
    """The instances of a request. Raises RequestError that names the field that is wrong."""
    try:
        request = json.loads(body)
    except ValueError as error:
        raise RequestError(400, f"the request body is not JSON: {error}") from error
    instances = request.get("instances") if isinstance(request, dict) else None
    if not isinstance(instances, list):
        raise RequestError(400, "instances: expected a list")
    return [_instance(value, f"instances[{index}]") for index, value in enumerate(instances)]


def _instance(given: Any, place: str) -> Instance:
    if not isinstance(given, dict):
        raise RequestError(400, f"{place}: expected an object")
    unknown = [name for name in given if name not in NUMERIC and name not in CATEGORICAL]
    if unknown:
        raise RequestError(400, f"{place}.{unknown[0]}: unknown column")
    numbers: dict[str, Value] = {name: _number(given.get(name), f"{place}.{name}") for name in NUMERIC}
    return {**numbers, **{name: _text(given.get(name), f"{place}.{name}") for name in CATEGORICAL}}


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(400, f"{place}: expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RequestError(400, f"{place}: expected a finite number")
    return number


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise RequestError(400, f"{place}: expected a string")
    return value
