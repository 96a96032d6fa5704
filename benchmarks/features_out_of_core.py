"""The features of a data folder whose posts do not fit in memory: seconds by stage, peak memory, sizes of the files.

    python benchmarks/features_out_of_core.py [--posts 100000000] [--creators 1000000] [--folder FOLDER] [--parts N]

Makes a market in FOLDER (where it holds none yet; a temporary one by default), then runs
`features.out_of_core.derive_folder` on it in a fresh process. The peak memory is that of the whole process: VmHWM, which
the kernel keeps, and the largest of samples of VmRSS taken ten times a second; this needs Linux.

The posts are invented: lognormal activity, four platforms, a tenth of them read twice, captions and hashtags of the
words of the creator's niche, which two in five creators do not declare. They lie in the file by time, so that the
posts of one creator are all over it. Before anything is made, the free disk space is checked.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import out_of_core
from features.history.history import History
from features.niche.tokens import seed_words
from features.partition import parts
from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS

START, DAYS = pd.Timestamp("2024-01-01", tz="UTC"), 730
AS_OF = START + pd.Timedelta(days=DAYS)
START_US, DAY_US = START.value // 1000, 86_400_000_000
#: Posts made at a time, and phrases of each niche that captions are put together from.
CHUNK, PHRASES = 1_000_000, 400
#: Bytes of disk that a post takes, in the market and in the parts, and an account with its features.
POST_BYTES, ACCOUNT_BYTES = 180, 2_500
#: What a part passes through, by the module or class that calls it.
WORK = {
    "read_parts": out_of_core,
    "validate": parts,
    "from_tables": History,
    "fit_reference": out_of_core,
    "derive": out_of_core,
}

# --- the market ---


def write_market(folder: Path, posts: int, creators: int, seed: int = 0) -> None:
    """Write `creators`, three readings of followers each, and `posts` readings of posts as Parquet, chunk by chunk."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    people = {
        "platform": random.choice(len(PLATFORMS), creators, p=[0.4, 0.3, 0.2, 0.1]),
        "niche": random.integers(0, len(NICHES), creators),
        "level": random.normal(5, 1.5, creators),
        "activity": np.cumsum(random.lognormal(0, 0.7, creators)),
    }
    phrases = invent_phrases(random)
    pq.write_table(creator_rows(random, people, phrases), folder / "creators.parquet")
    pq.write_table(follower_rows(random, people), folder / "followers.parquet")
    unfinished = folder / "posts.unfinished"
    writer = None
    for first in range(0, posts, CHUNK):
        rows = post_rows(random, people, phrases, first, min(CHUNK, posts - first), posts)
        writer = writer or pq.ParquetWriter(unfinished, rows.schema, compression="zstd")
        writer.write_table(rows)
    writer.close()
    unfinished.rename(folder / "posts.parquet")


def invent_phrases(random: np.random.Generator) -> pa.Array:
    """Return PHRASES phrases of six words for each niche, one niche after the other."""
    phrases = []
    for niche in NICHES:
        words = [word for word, niches in seed_words().items() if niche in niches]
        chosen = random.choice(
            np.array([*words, "today", "with", "my", "the", "new"]), (PHRASES, 6)
        )
        phrases += [" ".join(row) for row in chosen]
    return pa.array(phrases)


def creator_rows(random: np.random.Generator, people: dict, phrases: pa.Array) -> pa.Table:
    n = len(people["niche"])
    created = START_US - random.integers(100, 4000, n) * DAY_US
    return pa.table(
        {
            **accounts(people, np.arange(n)),
            "observed_at": moments(np.full(n, START_US)),
            "handle": numbered("user", np.arange(n)),
            "followers": followers(random, people["level"]),
            "following": random.integers(10, 3000, n),
            "created_at": moments(created),
            "niche": pa.array(NICHES).take(pa.array(people["niche"], mask=random.random(n) < 0.4)),
            "bio": phrases.take(
                pa.array(people["niche"] * PHRASES + random.integers(0, PHRASES, n))
            ),
            "verified": random.random(n) < 0.1,
        }
    )


