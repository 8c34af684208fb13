"""Runs what the test asks for of the DAG's modules, and answers in JSON.

Airflow is not here: stand-ins of the names that the DAG imports of it call its tasks, and keep what it publishes.
"""

import io
import json
import sys
from datetime import datetime
from types import ModuleType, SimpleNamespace

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import baton_events as baton

asked = {}
published = []


class AirflowFailException(Exception):
    pass


def task(function=None, **_):
    return function or (lambda tasked: tasked)


task.sensor = lambda **_: lambda function: function


def client_of(objects):
    def blob(name):
        generation, updated, content = objects[name]
        downloaded = json.dumps(content).encode()
        return SimpleNamespace(name=name, generation=generation, updated=updated, download_as_bytes=lambda: downloaded)

    return SimpleNamespace(
        list_blobs=lambda _bucket, prefix: [blob(name) for name in objects if name.startswith(prefix)],
        bucket=lambda _bucket: SimpleNamespace(blob=blob),
    )


def airflow(version):
    """The modules of that version of Airflow that the DAG imports."""
    variables = asked["variables"]

    def get(name, default=None, deserialize_json=False):
        value = variables.get(name, default)
        return json.loads(value) if deserialize_json else value

    context = {"params": {"drop": asked.get("drop", "")}, "run_id": asked["run_id"]}
    of_dag = {"dag": lambda **_: lambda function: function, "task": task}
    of_task = {"Variable": SimpleNamespace(get=get), "get_current_context": lambda: context}
    google = "airflow.providers.google.cloud.hooks"
    hooks = {
        f"{google}.gcs": {"GCSHook": lambda: SimpleNamespace(get_conn=lambda: client_of(asked["objects"]))},
        f"{google}.pubsub": {"PubSubHook": lambda: SimpleNamespace(publish=lambda **sent: published.append(sent))},
        "pendulum": {"datetime": lambda *_, **__: None},
    }
    if version == 3:
        own = {"airflow.sdk": {**of_dag, **of_task}, "airflow.sdk.exceptions": {"AirflowFailException": AirflowFailException}}
    else:
        own = {
            "airflow.decorators": of_dag,
            "airflow.exceptions": {"AirflowFailException": AirflowFailException},
            "airflow.models": {"Variable": of_task["Variable"]},
            "airflow.operators.python": {"get_current_context": of_task["get_current_context"]},
        }
    modules = {**hooks, **own}
    for name, content in modules.items():
        parts = name.split(".")
        for length in range(1, len(parts)):
            sys.modules.setdefault(".".join(parts[:length]), ModuleType(".".join(parts[:length])))
        module = sys.modules[name] = ModuleType(name)
        vars(module).update(content)


def run_dag(version):
    for name in [name for name in sys.modules if name == "baton_dag" or name.startswith("airflow")]:
        del sys.modules[name]
    published.clear()
    airflow(version)
    ended = []
    tasks = task.sensor
    # The DAG calls `ended(start())` when it is loaded; the sensor's answer is kept.
    task.sensor = lambda **_: lambda function: lambda run: ended.append(function(run))
    try:
        import baton_dag  # noqa: F401
    except AirflowFailException as failure:
        return {"failed": str(failure), "published": [sent["messages"][0]["attributes"]["ce-subject"] for sent in published]}
    finally:
        task.sensor = tasks
    message = published[0]["messages"][0]
    sent = {**published[0], "messages": [{**message, "data": message["data"].decode()}]}
    return {"ended": ended, "sent": sent}


def answer():
    if asked["what"] == "dag":
        return run_dag(asked["airflow"])
    drop = baton.Drop(**asked["drop"])
    at = datetime.fromisoformat(asked["at"])
    data, attributes = baton.start_event(
        asked["project"], asked["bucket"], asked["model"], drop, asked["occasion"], asked["reason"], at
    )
    return {"data": data.decode(), "attributes": attributes}


answers = []
for asked in json.load(sys.stdin):
    answers.append(answer())
io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8").write(json.dumps(answers))
