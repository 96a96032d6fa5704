"""Batch scoring against the bare trees: `python benchmarks/batch_bench.py [--rows N ...] [--rounds R] [--folder F]`.

Every way is a process of its own, ways take turns, and medians over the rounds are told. Times of `creatorcast score`
are whole runs, the start of the process among them; the bare predict and pyfunc are timed inside of theirs, from what
is ready in memory.

- bare: Booster.predict of location and scale on the ready matrix, 2 threads
- parquet, csv: `creatorcast score` into Parquet, LightGBM alone; `... daal4py` with the engine
- pyfunc: the model through mlflow.pyfunc in pandas chunks, the list read, checked, derived and written around it
- pyfunc predict: its predict alone

What a small model costs is told of the model that ships: all of a run that is not its own bare predict, and where the
time goes, by what the working threads were seen to do every 5 ms.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from batch_bench_data import AS_OF, Place, prepare, ready_list, ready_matrix

WAYS = ("bare", "parquet", "csv", "parquet daal4py", "csv daal4py", "pyfunc")
#: What the reference model may take, as a multiple of another way.
TARGETS = (
    ("parquet", "bare", 1.25),
    ("csv", "bare", 1.5),
    ("parquet", "pyfunc", 1 / 3),
    ("parquet daal4py", "bare", 0.75),
)
FEW = 100
BESIDES_PREDICT_SECONDS, MOST_MEMORY_GB = 6.0, 1.0
HERE = Path(__file__).resolve().parent


def run(place: Place, rows: int, rounds: int, say: Callable[[str], None]) -> None:
    """Compare the ways at so many rows with the reference model, then take the model that ships apart."""
    ready_list(place, rows, ("parquet", "csv"), say)
    ready_matrix(place, rows, say)
    taken: dict[str, list[dict]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS:
            found = measured(place, "reference", way, rows)
            taken[way].append(found)
            say(f"  round {number + 1}, {way}: {told(found)}")
    print(f"\nreference model, {rows:,} rows, median of {rounds}")
    middle = {way: median(found) for way, found in taken.items()}
    for way, found in middle.items():
        print(f"  {way:<18}{told(found)}")
    for way, other, most in TARGETS:
        if "seconds" in middle[way] and "seconds" in middle[other]:
            ratio = middle[way]["seconds"] / middle[other]["seconds"]
            print(
                f"  {way} / {other}: {ratio:.2f}, target at most {most:.2f}{'' if ratio <= most else ', MISSED'}"
            )


def ships(place: Place, rows: int, rounds: int, say: Callable[[str], None]) -> None:
    """Tell what a run of the model that ships takes besides its trees, and where."""
    ready_list(place, FEW, ("parquet",), say)
    asked = (("parquet", rows), ("bare", rows), ("parquet", FEW))
    taken = [[measured(place, "ships", *one) for one in asked] for _ in range(rounds)]
    whole, bare, start = (median(list(found)) for found in zip(*taken, strict=True))
    print(f"\nmodel that ships, {rows:,} rows: {told(whole)}; its bare predict {told(bare)}")
    if any("failed" in found for found in (whole, bare, start)):
        return
    print(f"  a list of {FEW} rows, which is to start: {told(start)}")
    besides = (whole["seconds"] - bare["seconds"]) / rows * 1e6
    verdict = "" if besides <= BESIDES_PREDICT_SECONDS else ", MISSED"
    print(
        f"  besides predict: {besides:.1f} s a million rows, target at most {BESIDES_PREDICT_SECONDS}{verdict}"
    )
    say("  looking where the time goes")
    steps = measured(place, "ships", "steps", rows).get("steps", {})
    for step, share in sorted(steps.items(), key=lambda pair: -pair[1]):
        print(
            f"  {step:<10}{share * (whole['seconds'] - start['seconds']) / rows * 1e6:6.2f} s a million rows"
        )


def growth(place: Place, sizes: list[int], say: Callable[[str], None]) -> None:
    """Score longer and longer lists with the model that ships: seconds, rows a second, memory at its peak."""
    print(
        "\ngrowth, Parquet to Parquet, the model that ships\n        rows   seconds     rows/s   peak MB"
    )
    for rows in sizes:
        ready_list(place, rows, ("parquet",), say)
        found = measured(place, "ships", "parquet", rows)
        if "seconds" not in found:
            print(f"{rows:>12,} {told(found)}")
            continue
        speed, peak = rows / found["seconds"], found["peak_mb"]
        print(f"{rows:>12,} {found['seconds']:>9.1f} {speed:>10,.0f} {peak:>9,.0f}", flush=True)


def measured(place: Place, model: str, way: str, rows: int) -> dict:
    """Take one way once: {"seconds", "peak_mb"}, or {"failed"} with the last line of what it said."""
    out = place.folder / "scored.parquet"
    if way.split()[0] in ("parquet", "csv"):
        ending, engine = (*way.split(), "lightgbm")[:2]
        listed = str(place.listed(rows, ending))
        command = [
            "-m",
            "creatorcast",
            "score",
            listed,
            "--as-of",
            f"{AS_OF:%Y-%m-%d}",
            "--out",
            str(out),
        ]
        command += ["--engine", engine]
    else:
        command = [str(HERE / "batch_ways.py"), way, str(place.folder), model, str(rows)]
    environment = {
        **os.environ,
        "CREATORCAST_HOME": str(place.home(model)),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (
        (place.folder / "said").open("w+") as said,
        (place.folder / "complained").open("w+") as complained,
    ):
        began, before = time.perf_counter(), cpu_seconds()
        process = subprocess.Popen(
            [sys.executable, *command], env=environment, stdout=said, stderr=complained
        )
        peak = watched(process)
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - before
    lines, complaint = (
        (place.folder / name).read_text().splitlines() for name in ("said", "complained")
    )
    if process.returncode not in (0, 3):
        return {"failed": ([line for line in complaint if line.strip()] or ["it said nothing"])[-1]}
    own = json.loads(lines[-1]) if command[0] != "-m" else {}
    return {"seconds": seconds, "cpu": cpu, "peak_mb": peak, **own}


def cpu_seconds() -> float:
    """Give what processes that ended have taken of all cores."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def watched(process: subprocess.Popen) -> float:
    """Wait for a process; give the most memory (MB, RSS) that it and its children held at a time."""
    peak = 0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            peak = max(
                peak, sum(one.memory_info().rss for one in (root, *root.children(recursive=True)))
            )
        time.sleep(0.05)
    return peak / 1e6


