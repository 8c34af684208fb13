"""What the DAG knows of Baton's events and run folders. Nothing here is of Airflow, so that a test can run it.

The event is the one that `baton runs start` publishes: a test compares the two, byte for byte.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone

TYPE = "dev.baton.run.requested.v1"
TOPIC = "drops"
FILES = ("train.csv", "eval.csv")
ATTEMPT = re.compile(r"^runs/[^/]+/(?P<stage>[^/]+)/(?P<attempt>\d+)/attempt\.json$")

# Events after which a run goes no further by itself.
STOPPED = ("refused", "parked", "eval.failed", "superseded", "rejected", "rolled.back")


@dataclass(frozen=True)
class Drop:
    """A drop with both of its files; the generations are Cloud Storage's."""

    name: str
    train: str
    eval: str


def newest_drop(objects):
    """The drop that was completed last, of (name, generation, updated) of the objects below datasets/; None if none is."""
    drops = {}
    for name, generation, updated in objects:
        folder, drop, file = name.split("/") if name.count("/") == 2 else ("", "", "")
        if folder == "datasets" and file in FILES:
            drops.setdefault(drop, {})[file] = (str(generation), updated)
    complete = {name: files for name, files in drops.items() if len(files) == len(FILES)}
    if not complete:
        return None
    newest = max(complete, key=lambda name: max(updated for _, updated in complete[name].values()))
    train, evaluation = (complete[newest][file][0] for file in FILES)
    return Drop(newest, train, evaluation)


def run_id(drop, occasion):
    """The run of a drop for an occasion: asked for again, it is the same run."""
    slug = re.sub(r"^[^a-z]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", drop.name.lower()))[:40]
    identity = compact([drop.name, drop.train, drop.eval, occasion])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:10]
    return re.sub(r"-{2,}", "-", f"{slug or 'drop'}-{digest}")


def start_event(project, bucket, model, drop, occasion, reason, at):
    """The event that asks for a run, as data and attributes of a Pub/Sub message in CloudEvents' binary mode."""
    run = run_id(drop, occasion)
    data = {
        "model": model,
        "bucket": bucket,
        "drop": drop.name,
        "generations": {"train": drop.train, "eval": drop.eval},
        "reason": reason,
        "occasion": occasion,
    }
    time = at.astimezone(timezone.utc)
    attributes = {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": f"{run}/run-requested",
        "ce-source": f"//baton.dev/projects/{project}/operators",
        "ce-type": TYPE,
        "ce-time": f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z",
        "ce-subject": run,
        "ce-correlationid": run,
        "ce-attempt": "1",
        "ce-sequence": max(drop.train.zfill(20), drop.eval.zfill(20)),
    }
    return compact(data).encode(), attributes


@dataclass(frozen=True)
class Progress:
    """How far a run is: the events that its latest attempt ended in, and what stopped it."""

    reached: frozenset = frozenset()
    stopped: str = ""


def latest_attempts(names):
    """The records of each stage's latest attempt, of the names of a run folder's objects: a replay replaces what was."""
    latest = {}
    for name in names:
        found = ATTEMPT.match(name)
        if found:
            stage, attempt = found["stage"], int(found["attempt"])
            latest[stage] = max(latest.get(stage, (0, "")), (attempt, name))
    return [name for _, name in latest.values()]


def progress(records):
    """What the records of the latest attempts say together. Where a run is replayed, what was before no longer counts."""
    newest = max((record["attempt"] for record in records), default=0)
    ended = [record for record in records if record["attempt"] == newest and record.get("ending")]
    events = {event_of(record): record for record in ended}
    stopped = [
        f"{record['stage']} {event}: {record['ending']['data'].get('reason', 'see the run folder')}"
        for event, record in events.items()
        if event in STOPPED
    ]
    return Progress(frozenset(events), "; ".join(stopped))


def event_of(record):
    """`dev.baton.eval.passed.v1` as `eval.passed`."""
    return re.sub(r"^dev\.baton\.|\.v\d+$", "", record["ending"]["type"])


def compact(value):
    """JSON as JavaScript writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def now():
    return datetime.now(timezone.utc)
