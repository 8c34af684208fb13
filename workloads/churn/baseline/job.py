"""The frame of a container's program: its log, its exit codes, and the marker of a job's end."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from baseline import storage
from baseline.errors import InputError


def log(severity: str, message: str, **details: Any) -> None:
    """Writes one structured line, as Cloud Logging parses it."""
    print(json.dumps({"severity": severity, "message": message, **details}), flush=True)


def run(work: Callable[[], None]) -> None:
    """Does the work and ends the process: with 0, with 2 when the input is wrong, with 1 for any other failure."""
    try:
        work()
    except InputError as error:
        log("ERROR", str(error))
        sys.exit(2)
    except Exception:
        log("ERROR", traceback.format_exc())
        sys.exit(1)


def needed(variable: str) -> str:
    """An environment variable that the program can't do without."""
    value = os.environ.get(variable)
    if not value:
        raise InputError(f"the environment variable {variable} is not set")
    return value


def is_chief() -> bool:
    """Whether this is the replica that writes: a job may have several, and each learns from CLUSTER_SPEC which it is."""
    spec = os.environ.get("CLUSTER_SPEC")
    task = json.loads(spec)["task"] if spec else {"type": "workerpool0", "index": 0}
    return task["type"] == "workerpool0" and int(task["index"]) == 0


def write_marker(uri: str) -> None:
    """Writes the object that says that the results are complete. It is the last thing that a job writes."""
    marker = {"state": "succeeded", "job": os.environ.get("CLOUD_ML_JOB_ID"), "run": os.environ.get("BATON_RUN")}
    storage.write_json(uri, marker)
