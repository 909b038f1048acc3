"""Read many damaged messages, then let atheris look for more: ``python -m tests.fuzz``.

What goes wrong is written into a folder, a file a message, and the exit code is 1. The same
``--seed`` makes the same messages.
"""

import argparse
import json
import multiprocessing
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.damage import damaged, seeds
from tests.fuzz.target import Fault, attempt
from tests.support import shared
from tests.support.paths import PROJECT

AT_ONCE = 500
"""Messages that a process is given together."""


def run(seed: int, number: int, folder: Path | None) -> list[Fault]:
    """Read so many damaged messages; returns what went wrong."""
    known = seeds(folder)
    dice = random.Random(seed)
    faults = (attempt(damaged(dice, known)) for _time in range(number))
    return [fault for fault in faults if fault is not None]


def _share(work: tuple[int, int, Path | None]) -> list[Fault]:
    return run(*work)


def in_processes(seed: int, number: int, folder: Path | None) -> Iterator[list[Fault]]:
    """Share the messages out among two processes; yields as each share is done."""
    begins = range(0, number, AT_ONCE)
    work = [(seed + begin, min(AT_ONCE, number - begin), folder) for begin in begins]
    with multiprocessing.Pool(2) as pool:
        yield from pool.imap_unordered(_share, work)


def look_with_atheris(seconds: int, seed: int, out: Path, folder: Path | None) -> int:
    """Let atheris follow the branches of the parser; returns its exit code."""
    corpus = out / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(seeds(folder)):
        if len(raw) < 20_000:
            (corpus / f"seed-{number}").write_bytes(raw)
    options = [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=20000", "-timeout=10"]
    options += ["-rss_limit_mb=4096", "-print_final_stats=1", f"-artifact_prefix={out}/atheris-"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.follow", *options, str(corpus)], cwd=PROJECT, check=False
    )
    return done.returncode


def main() -> int:
    """Do it, as the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--atheris", type=int, default=300, metavar="SECONDS", help="0: not at all")
    parser.add_argument("--out", type=Path, default=PROJECT / "test-results" / "fuzz")
    options = parser.parse_args()
    folder = shared.where("email")
    found = folder if folder.is_dir() else None

    started, faults = time.monotonic(), 0
    for some in in_processes(options.seed, options.messages, found):
        for fault in some:
            faults += 1
            # Tests that run meanwhile may clear the folder that all results stand in.
            options.out.mkdir(parents=True, exist_ok=True)
            file = options.out / f"fault-{options.seed}-{faults}.eml"
            file.write_bytes(fault.raw)
            print(json.dumps({"fault": fault.what, "file": str(file)}), flush=True)
    told = {"messages": options.messages, "seed": options.seed, "faults": faults}
    print(json.dumps({**told, "seconds": round(time.monotonic() - started)}), flush=True)
    code = (
        look_with_atheris(options.atheris, options.seed, options.out, found)
        if options.atheris
        else 0
    )
    return 1 if faults or code else 0


if __name__ == "__main__":
    sys.exit(main())
