"""Measure and print one JSON object a metric; nothing passes or fails here.

``python -m tests.bench --size 20000 --size 1000000 --only queue_page,ticket_page``
"""

import argparse
import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from helpdesk.command import calm_collector
from tests.bench.desk import serving
from tests.bench.metrics import METRICS, machine
from tests.bench.promises import give
from tests.support import paths, postgres

SIZES = (20_000, 200_000, 1_000_000)


def main() -> None:
    """Load a desk of each size, run the metrics asked for, print their lines.

    All desks are there at the same time and take turns at each metric: lines of different sizes
    are from the same minutes, as far as a shared machine lets anything be compared.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--size", type=int, action="append", help="tickets; may be given twice")
    parser.add_argument("--only", default="", help=f"of {', '.join(METRICS)}")
    parser.add_argument("--requests", type=int, default=200, help="requests a metric")
    arguments = parser.parse_args()
    chosen = [name for name in arguments.only.split(",") if name] or list(METRICS)
    if unknown := set(chosen) - set(METRICS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    paths.make_run_dir()
    # What is measured within this process runs as it does in the desk's own.
    calm_collector()
    try:
        with ExitStack() as running:
            desks = [running.enter_context(serving(size)) for size in arguments.size or SIZES]
            for desk in desks:
                report("load", desk.size, desk.size, per_s=round(desk.size / desk.loaded_in, 1))
                given = give(desk)
                report("promises", desk.size, int(given.pop("n")), **given)
            for name in chosen:
                for desk in desks:
                    before = machine()
                    values = METRICS[name](desk, arguments.requests)
                    values["machine_ms"] = round((before + machine()) / 2, 1)
                    report(name, desk.size, int(values.pop("n")), **values)
    finally:
        postgres.stop()
        shutil.rmtree(Path(os.environ[paths.RUN_DIR_VARIABLE]), ignore_errors=True)


def report(metric: str, size: int, n: int, **values: float) -> None:
    """Print one line; figures that a metric does not have are null."""
    line: dict[str, object] = {"metric": metric, "size": size, "n": n}
    for name in ("median_ms", "p95_ms", "per_s", "app_cpu_ms", "db_cpu_ms"):
        line[name] = values.pop(name, None)
    print(json.dumps({**line, **values}), flush=True)


if __name__ == "__main__":
    main()
