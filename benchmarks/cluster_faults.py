"""What becomes of runs over a Dask cluster of two workers when one of them is killed at moments spread over the run.

    python benchmarks/cluster_faults.py train [--moments 20] [--creators 60]
    python benchmarks/cluster_faults.py score [--moments 20] [--rows 60000]

Scheduler, workers and the run are processes as a shell starts them. The market is a simulated one. A run that ends as
without the kill: `score` has the same bytes; `train` has exit code 0, and its backtest's error within 2 % of the other.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

BIN = Path(sys.executable).parent
#: Seconds after which a run counts as one that hangs, and how far the errors of two trainings may lie apart.
LONGEST, TOLERANCE = 900, 0.02
#: Columns of the answers: fewer are written faster.
COLUMNS = "partnership_id,engagements_p10,engagements_p50,engagements_p90"


@dataclass
class Cluster:
    """A scheduler and the nannies of two workers, each a process."""

    address: str
    nannies: list[subprocess.Popen]
    start: dict

    def add_worker(self) -> None:
        """Start one more."""
        command = [
            BIN / "dask",
            "worker",
            self.address,
            "--nthreads",
            "1",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
        ]
        self.nannies.append(subprocess.Popen(command, **self.start))

    def workers(self) -> list[psutil.Process]:
        """Give the worker processes: the children of nannies that run no resource tracker."""
        nannies = [psutil.Process(nanny.pid) for nanny in self.nannies if nanny.poll() is None]
        children = [child for nanny in nannies for child in nanny.children()]
        return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


@contextmanager
def cluster(folder: Path):
    """Run a cluster until the end of the block."""
    with (folder / "dask.log").open("ab") as log:
        start = {"cwd": folder, "stdout": log, "stderr": log}
        place = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
        command = [BIN / "dask", "scheduler", *place, "--scheduler-file", folder / "scheduler.json"]
        scheduler = subprocess.Popen(command, **start)
        nannies = []
        try:
            dask = Cluster(address_of(folder / "scheduler.json"), nannies, start)
            for _ in range(2):
                dask.add_worker()
            yield dask
        finally:
            for process in [*nannies, scheduler]:
                process.send_signal(signal.SIGTERM)
            for process in [*nannies, scheduler]:
                process.wait(60)
            (folder / "scheduler.json").unlink(missing_ok=True)


def address_of(file: Path) -> str:
    """Wait for a scheduler's file and give the address in it."""
    for _ in range(600):
        if file.exists() and file.read_text().strip():
            return json.loads(file.read_text())["address"]
        time.sleep(0.1)
    raise TimeoutError("the scheduler did not start")


def wait_for_workers(dask: Cluster) -> None:
    """Wait until there are two workers; one that its nanny could not start anew is replaced."""
    from distributed import Client

    with Client(dask.address) as client:
        try:
            client.wait_for_workers(2, timeout=60)
        except TimeoutError:
            dask.add_worker()
            client.wait_for_workers(2, timeout=120)


def run(command: list, home: Path, dask: Cluster, moment: float | None) -> tuple[int, float, str]:
    """Run a command, kill a worker after `moment` seconds; give the exit code, the seconds and what it wrote."""
    wait_for_workers(dask)
    environment = {**os.environ, "CREATORCAST_HOME": str(home), "MLFLOW_DISABLE_TELEMETRY": "true"}
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [BIN / "creatorcast", *map(str, command)],
            cwd=home,
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            if moment is not None:
                time.sleep(moment)
                dask.workers()[0].kill()
            code = process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -1
        seconds = time.monotonic() - begin
        output.seek(0)
        return code, seconds, output.read().decode(errors="replace")


