"""A DAG for Cloud Composer: starts a run of Baton, and waits until it has ended. docs/composer.md says how to install it.

Airflow Variables:
  baton        the outputs of the non-production stack, as `pulumi stack output --json` prints them
  baton_until  the event that is waited for (default: eval.passed, the last one of non-production)
  baton_prod   the outputs of the production stack, where the event is one of production's
"""

import json
from datetime import timedelta

import pendulum
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.providers.google.cloud.hooks.pubsub import PubSubHook

try:  # Airflow 3
    from airflow.sdk import Variable, dag, get_current_context, task
    from airflow.sdk.exceptions import AirflowFailException
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowFailException
    from airflow.models import Variable
    from airflow.operators.python import get_current_context

import baton_events as baton


def stack(name="baton"):
    return Variable.get(name, deserialize_json=True)


@dag(
    dag_id="baton",
    description="Starts a run of Baton over the newest drop, and waits for its end.",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    params={"drop": ""},
    tags=["baton"],
)
def baton_run():
    @task(retries=3)
    def start():
        """Asks for a run of the drop that the DAG run is given, or of the newest; tried again, it asks for the same."""
        context = get_current_context()
        outputs = stack()
        bucket = outputs["bucket"]
        drop = context["params"]["drop"]
        prefix = f"datasets/{drop}/" if drop else "datasets/"
        blobs = GCSHook().get_conn().list_blobs(bucket, prefix=prefix)
        newest = baton.newest_drop((blob.name, blob.generation, blob.updated) for blob in blobs)
        if newest is None:
            raise AirflowFailException(f"no drop is complete below gs://{bucket}/{prefix}")
        occasion = f"composer {context['run_id']}"
        data, attributes = baton.start_event(
            outputs["project"], bucket, outputs["model"], newest, occasion, "started by Cloud Composer", baton.now()
        )
        PubSubHook().publish(
            topic=baton.TOPIC, messages=[{"data": data, "attributes": attributes}], project_id=outputs["project"]
        )
        return attributes["ce-correlationid"]

    @task.sensor(poke_interval=60, timeout=timedelta(hours=24).total_seconds(), mode="reschedule")
    def ended(run):
        """Looks at the run folder until the event is there. Between two looks nothing runs, and no message is lost."""
        until = Variable.get("baton_until", "eval.passed")
        tenants = [stack(), stack("baton_prod")] if Variable.get("baton_prod", "") else [stack()]
        client = GCSHook().get_conn()
        records = []
        for bucket in dict.fromkeys(outputs["bucket"] for outputs in tenants):
            names = [blob.name for blob in client.list_blobs(bucket, prefix=f"runs/{run}/")]
            for name in baton.latest_attempts(names):
                records.append(json.loads(client.bucket(bucket).blob(name).download_as_bytes()))
        at = baton.progress(records)
        if until in at.reached:
            return True
        if at.stopped:
            # After a replay of the run, clear this task: it then looks at the new attempt.
            raise AirflowFailException(f"run {run} stopped: {at.stopped}")
        return False

    ended(start())


baton_run()