def median(found: list[dict]) -> dict:
    """Give the median seconds and the highest peak of the rounds that did not fail; the failure where all did."""
    sound = [one for one in found if "failed" not in one]
    if not sound:
        return found[0]
    middle = {name: statistics.median(one[name] for one in sound) for name in ("seconds", "cpu")}
    return middle | {"peak_mb": max(one["peak_mb"] for one in sound)}


def told(found: dict) -> str:
    if "failed" in found:
        return f"failed: {found['failed']}"
    inside = f", predict alone {found['predict']:.1f} s" if "predict" in found else ""
    return f"{found['seconds']:8.1f} s{inside}, process {found['cpu']:.0f} s of the cores, {found['peak_mb']:,.0f} MB"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the comparison of ways")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--growth", type=int, nargs="*", default=[], help="rows of lists to score besides"
    )
    parser.add_argument(
        "--creators", type=int, default=800, help="of the market that the models are trained on"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("bench-batch"),
        help="kept, so that a run can be repeated",
    )
    arguments = parser.parse_args()
    here = Place(arguments.folder.resolve())
    prepare(here, arguments.creators, say)
    run(here, arguments.rows, arguments.rounds, say)
    ships(here, arguments.rows, arguments.rounds, say)
    if arguments.growth:
        growth(here, arguments.growth, say)
