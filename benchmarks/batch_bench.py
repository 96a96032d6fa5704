"""Batch scoring against the bare trees: `python benchmarks/batch_bench.py [--rows N ...] [--rounds R] [--folder F]`.

Every way runs in its own process. Ways take turns, and the medians over the rounds are printed. Times of `creatorcast
score` are of whole runs, with the start of the process. The bare predict and pyfunc are timed inside their processes,
from data in memory.

- bare: Booster.predict of location and scale on the matrix of derived columns, 2 threads
- parquet, csv: `creatorcast score` into Parquet, LightGBM alone; `... daal4py` with the engine
- pyfunc: the model through mlflow.pyfunc in pandas chunks, the list read, checked, derived and written around it
- pyfunc predict: its predict alone

For the model that ships, which is small, the time beside its bare predict is printed, and the steps that it goes to,
by samples of the working threads every 5 ms.

`--short` has the model that ships alone: lists into Parquet and CSV beside its bare predict, a workbook of
WORKBOOK_ROWS rows beside the same list into Parquet, and 10 million rows into Parquet once. `--base FOLDER`, a
checkout with a .venv of its own, takes turns in these ways, as "base parquet" and so on; it reads the lists and
the model that are here. `--json FILE` writes every result of every round.
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
from batch_bench_data import AS_OF, BenchmarkFiles, prepare, write_list, write_matrix

WAYS = ("bare", "parquet", "csv", "parquet daal4py", "csv daal4py", "pyfunc")
#: Ways of `creatorcast score`, each with the endings of its list and of its answers.
ENDINGS = {
    "parquet": ("parquet", "parquet"),
    "csv": ("csv", "csv"),
    "workbook": ("parquet", "xlsx"),
}
#: Targets of the reference model: a way, another, and the largest ratio of their seconds.
TARGETS = (
    ("parquet", "bare", 1.25),
    ("csv", "bare", 1.5),
    ("parquet", "pyfunc", 1 / 3),
    ("parquet daal4py", "bare", 0.75),
)
FEW = 100
#: Targets of the model that ships: a way and its list, another, and the largest ratio of their seconds.
SHORT_TARGETS = (
    ("parquet", "bare", 2.5),
    ("csv", "bare", 3.0),
    ("workbook", "workbook's parquet", 5.0),
)
WORKBOOK_ROWS, LONG_ROWS = 100_000, 10_000_000
BESIDES_PREDICT_SECONDS, MOST_MEMORY_GB = 6.0, 1.0
FOLDER = Path(__file__).resolve().parent


def run(files: BenchmarkFiles, rows: int, rounds: int, report: Callable[[str], None]) -> None:
    """Compare the ways at so many rows with the reference model."""
    write_list(files, rows, ("parquet", "csv"), report)
    write_matrix(files, rows, "reference", report)
    results: dict[str, list[dict]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS:
            result = measure(files, "reference", way, rows)
            results[way].append(result)
            report(f"  round {number + 1}, {way}: {result_text(result)}")
    print(f"\nreference model, {rows:,} rows, median of {rounds}")
    medians = {way: median(of_way) for way, of_way in results.items()}
    for way, result in medians.items():
        print(f"  {way:<18}{result_text(result)}")
    for way, other, most in TARGETS:
        if "seconds" in medians[way] and "seconds" in medians[other]:
            ratio = medians[way]["seconds"] / medians[other]["seconds"]
            print(
                f"  {way} / {other}: {ratio:.2f}, target at most {most:.2f}{'' if ratio <= most else ', MISSED'}"
            )


def ships(files: BenchmarkFiles, rows: int, rounds: int, report: Callable[[str], None]) -> None:
    """Print the time of a run of the model that ships beside its trees, and the steps that it goes to."""
    write_list(files, FEW, ("parquet",), report)
    runs = (("parquet", rows), ("bare", rows), ("parquet", FEW))
    results = [[measure(files, "ships", *run) for run in runs] for _ in range(rounds)]
    whole, bare, start = (median(list(of_run)) for of_run in zip(*results, strict=True))
    print(
        f"\nmodel that ships, {rows:,} rows: {result_text(whole)}; its bare predict {result_text(bare)}"
    )
    if any("failed" in result for result in (whole, bare, start)):
        return
    print(f"  a list of {FEW} rows, which is the start: {result_text(start)}")
    besides = (whole["seconds"] - bare["seconds"]) / rows * 1e6
    verdict = "" if besides <= BESIDES_PREDICT_SECONDS else ", MISSED"
    print(
        f"  besides predict: {besides:.1f} s a million rows, target at most {BESIDES_PREDICT_SECONDS}{verdict}"
    )
    report("  sampling the steps")
    steps = measure(files, "ships", "steps", rows).get("steps", {})
    seconds_per_million = (whole["seconds"] - start["seconds"]) / rows * 1e6
    for step, share in sorted(steps.items(), key=lambda pair: -pair[1]):
        print(f"  {step:<10}{share * seconds_per_million:6.2f} s a million rows")


def short(
    files: BenchmarkFiles, rows: int, rounds: int, base: Path | None, report: Callable[[str], None]
) -> dict[str, list[dict]]:
    """Compare the ways of the model that ships, here and in a `base` checkout; return by way the
    result of each round.
    """
    write_list(files, rows, ("parquet", "csv"), report)
    write_list(files, WORKBOOK_ROWS, ("parquet",), report)
    write_matrix(files, rows, "ships", report)
    ways = {
        "bare": ("bare", rows),
        "parquet": ("parquet", rows),
        "csv": ("csv", rows),
        "workbook": ("workbook", WORKBOOK_ROWS),
        "workbook's parquet": ("parquet", WORKBOOK_ROWS),
    }
    results: dict[str, list[dict]] = {}
    for number in range(rounds):
        for name, (way, list_rows) in ways.items():
            if number and name == "workbook":  # it takes minutes, and varies little
                continue
            for checkout in (None, base) if base and way != "bare" else (None,):
                result = measure(files, "ships", way, list_rows, checkout)
                full_name = name if checkout is None else f"base {name}"
                results.setdefault(full_name, []).append(result)
                report(f"  round {number + 1}, {full_name}: {result_text(result)}")
    _print_short({way: median(of_way) for way, of_way in results.items()}, rows, rounds)
    return results


def _print_short(medians: dict[str, dict], rows: int, rounds: int) -> None:
    print(f"\nmodel that ships, {rows:,} rows, workbooks {WORKBOOK_ROWS:,}, median of {rounds}")
    for way, result in medians.items():
        print(f"  {way:<26}{result_text(result)}")
    for way, other, most in SHORT_TARGETS:
        for name in (way, f"base {way}"):
            prefix = "base " if name != way and other != "bare" else ""
            ratio = _ratio(medians, name, f"{prefix}{other}", "seconds")
            if ratio is not None:
                missed = "" if ratio <= most else ", MISSED"
                print(f"  {name} / {prefix}{other}: {ratio:.2f}, target at most {most:.2f}{missed}")
    for way in medians:
        ratios = [_ratio(medians, way, f"base {way}", figure) for figure in ("seconds", "cpu")]
        if None not in ratios:
            seconds, cpu = ratios
            print(f"  {way} by base: {seconds:.2f} of the seconds, {cpu:.2f} of all cores' seconds")


def _ratio(medians: dict[str, dict], way: str, other: str, figure: str) -> float | None:
    """Return the ratio of a figure of two ways, None where one has none."""
    if figure not in medians.get(way, {}) or figure not in medians.get(other, {}):
        return None
    return medians[way][figure] / medians[other][figure]


def growth(files: BenchmarkFiles, sizes: list[int], report: Callable[[str], None]) -> list[dict]:
    """Score longer and longer lists with the model that ships, and print seconds, rows a second, peak of memory; return
    the result of each size.
    """
    results = []
    print(
        "\ngrowth, Parquet to Parquet, the model that ships\n        rows   seconds     rows/s   peak MB"
    )
    for rows in sizes:
        write_list(files, rows, ("parquet",), report)
        result = measure(files, "ships", "parquet", rows)
        results.append(result)
        if "seconds" not in result:
            print(f"{rows:>12,} {result_text(result)}")
            continue
        speed, peak = rows / result["seconds"], result["peak_mb"]
        print(f"{rows:>12,} {result['seconds']:>9.1f} {speed:>10,.0f} {peak:>9,.0f}", flush=True)
    return results


def measure(
    files: BenchmarkFiles, model: str, way: str, rows: int, checkout: Path | None = None
) -> dict:
    """Run one way once, in another checkout where one is named; return {"seconds", "peak_mb", ...}, or {"failed"}
    with the last line of its errors.
    """
    python = sys.executable if checkout is None else str(checkout / ".venv" / "bin" / "python")
    if way.split()[0] in ENDINGS:
        kind, engine = (*way.split(), "lightgbm")[:2]
        ending, out_ending = ENDINGS[kind]
        listed = str(files.listed(rows, ending))
        out = files.folder / f"scored.{out_ending}"
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
        command = [str(FOLDER / "batch_bench_process.py"), way, str(files.folder), model, str(rows)]
    environment = {
        **os.environ,
        "CREATORCAST_HOME": str(files.home(model)),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (
        (files.folder / "stdout").open("w+") as stdout,
        (files.folder / "stderr").open("w+") as stderr,
    ):
        began, before = time.perf_counter(), cpu_seconds()
        process = subprocess.Popen(
            [python, *command], cwd=checkout, env=environment, stdout=stdout, stderr=stderr
        )
        peak = wait_and_measure_memory(process)
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - before
    output = (files.folder / "stdout").read_text().splitlines()
    errors = (files.folder / "stderr").read_text().splitlines()
    if process.returncode not in (0, 3):
        messages = [line for line in errors if line.strip()]
        return {"failed": messages[-1] if messages else "it said nothing"}
    figures = json.loads(output[-1]) if command[0] != "-m" else {}
    return {"seconds": seconds, "cpu": cpu, "peak_mb": peak, **figures}


def cpu_seconds() -> float:
    """Return the processor seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_and_measure_memory(popen: subprocess.Popen) -> float:
    """Wait for a process; return the most memory (MB, RSS) that it and its children had at a time."""
    peak = 0
    root = psutil.Process(popen.pid)
    while popen.poll() is None:
        with contextlib.suppress(psutil.Error):
            processes = (root, *root.children(recursive=True))
            peak = max(peak, sum(process.memory_info().rss for process in processes))
        time.sleep(0.05)
    return peak / 1e6


