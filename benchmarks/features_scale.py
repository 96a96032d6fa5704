"""How derive scales, against a plain pandas implementation of the same signals of posts.

    python benchmarks/features_scale.py [--posts 10000000] [--creators 100000] [--questions 200000] [--repeats 3] [--base FOLDER] [--json FILE]
    python benchmarks/features_scale.py --question-per-post

Both are run in turns, each run in a fresh process that first reads the same tables from Parquet. Timed is what follows:
ours is `History.from_tables` and `derive`, pandas is merge, filter and groupby as an analyst writes them. The memory is the peak
resident size during the timed part minus the resident size just before it, so that the tables count for neither. The
kernel keeps the peak (VmHWM, reset through /proc/self/clear_refs), so no short one escapes between two samples; this
needs Linux. The reference is fitted beforehand on a subsample, and what pandas would not compute (priors of the market,
usual effects of formats) it takes from there as well. Before all that, both must agree on a small sample.

The posts are invented: lognormal activity, four platforms, several readings of a post, reposts, hidden likes, unknown
views, shares and formats. Posts of one creator at the same microsecond do not occur; their order is left to ours.
`--base FOLDER` measures `ours` of another checkout too, by its own .venv and code, in the same turns; the processor's
seconds compare both on a busy machine. `--json FILE` keeps the figures of every run. Three rounds of base, ours and
pandas at 10 million posts take some 8 minutes of two free cores.

Nobody writes a word in the timed runs, for derive would read niches from it, which pandas is not asked for (`--topics`
gives posts topics); the scores of authenticity are derive's alone as well, and stay inside its time.
"""

import argparse
import ctypes
import gc
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import features

# the tests of the checkout whose features these are
sys.path.append(str(Path(features.__file__).parents[1] / "tests"))
from invented_tables import fit_small, make_queries, make_tables, query_each_post
from pandas_oracle import ATOL, RTOL, compare, pandas_signals

from features.derive.derive import derive
from features.derive.reference import Reference
from features.history.history import History
from features.tables.folder import read_tables, write_tables

POSTS_A_CREATOR = 100
FASTER, MEMORY_SHARE = 4.0, 2 / 3
EACH_POST = (100_000, 1_000_000)
#: Measured bytes, to estimate what pandas needs: tables and cleaned readings a post, and a row of the merge.
TABLE_BYTES, READING_BYTES, MERGED_BYTES = 250, 250, 100
PEAK_RESET = Path("/proc/self/clear_refs")


def check() -> int:
    """Compare both on a small sample; return the number of columns compared. Exits where any differs."""
    tables = make_tables(30_000, 400, topics=True, seed=2)
    questions = make_queries(tables, 2_000)
    both, different, missing = compare(tables, questions, fit_small(tables))
    if different:
        raise SystemExit(
            f"pandas and derive differ in {', '.join(different)}: one of them is wrong"
        )
    tell(f"{len(both)} columns agree (rtol {RTOL}, atol {ATOL}) over {len(questions)} questions")
    tell(f"from posts in part or whole, and not compared: {', '.join(missing) or 'none'}")
    return len(both)


def write_data(
    folder: Path, posts: int, creators: int, questions: int, topics: bool, each_post: bool
) -> None:
    """Write tables, questions and reference; tell on stdout how many rows the merge of pandas will have."""
    tables = make_tables(posts, creators, topics)
    asked = query_each_post(tables) if each_post else make_queries(tables, questions)
    account = ["platform", "creator_id"]
    merged = (
        asked[account]
        .merge(tables.posts.groupby(account).size().rename("posts"), on=account)["posts"]
        .sum()
    )
    write_tables(tables, folder)
    asked.to_parquet(folder / "questions.parquet")
    (folder / "reference.json").write_text(json.dumps(fit_small(tables).to_json()))
    print(json.dumps({"merged": int(merged)}))


