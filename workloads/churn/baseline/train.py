"""Trains on a run's snapshot and writes the model."""

import argparse

from baseline import job, model, storage
from baseline.errors import InputError
from baseline.table import read_snapshot


def main() -> None:
    defaults = model.Hyperparameters()
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", required=True, help="gs:// folder of the snapshot to train on")
    parser.add_argument("--marker", required=True, help="gs:// object that says that the job is done")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--batch-size", type=int, default=defaults.batch_size)
    parser.add_argument("--l2", type=float, default=defaults.l2)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    given = vars(parser.parse_args())
    train, marker = given.pop("train"), given.pop("marker")
    folder = job.needed("AIP_MODEL_DIR")

    if not job.is_chief():
        job.log("INFO", "the chief trains alone")
        return
    rows = read_snapshot(train)
    if len({row.label for row in rows}) < 2:
        raise InputError(f"all {len(rows)} rows of {train} have the same label: there is nothing to tell apart")
    job.log("INFO", f"read {len(rows)} rows from {train}")

    def on_epoch(epoch: int, loss: float) -> None:
        job.log("INFO", f"epoch {epoch}: log loss {loss:.5f}", epoch=epoch, logLoss=loss)

    fitted = model.fit(rows, model.Hyperparameters(**given), on_epoch)
    storage.write(f"{folder}{model.FILE}", fitted.dump().encode(), "application/json")
    job.write_marker(marker)


if __name__ == "__main__":
    job.run(main)
