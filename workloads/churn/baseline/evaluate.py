"""Measures a trained model on the run's evaluation snapshot."""

import argparse
import json

from baseline import job, storage
from baseline.errors import InputError
from baseline.metrics import measure, measure_slices
from baseline.model import FILE, Model
from baseline.table import CATEGORICAL, read_snapshot

SAMPLES = 100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--eval", required=True, help="gs:// folder of the snapshot to measure on")
    parser.add_argument("--model", required=True, help="gs:// folder of the model")
    parser.add_argument("--output", required=True, help="gs:// folder for the figures")
    parser.add_argument("--marker", required=True, help="gs:// object that says that the job is done")
    parser.add_argument("--slices", default="", help="columns, separated by commas, to measure each value of")
    args = parser.parse_args()
    columns = [column for column in args.slices.split(",") if column]
    unknown = [column for column in columns if column not in CATEGORICAL]
    if unknown:
        raise InputError(f"--slices={args.slices}: {unknown[0]} is none of {', '.join(CATEGORICAL)}")

    model = Model.parse(storage.read(f"{args.model}{FILE}").decode())
    rows = read_snapshot(args.eval)
    predictions = [model.predict(row.instance) for row in rows]
    pairs = [(row.label, prediction) for row, prediction in zip(rows, predictions, strict=True)]
    metrics = measure(pairs)
    if metrics["auc"] is None:
        raise InputError(f"all {len(rows)} rows of {args.eval} have the same label: there is nothing to tell apart")
    job.log("INFO", f"accuracy {metrics['accuracy']:.4f}, AUC {metrics['auc']:.4f}", metrics=metrics)
    if columns:
        metrics["slices"] = [
            figures
            for column in columns
            for figures in measure_slices(column, [str(row.instance[column]) for row in rows], pairs)
        ]

    samples = [
        json.dumps({"instance": row.instance, "prediction": prediction})
        for row, prediction in list(zip(rows, predictions, strict=True))[:SAMPLES]
    ]
    storage.write(f"{args.output}samples.jsonl", ("\n".join(samples) + "\n").encode(), "application/jsonl")
    storage.write_json(f"{args.output}metrics.json", metrics)
    job.write_marker(args.marker)


if __name__ == "__main__":
    job.run(main)