SIDES = {
    "ours": lambda tables, questions, reference: derive(
        History.from_tables(tables), questions, reference
    ),
    "pandas": pandas_signals,
}


def run_once(side: str, folder: Path) -> dict:
    """Run one side on the data in `folder`, in this process; seconds, and the memory in MB at its peak and before."""
    tables, questions = read_tables(folder), pd.read_parquet(folder / "questions.parquet")
    reference = Reference.from_json(json.loads((folder / "reference.json").read_text()))
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
    PEAK_RESET.write_text("5")
    before, began, worked = resident("VmRSS"), time.perf_counter(), time.process_time()
    result = SIDES[side](tables, questions, reference)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resident("VmHWM") - before
    size = {"rows": len(result), "columns": result.shape[1]}
    return {"seconds": seconds, "cpu": cpu, "peak": peak, "loaded": before, **size}


def resident(field: str) -> float:
    """Return VmRSS (resident now) or VmHWM (its peak) of this process in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def free_mb() -> float:
    return int(re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())[1]) / 1024


def in_fresh_process(*arguments, python: Path | str = sys.executable) -> dict:
    """Run this script with `arguments` by an interpreter; return the JSON that it prints last."""
    command = [str(python), __file__, *map(str, arguments)]
    return json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]
    )


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def in_turns(
    folder: Path, sides: list[str], repeats: int, base: Path | None = None
) -> dict[str, list[dict]]:
    """Run each side once a round, each in a fresh process; `base`: the other checkout, whose
    `ours` is run too.
    """
    runs = {side: [] for side in [*sides, *["base"] * (base is not None)]}
    for number in range(repeats):
        for side in runs:
            run = (
                in_fresh_process("--side", side, "--folder", folder)
                if base is None or side != "base"
                else in_fresh_process(
                    "--side", "ours", "--folder", folder, python=base / ".venv/bin/python"
                )
            )
            runs[side].append(run)
            took = f"{run['seconds']:.1f} s, {run['cpu']:.1f} of them CPU"
            tell(
                f"round {number + 1}: {side} {took}; {run['peak']:.0f} MB above {run['loaded']:.0f}"
            )
    return runs


def middle(runs: list[dict], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def row(title: str, runs: list[dict]) -> str:
    seconds = f"{middle(runs, 'seconds'):>11.2f}{min(run['seconds'] for run in runs):>9.2f}"
    return f"{title:<26}{seconds}{middle(runs, 'cpu'):>9.2f}{middle(runs, 'peak'):>10.0f}{runs[0]['columns']:>9}"


HEAD = f"{'':<26}{'median s':>11}{'min s':>9}{'cpu s':>9}{'peak MB':>10}{'columns':>9}"


def verdict(runs: dict[str, list[dict]]) -> list[str]:
    """Set both sides' medians against each other, and say whether the targets are met."""
    met = {True: "met", False: "missed"}
    faster = middle(runs["pandas"], "seconds") / middle(runs["ours"], "seconds")
    share = middle(runs["ours"], "peak") / middle(runs["pandas"], "peak")
    lines = []
    if "base" in runs:
        cpu, peak = (middle(runs["base"], w) / middle(runs["ours"], w) for w in ("cpu", "peak"))
        lines = [f"base / ours            {cpu:.2f} times the CPU, {peak:.2f} the memory"]
    return [
        *lines,
        f"time, pandas / ours    {faster:.2f}   target {FASTER:g} or more: {met[faster >= FASTER]}",
        f"memory, ours / pandas  {share:.2f}   target {MEMORY_SHARE:.2f} or less: {met[share <= MEMORY_SHARE]}",
    ]