def follower_rows(random: np.random.Generator, people: dict) -> pa.Table:
    row = np.repeat(np.arange(len(people["niche"])), 3)
    at = START_US + np.tile([200, 400, 600], len(row) // 3) * DAY_US
    counts = followers(random, people["level"][row])
    return pa.table({**accounts(people, row), "observed_at": moments(at), "followers": counts})


def post_rows(random, people: dict, phrases: pa.Array, first: int, n: int, total: int) -> pa.Table:
    """Invent the readings number `first` to `first + n` of `total`; those of one chunk are of one span of time."""
    own = n - n // 10
    activity = people["activity"]
    who = np.searchsorted(activity, random.random(own) * activity[-1])
    span = np.array([first, first + n]) / total * DAYS * DAY_US
    posted = START_US + random.integers(*span.astype("int64"), own)
    post = np.concatenate([np.arange(own), random.permutation(own)[: n - own]])
    who, posted, again = who[post], posted[post], np.arange(n) >= own
    age = np.where(again, 60, random.choice([3, 8, 20, 45], n, p=[0.05, 0.35, 0.3, 0.3])) * DAY_US
    engagements = np.exp(people["level"][who] + random.normal(0, 0.6, n))
    said = [
        phrases.take(pa.array(people["niche"][who] * PHRASES + random.integers(0, PHRASES, n)))
        for _ in range(3)
    ]
    return pa.table(
        {
            **accounts(people, who),
            "post_id": numbered("p", first + post),
            "observed_at": moments(posted + age),
            "posted_at": moments(posted),
            "format": pa.array(FORMATS).take(pa.array(random.integers(0, len(FORMATS), n))),
            "likes": np.round(0.9 * engagements).astype("int64"),
            "comments": np.round(0.05 * engagements).astype("int64"),
            "shares": pa.array(
                np.round(0.05 * engagements).astype("int64"), mask=random.random(n) < 0.1
            ),
            "views": pa.array(
                np.round(12 * engagements).astype("int64"), mask=random.random(n) < 0.25
            ),
            "repost": random.random(n) < 0.03,
            "sponsored": pa.array(random.random(n) < 0.1, mask=random.random(n) < 0.2),
            "text": pc.binary_join_element_wise(*said[:2], ", "),
            "hashtags": pc.replace_substring(said[2], " ", " #"),
            "has_location": random.random(n) < 0.3,
        }
    )


def accounts(people: dict, rows: np.ndarray) -> dict[str, pa.Array]:
    platform = pa.array(PLATFORMS).take(pa.array(people["platform"][rows]))
    return {"creator_id": numbered("c", rows), "platform": platform}


def numbered(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def followers(random: np.random.Generator, level: np.ndarray) -> np.ndarray:
    return np.round(np.exp(level + random.normal(4, 0.5, len(level)))).astype("int64")


def moments(microseconds: np.ndarray) -> pa.Array:
    return pa.array(microseconds, pa.timestamp("us", "UTC"))


# --- the run ---


def run_once(folder: Path, out: Path, parts: int | None, memory_gb: float) -> dict:
    """Derive the folder in this process; seconds by stage and by work, and peaks of memory in MB."""
    stages, work, sampled = [], Counter(), Sampler()
    time_calls(work)
    sampled.start()
    began = time.perf_counter()
    accounts = out_of_core.derive_folder(
        folder,
        AS_OF,
        out,
        parts,
        memory_gb,
        lambda what, share: stages.append((what, time.perf_counter())),
    )
    seconds = time.perf_counter() - began
    sampled.stop()
    by_stage = Counter()
    for (what, at), (_, until) in pairwise(stages):
        by_stage["parts" if what.startswith("part ") else what] += until - at
    return {
        "accounts": accounts,
        "parts": sum(what.startswith("part ") for what, _ in stages),
        "seconds": seconds,
        "stages": by_stage,
        "work": work,
        "peaks": sampled.peaks(stages),
        "sampled": max(size for _, size in sampled.samples),
        "peak": resident("VmHWM"),
    }


def time_calls(seconds: Counter) -> None:
    """Let each function named in WORK add its time to `seconds`."""

    def timed(name, function):
        def call(*arguments, **named):
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds[name] += time.perf_counter() - began

        return call

    for name, owner in WORK.items():
        setattr(owner, name, timed(name, getattr(owner, name)))


class Sampler:
    """Notes the resident size of this process ten times a second, in MB."""

    def __init__(self):
        self.samples, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self) -> None:
        while not self.over.wait(0.1):
            self.samples.append((time.perf_counter(), resident("VmRSS")))

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.over.set()
        self.thread.join()
        self.samples.append((time.perf_counter(), resident("VmRSS")))

    def peaks(self, stages: list[tuple[str, float]]) -> dict[str, float]:
        """Return the largest sample of each stage."""
        found = Counter()
        names, begins = [what for what, _ in stages], [at for _, at in stages]
        for at, size in self.samples:
            what = names[max(0, int(np.searchsorted(begins, at)) - 1)]
            what = "parts" if what.startswith("part ") else what
            found[what] = max(found[what], size)
        return found


def resident(field: str) -> float:
    """Return VmRSS (resident now) or VmHWM (its peak) of this process in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def in_fresh_process(*arguments) -> dict:
    """Run this script with `arguments`; return the JSON that it prints last."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]
    )