def train_runs(folder: Path, creators: int, moments: int) -> int:
    """Train again and again; give how many runs ended as the one without a kill."""
    creatorcast(folder, "simulate", folder / "market", "--creators", creators)

    def error_of(moment):
        home = folder / f"home-{moment or 0:.2f}"
        home.mkdir()
        command = [
            "train",
            folder / "market",
            "--per-post",
            "1",
            "--no-log",
            "--dask",
            dask.address,
        ]
        code, seconds, text = run(command, home, dask, moment)
        manifests = list(home.glob("artifacts/bundles/*/manifest.json"))
        table = json.loads(manifests[0].read_text())["backtest"]["table"] if manifests else []
        errors = [
            row["mae"]
            for row in table
            if row["forecaster"] == "creatorcast" and row["split"] == "seen"
        ]
        return code, seconds, errors[0] if errors else np.nan, text

    with cluster(folder) as dask:
        code, whole, error, text = error_of(None)
        print(f"without a kill: exit code {code}, {whole:.1f} s, error {error:.4f}", flush=True)
        good = 0
        for moment in moments_of(whole, moments):
            code, seconds, other, text = error_of(moment)
            same = code == 0 and abs(other / error - 1) <= TOLERANCE
            good += same
            tell(moment, code, seconds, f"error {other:.4f}", same, text)
    return good


def score_runs(folder: Path, rows: int, moments: int) -> int:
    """Score again and again; give how many runs ended with the bytes of the one without a kill."""
    creatorcast(folder, "simulate", folder / "market", "--creators", 60)
    creatorcast(folder, "train", folder / "market", "--per-post", "1", "--no-log")
    creatorcast(folder, "promote")
    followers = 1000.0 + np.arange(rows)
    platform = np.where(np.arange(rows) % 50 == 7, "myspace", "instagram")
    names = [f"p{number}" for number in range(rows)]
    prospects = pd.DataFrame(
        {"partnership_id": names, "platform": platform, "followers": followers}
    )
    prospects.to_parquet(folder / "list.parquet", row_group_size=16_384)

    def bytes_of(moment):
        out = folder / "scored.csv"
        for path in (out, Path(f"{out}.rejected.csv")):
            path.unlink(missing_ok=True)
        command = [
            "score",
            folder / "list.parquet",
            "--out",
            out,
            "--as-of",
            "2026-06-15",
            "--columns",
            COLUMNS,
            "--dask",
            dask.address,
        ]
        code, seconds, text = run(command, folder, dask, moment)
        files = [
            path.read_bytes() if path.exists() else b""
            for path in (out, Path(f"{out}.rejected.csv"))
        ]
        return code, seconds, files, text

    with cluster(folder) as dask:
        code, whole, files, text = bytes_of(None)
        print(
            f"without a kill: exit code {code}, {whole:.1f} s, {len(files[0]):,} bytes", flush=True
        )
        good = 0
        for moment in moments_of(whole, moments):
            other, seconds, others, text = bytes_of(moment)
            same = (other, others) == (code, files)
            good += same
            tell(
                moment,
                other,
                seconds,
                "same bytes" if others == files else "other bytes",
                same,
                text,
            )
    return good


def moments_of(seconds: float, moments: int) -> np.ndarray:
    """Give moments spread over a run of so many seconds, in an order in which the first ones are spread as well."""
    order = np.random.default_rng(0).permutation(moments)
    return (order + 0.5) * seconds / moments


def tell(moment: float, code: int, seconds: float, what: str, same: bool, text: str) -> None:
    """Print a line of a run, and the end of what it wrote where it ended otherwise."""
    anew = len(re.findall("is done anew", text))
    verdict = "as without the kill" if same else "OTHERWISE: " + text[-400:]
    print(
        f"killed at {moment:6.2f} s: exit code {code}, {seconds:6.1f} s, {what}, steps done anew: {anew}, {verdict}",
        flush=True,
    )


def creatorcast(folder: Path, *arguments) -> None:
    """Run a command that is no part of what is measured."""
    environment = {
        **os.environ,
        "CREATORCAST_HOME": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    subprocess.run(
        [BIN / "creatorcast", *map(str, arguments)], cwd=folder, env=environment, check=True
    )


def main() -> None:
    """Run one of the two and print how many runs ended as without a kill."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["train", "score"])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--creators", type=int, default=60)
    parser.add_argument("--rows", type=int, default=60_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what == "train":
            good = train_runs(Path(folder), arguments.creators, arguments.moments)
        else:
            good = score_runs(Path(folder), arguments.rows, arguments.moments)
    print(f"{good} of {arguments.moments} ended as without the kill")


if __name__ == "__main__":
    main()