def spare_questions(folder: Path, posts: int, merged: int) -> None:
    """Take questions away where the merge of pandas would not fit into the free memory, and say so."""
    asked = pd.read_parquet(folder / "questions.parquet")
    fixed = posts * (TABLE_BYTES + READING_BYTES) / 2**20
    needed, free = merged * MERGED_BYTES / 2**20, 0.9 * free_mb() - fixed
    tell(
        f"the merge has {merged} rows: pandas needs about {fixed + needed:.0f} MB, tables included"
    )
    if needed > free:
        kept = max(1, int(len(asked) * free / needed))
        tell(
            f"this machine has too little memory for it: BOTH SIDES ARE ASKED {kept} OF {len(asked)} QUESTIONS"
        )
        asked.head(kept).to_parquet(folder / "questions.parquet")


def side_by_side(
    sizes: tuple[int, int, int],
    repeats: int,
    topics: bool,
    base: Path | None,
    figures: Path | None,
) -> str:
    """Return the table of all sides in turns; `sizes`: posts, creators, questions; `figures`: the
    file to which every run is written.
    """
    posts, creators, questions = sizes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tell(f"making {posts} posts of {creators} creators and {questions} questions")
        size = ("--posts", posts, "--creators", creators, "--questions", questions)
        made = in_fresh_process("--make", "--folder", folder, *size, *["--topics"] * topics)
        spare_questions(folder, posts, made["merged"])
        runs = in_turns(folder, ["ours", "pandas"], repeats, base)
    if figures is not None:
        figures.write_text(json.dumps(runs))
    asked = runs["ours"][0]["rows"]
    title = f"{posts} posts, {creators} creators, {asked} questions, {repeats} round(s)"
    return "\n".join(
        [title, HEAD, *(row(side, found) for side, found in runs.items()), *verdict(runs)]
    )


def question_per_post(repeats: int) -> str:
    """Return the table of as many questions as posts, 100 posts a creator: pandas at the smaller size only."""
    lines, ours = [HEAD], {}
    for posts in EACH_POST:
        with tempfile.TemporaryDirectory() as name:
            tell(f"making {posts} posts and a question for each")
            sizes = ("--posts", posts, "--creators", posts // POSTS_A_CREATOR)
            made = in_fresh_process("--make", "--folder", name, *sizes, "--question-per-post")
            sides = ["ours", "pandas"] if posts == EACH_POST[0] else ["ours"]
            runs = in_turns(Path(name), sides, repeats)
        ours[posts] = runs["ours"]
        lines += [row(f"{side}, {posts} posts", found) for side, found in runs.items()]
        lines += [f"{'':<4}the merge of pandas: {made['merged']} rows"]
    slower, larger = (
        middle(ours[EACH_POST[1]], w) / middle(ours[EACH_POST[0]], w) for w in ("seconds", "peak")
    )
    return "\n".join(
        [
            *lines,
            f"ten times the posts and questions: {slower:.1f} times the time, {larger:.1f} the memory",
        ]
    )


def machine() -> str:
    versions = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, pandas {pd.__version__}"
    )
    return f"{os.cpu_count()} cores, {platform.machine()}, {versions}, pyarrow {pa.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=10_000_000)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--topics",
        action="store_true",
        help="give posts topics, from which derive reads niches too",
    )
    parser.add_argument(
        "--question-per-post", action="store_true", help="as many questions as posts, two sizes"
    )
    parser.add_argument("--base", type=Path, help="another checkout, with its own .venv")
    parser.add_argument("--json", type=Path, help="write the figures of every run to this file")
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if not PEAK_RESET.exists():
        parser.error(
            f"peak memory is read from {PEAK_RESET.parent}, which this system lacks: run it on Linux"
        )
    if a.make:
        write_data(a.folder, a.posts, a.creators, a.questions, a.topics, a.question_per_post)
    elif a.side:
        print(json.dumps(run_once(a.side, a.folder)))
    else:
        compared = check()
        if a.question_per_post:
            table = question_per_post(a.repeats)
        else:
            sizes = (a.posts, a.creators, a.questions)
            table = side_by_side(sizes, a.repeats, a.topics, a.base, a.json)
        print(f"{table}\n{compared} columns compared and equal on a small sample\n{machine()}")


if __name__ == "__main__":
    main()