def check_disk(folder: Path, posts: int, creators: int) -> None:
    """Exit where the disk has too little space for the market, its parts and the result."""
    needed, free = posts * POST_BYTES + creators * ACCOUNT_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        raise SystemExit(
            f"{needed / 1e9:.1f} GB of disk are needed and {free / 1e9:.1f} GB are free: choose another"
        )


def report(folder: Path, out: Path, found: dict) -> str:
    """Return the table of one run."""
    sizes = {
        path.name: path.stat().st_size / 1e6 for path in [*sorted(folder.glob("*.parquet")), out]
    }
    rows = pq.read_metadata(folder / "posts.parquet").num_rows
    lines = [
        f"{rows:,} posts of {found['accounts']:,} accounts in {found['parts']} part(s)",
        ", ".join(f"{name} {size:,.0f} MB" for name, size in sizes.items()),
        f"{'stage':<36}{'seconds':>9}{'peak MB':>9}",
        *(
            f"{what:<36}{s:>9.1f}{found['peaks'].get(what, 0):>9,.0f}"
            for what, s in found["stages"].items()
        ),
        f"{'all':<36}{found['seconds']:>9.1f}{found['peak']:>9,.0f}   (VmHWM; largest sample {found['sampled']:,.0f})",
        "of it "
        + ", ".join(
            f"{name.lstrip('_')} {seconds:.0f} s" for name, seconds in found["work"].items()
        ),
    ]
    return "\n".join(lines)


def machine() -> str:
    versions = (
        f"Python {platform.python_version()}, pandas {pd.__version__}, pyarrow {pa.__version__}"
    )
    return f"{os.cpu_count()} cores, {platform.machine()}, {versions}, DuckDB {duckdb.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=100_000_000)
    parser.add_argument("--creators", type=int, default=1_000_000)
    parser.add_argument(
        "--folder", type=Path, help="keeps the market, and uses the one that is there"
    )
    parser.add_argument(
        "--parts", type=int, help="into how many parts to split (default: as derive_folder chooses)"
    )
    parser.add_argument("--memory-gb", type=float, default=4.0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--step", choices=["make", "run"], help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.step == "make":
        write_market(a.folder, a.posts, a.creators)
        print("{}")
    elif a.step == "run":
        print(json.dumps(run_once(a.folder, a.folder / "features.parquet", a.parts, a.memory_gb)))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            folder = a.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            settings = ("--memory-gb", a.memory_gb, *(("--parts", a.parts) if a.parts else ()))
            found = measure(folder, a.posts, a.creators, settings)
            print(report(folder, folder / "features.parquet", found), machine(), sep="\n")
            if a.json:
                a.json.write_text(json.dumps(found))


def measure(folder: Path, posts: int, creators: int, settings: tuple) -> dict:
    """Make the market where it is not there yet, derive it, and give what `run_once` found."""
    if not (folder / "posts.parquet").exists():
        check_disk(folder, posts, creators)
        began = time.perf_counter()
        in_fresh_process(
            "--step", "make", "--folder", folder, "--posts", posts, "--creators", creators
        )
        print(f"made in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return in_fresh_process("--step", "run", "--folder", folder, *settings)


if __name__ == "__main__":
    main()
