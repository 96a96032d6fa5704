"""What a snapshot of many creators costs a worker.

    python benchmarks/snapshot_memory.py [--accounts 1000000] [--posts 12] [--home HOME]

Accounts and posts are invented, written as `creatorcast snapshot` writes them, and opened in a fresh process, which
says what it holds resident (all, and the part that is not the mapped file) before and after 10,000 look-ups, and how
long one takes. With a HOME that has a champion, a service of it answers from the snapshot too, and is called about
known creators; what its workers hold is told. This needs Linux. The aim is 1 GB a worker and a look-up in microseconds.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import psutil
from http_load import bentoml, called, free_port, started, stop

from features.derive.fit_reference import fit_reference
from features.derive.queries import Queries, query_features
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.post_readings import PostReadings
from features.snapshot.reader import Snapshot
from features.snapshot.writer import write_snapshot
from models.bundle import load_bundle
from models.champion import champion_folder
from serving.settings import SERVICE

ROOT = Path(__file__).parents[1]
AS_OF = pd.Timestamp("2026-06-30", tz="UTC")
LOOKUPS = 10_000
REFERENCE_ACCOUNTS = 2_000


def invented(accounts: int, posts: int, seed: int = 0) -> History:
    """Make accounts of one platform with `posts` posts each, one every three days."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(accounts), posts)
    likes = np.exp(random.normal(6, 1, accounts))[owner] * np.exp(random.normal(0, 0.6, len(owner)))
    posted = AS_OF.value // 1000 - (8 + 3 * np.tile(np.arange(posts), accounts)) * DAY_US
    told = {"likes": likes.round(), "comments": (likes / 30).round(), "views": (likes * 11).round()}
    told["format"] = random.integers(0, 3, len(owner)).astype(float)
    readings = PostReadings(owner, posted, posted + 7 * DAY_US, np.arange(len(owner)), told, {})
    profile = {
        "followers": np.exp(random.normal(10, 1.5, accounts)).round(),
        "niche": random.integers(0, 28, accounts),
    }
    profile["niche"] = profile["niche"].astype(float)
    history = History.from_profiles(
        np.zeros(accounts), np.full(accounts, AS_OF.value // 1000), profile, None, readings
    )
    return replace(history, accounts=pd.Index([f"instagram/{name}" for name in names(accounts)]))


def names(accounts: int) -> list[str]:
    """Name the accounts."""
    return [f"creator.{number:08}" for number in range(accounts)]


def resident() -> tuple[float, float]:
    """Give the megabytes that this process holds, and those of them that are no file's."""
    said = dict(
        line.split(":", 1)
        for line in Path("/proc/self/status").read_text().splitlines()
        if ":" in line
    )
    return tuple(int(said[name].split()[0]) / 1000 for name in ("VmRSS", "RssAnon"))


def worker(path: str, accounts: int) -> None:
    """Open the snapshot and look creators up; print a table."""
    reference = fit_reference(invented(REFERENCE_ACCOUNTS, 12), AS_OF)
    rows = [("before", 0.0, *resident())]
    start = time.perf_counter()
    snapshot = Snapshot.open(path)
    rows.append(("opened and verified, s", time.perf_counter() - start, *resident()))
    numbers = np.random.default_rng(1).integers(0, accounts, LOOKUPS)
    asked = [f"creator.{number:08}" for number in numbers]
    start = time.perf_counter()
    found = [snapshot.find("instagram", name) for name in asked]
    rows.append(
        (
            f"{LOOKUPS:,} look-ups, µs each",
            1e6 * (time.perf_counter() - start) / LOOKUPS,
            *resident(),
        )
    )
    assert min(found) >= 0
    now = np.array([snapshot.as_of_us])
    question = Queries.from_arrays(
        np.zeros(1, int), now, now + DAY_US, {"format": np.array([2.0])}, snapshot.topics
    )
    start = time.perf_counter()
    for row in found:
        query_features(snapshot.account_features([row]), question, reference)
    rows.append(
        ("their columns, µs each", 1e6 * (time.perf_counter() - start) / LOOKUPS, *resident())
    )
    print(f"{'':<28}{'time':>9}  {'resident MB':>11}  {'without files':>13}")
    for what, taken, whole, own in rows:
        print(f"{what:<28}{taken:>9.2f}  {whole:>11,.0f}  {own:>13,.0f}")


def served(path: Path, home: Path, accounts: int) -> None:
    """Start a service over the snapshot and call it about creators that it knows; print what that takes."""
    port = free_port()
    own = {
        "CREATORCAST_HOME": str(home),
        "CREATORCAST_SNAPSHOT": str(path),
        "PYTHONPATH": str(ROOT),
    }
    process = started(bentoml(SERVICE, port), port, "/readyz", ROOT, own)
    try:
        for number in (5, accounts // 2, accounts - 5):
            asked = {
                "creator_id": f"creator.{number:08}",
                "platform": "instagram",
                "fee_usd": 900,
                "format": "video",
            }
            body = orjson.dumps(
                {
                    "as_of": f"{AS_OF + pd.Timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
                    "partnerships": [asked],
                }
            )
            run = called(port, "/v1/predict", body, 1, 3.0)
            print(f"served, creator {number:>9,}: p50 {run['p50']:.2f} ms, p99 {run['p99']:.2f} ms")
        workers = [
            one.memory_full_info() for one in psutil.Process(process.pid).children(recursive=True)
        ]
        shown = ", ".join(
            f"{one.rss / 1e6:,.0f} MB ({one.uss / 1e6:,.0f} its own)"
            for one in workers
            if one.rss > 2e8
        )
        print(f"held by the workers: {shown}")
    finally:
        stop([process])


def main(accounts: int, posts: int, home: Path | None) -> None:
    """Write the snapshot and let a fresh process, and a service, use it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.arrow"
        champion = home and load_bundle(champion_folder(home))
        reference = (
            champion.reference
            if champion
            else fit_reference(invented(REFERENCE_ACCOUNTS, 12), AS_OF)
        )
        history = invented(accounts, posts)
        start = time.perf_counter()
        write_snapshot(
            history, reference, AS_OF, path, champion.version if champion else "invented"
        )
        taken, size = time.perf_counter() - start, path.stat().st_size / 1e6
        print(
            f"{accounts:,} accounts with {posts} posts each: written in {taken:.0f} s, {size:,.0f} MB",
            flush=True,
        )
        del history
        subprocess.run(
            [sys.executable, __file__, "--worker", str(path), "--accounts", str(accounts)],
            check=True,
        )
        if home:
            served(path, home.resolve(), accounts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--posts", type=int, default=12)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--worker")
    told = parser.parse_args()
    worker(told.worker, told.accounts) if told.worker else main(
        told.accounts, told.posts, told.home
    )
