"""Measures a trained model on the run's evaluation snapshot."""

import argparse
import json

from baseline import job, storage
from baseline.metrics import measure
from baseline.model import FILE, Model
from baseline.table import read_snapshot

SAMPLES = 100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--eval", required=True, help="gs:// folder of the snapshot to measure on")
    parser.add_argument("--model", required=True, help="gs:// folder of the model")
    parser.add_argument("--output", required=True, help="gs:// folder for the figures")
    parser.add_argument("--marker", required=True, help="gs:// object that says that the job is done")
    args = parser.parse_args()

    model = Model.parse(storage.read(f"{args.model}{FILE}").decode())
    rows = read_snapshot(args.eval)
    predictions = [model.predict(row.instance) for row in rows]
    metrics = measure([row.label for row in rows], predictions)
    job.log("INFO", f"accuracy {metrics['accuracy']:.4f}, AUC {metrics['auc']:.4f}", metrics=metrics)

    samples = [
        json.dumps({"instance": row.instance, "prediction": prediction})
        for row, prediction in list(zip(rows, predictions, strict=True))[:SAMPLES]
    ]
    storage.write(f"{args.output}samples.jsonl", ("\n".join(samples) + "\n").encode(), "application/jsonl")
    storage.write_json(f"{args.output}metrics.json", metrics)
    job.write_marker(args.marker)


if __name__ == "__main__":
    job.run(main)
