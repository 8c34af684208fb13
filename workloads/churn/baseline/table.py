"""The workload's table: its columns, and a snapshot's rows."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from baseline import storage
from baseline.errors import InputError

Value = str | float
Instance = dict[str, Value]

_workload = json.loads((Path(__file__).parent.parent / "workload.json").read_text())
_label = _workload["label"]
_types = {column["name"]: column["type"] for column in _workload["columns"] if column["name"] != _label["column"]}

NUMERIC = [name for name, type in _types.items() if type in ("INTEGER", "FLOAT", "NUMERIC")]
CATEGORICAL = [name for name in _types if name not in NUMERIC]


@dataclass(frozen=True)
class Row:
    """One row of the table: its features, and whether its label is the positive one."""

    instance: Instance
    label: bool


def read_snapshot(folder: str) -> list[Row]:
    """The rows of a snapshot, in an order that depends on nothing but the rows: an export gives no promise on it."""
    files = storage.list_objects(folder, ".csv")
    records = [record for file in files for record in csv.DictReader(io.StringIO(storage.read(file).decode()))]
    if not records:
        raise InputError(f"there are no rows in *.csv under {folder}")
    missing = [name for name in [*_types, _label["column"]] if name not in records[0]]
    if missing:
        raise InputError(f"{folder} has no column {', '.join(missing)}")
    records.sort(key=lambda record: list(record.values()))
    return [_row(record, folder) for record in records]


def _row(record: dict[str, str], folder: str) -> Row:
    label = record[_label["column"]]
    if label not in (_label["positive"], _label["negative"]):
        raise InputError(f"{folder}: the label {label!r} is neither {_label['positive']} nor {_label['negative']}")
    try:
        numbers = {name: int(record[name]) if _types[name] == "INTEGER" else float(record[name]) for name in NUMERIC}
    except ValueError as error:
        raise InputError(f"{folder}: a number is missing or wrong in {record}") from error
    return Row({**numbers, **{name: record[name] for name in CATEGORICAL}}, label == _label["positive"])