def median(results: list[dict]) -> dict:
    """Return the median seconds and the highest peak of the rounds that did not fail; a failure where all did."""
    complete = [result for result in results if "failed" not in result]
    if not complete:
        return results[0]
    medians = {
        name: statistics.median(result[name] for result in complete) for name in ("seconds", "cpu")
    }
    return medians | {"peak_mb": max(result["peak_mb"] for result in complete)}


def result_text(result: dict) -> str:
    """Return a result as text, or its failure."""
    if "failed" in result:
        return f"failed: {result['failed']}"
    predict = f", predict alone {result['predict']:.1f} s" if "predict" in result else ""
    return (
        f"{result['seconds']:8.1f} s{predict}, {result['cpu']:.0f} s of all cores, "
        f"{result['peak_mb']:,.0f} MB"
    )


def report(text: str) -> None:
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
    parser.add_argument("--short", action="store_true", help="the model that ships alone")
    parser.add_argument(
        "--base", type=Path, help="a checkout with its own .venv, beside ours in --short"
    )
    parser.add_argument("--json", type=Path, help="file for the figures of --short")
    arguments = parser.parse_args()
    here = BenchmarkFiles(arguments.folder.resolve())
    models = ("ships",) if arguments.short else ("ships", "reference")
    prepare(here, arguments.creators, report, models)
    if arguments.short:
        base = arguments.base.resolve() if arguments.base else None
        results = short(here, arguments.rows, arguments.rounds, base, report)
        results["long"] = growth(here, arguments.growth or [LONG_ROWS], report)
        if arguments.json:
            arguments.json.write_text(json.dumps(results, indent=1))
        sys.exit()
    run(here, arguments.rows, arguments.rounds, report)
    ships(here, arguments.rows, arguments.rounds, report)
    if arguments.growth:
        growth(here, arguments.growth, report)
