"""How long one creator's features take in a request: `python benchmarks/features_request.py [--base FOLDER]`.

Through the frame door (History.from_tables and derive) for several numbers of posts, with captions and without; the niche
classifier is fitted, so that captions are read in full. The aim is 3 ms for 500 posts. Then through the array door that
the service uses, beside the frame door: a creator of a snapshot, a profile with averages, and 50 and 500 posts given
inline; the aims are 0.4, 0.4, 1 and 3 ms. All are asked in turns.

Timed is the wall clock and, for a busy machine, the processor's time. `--base FOLDER` measures another checkout too,
which has its own .venv: fresh processes of both take turns. `--json FILE` keeps all figures.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from moved_names import fit_reference

from features.derive.derive import derive, derive_arrays
from features.derive.queries import Queries, query_features
from features.derive.reference import Reference
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.post_readings import PostReadings
from features.snapshot.reader import Snapshot
from features.snapshot.writer import write_snapshot
from features.tables.model import Tables
from features.tables.schema import CREATORS, DTYPES, POSTS, TableSpec

NOW = pd.Timestamp("2026-06-30", tz="UTC")
POSTS_GIVEN = (1, 50, 500, 2000)
#: Fresh processes of each checkout, in turns.
ROUNDS = 4
AIM_POSTS, AIM_MS = 500, 3.0
CAPTION = "Making pasta at home with fresh basil, slow tomatoes and good olive oil from the market #foodie #pasta #homemade"


def frame(spec: TableSpec, columns: dict, rows: int) -> pd.DataFrame:
    """Return a table of the spec's columns; those not given are missing."""
    kinds = {column.name: DTYPES[column.kind] for column in spec.columns}
    return pd.DataFrame(
        {name: pd.Series(columns.get(name), index=range(rows), dtype=kinds[name]) for name in kinds}
    )


def market(creators: int, posts: int, captions: bool, seed: int = 0) -> Tables:
    """Make creators with `posts` posts each, one every other day up to NOW."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(creators), posts)
    level = np.exp(random.normal(6, 1, creators))[owner] * np.exp(random.normal(0, 0.6, len(owner)))
    names = np.array([f"c{i}" for i in range(creators)])
    made = {
        "platform": "instagram",
        "creator_id": names[owner],
        "post_id": np.arange(len(owner)).astype(str),
        "posted_at": NOW - pd.to_timedelta(np.tile(np.arange(posts) * 2 + 8, creators), unit="D"),
        "format": np.array(["image", "carousel", "video"])[random.integers(0, 3, len(owner))],
        "likes": level.round(),
        "comments": (level / 30).round(),
        "views": (level * 11).round(),
        "sponsored": random.random(len(owner)) < 0.1,
        "caption_words": 19.0,
        **({"text": CAPTION} if captions else {}),
    }
    niche = np.where(
        np.arange(creators) % 3 == 0,
        None,
        np.array(["food", "travel", "home"])[np.arange(creators) % 3],
    )
    own = {
        "creator_id": names,
        "platform": "instagram",
        "followers": 40_000.0,
        "niche": niche,
        "observed_at": NOW,
    }
    if captions:
        own["bio"] = "Recipes from a small kitchen"
    return Tables(creators=frame(CREATORS, own, creators), posts=frame(POSTS, made, len(owner)))


def through_frames(tables: Tables, reference: Reference) -> Callable:
    """Return what answers one request through the frame door."""
    question = pd.DataFrame(
        {"creator_id": ["c0"], "platform": "instagram", "as_of": NOW, "start_at": NOW}
    )
    return lambda: derive(History.from_tables(tables), question, reference)


def through_arrays(reference: Reference, posts: int, captions: bool, more: dict) -> Callable:
    """Return what answers one request with so many posts through the array door."""
    now = np.array([NOW.value // 1000])
    profile = {"followers": np.array([40_000.0])}
    given = market(1, posts, captions).posts if posts else None
    readings = None if given is None else PostReadings.from_frame(given, np.zeros(posts, dtype=int))

    def answer() -> np.ndarray:
        # as the service gets them: nothing that is kept with the readings of another request
        fresh = None if readings is None else replace(readings)
        made = History.from_profiles(np.zeros(1), now, profile, None, fresh)
        queries = Queries.from_arrays(np.zeros(1, dtype=int), now, now + DAY_US, more)
        return derive_arrays(made, queries, reference)

    return answer


def doors(reference: Reference, folder: Path) -> dict[str, Callable]:
    """Give, for each kind of question and door, what answers it."""
    now = np.array([NOW.value // 1000])
    known = market(20, 50, captions=False)
    write_snapshot(History.from_tables(known), reference, NOW, folder / "s.arrow", "benchmark")
    history, snapshot = History.from_tables(known), Snapshot.open(folder / "s.arrow")
    question = pd.DataFrame(
        {"creator_id": ["c0"], "platform": "instagram", "as_of": NOW, "start_at": NOW}
    )
    averages = question.assign(avg_likes=900.0, avg_comments=40.0)
    told = {"avg_likes": np.array([900.0]), "avg_comments": np.array([40.0])}
    alone = Tables(creators=market(1, 1, captions=False).creators)

    def of_snapshot():
        asked = Queries.from_arrays(np.zeros(1, dtype=int), now, now + DAY_US, {}, snapshot.topics)
        return query_features(
            snapshot.account_features([snapshot.find("instagram", "c0")]), asked, reference
        )

    found = {
        "frames, known creator": lambda: derive(history, question, reference),
        "arrays, known creator": of_snapshot,
        "frames, profile with averages": lambda: derive(
            History.from_tables(alone), averages, reference
        ),
        "arrays, profile with averages": through_arrays(reference, 0, False, told),
    }
    for n in POSTS_GIVEN:
        for captions in (False, True):
            posts = f"{n} posts {'with' if captions else 'without'} captions"
            found[f"frames, {posts}"] = through_frames(market(1, n, captions), reference)
            found[f"arrays, {posts}"] = through_arrays(reference, n, captions, {})
    return found


def measure(repeats: int) -> dict[str, dict[str, list[float]]]:
    """Ask all in turns; return by question the milliseconds of the `wall` clock and the `cpu`."""
    reference = fit_reference(History.from_tables(market(400, 12, captions=True)), NOW)
    with tempfile.TemporaryDirectory() as folder:
        asked = doors(reference, Path(folder))
        times = {name: {"wall": [], "cpu": []} for name in asked}
        for _ in range(repeats):
            for name, answer in asked.items():
                start, worked = time.perf_counter(), time.process_time()
                answer()
                times[name]["cpu"].append(1000 * (time.process_time() - worked))
                times[name]["wall"].append(1000 * (time.perf_counter() - start))
    return times


def in_turns(repeats: int, base: Path | None) -> dict[str, dict]:
    """Measure each checkout ROUNDS times in a fresh process; return by checkout what `measure`
    returns, of all rounds together.
    """
    pythons = {"ours": sys.executable}
    if base is not None:
        pythons["base"] = str(base / ".venv/bin/python")
    runs: dict[str, list[dict]] = {checkout: [] for checkout in pythons}
    each = str(max(1, repeats // ROUNDS))
    for _ in range(ROUNDS):
        for checkout, python in pythons.items():
            command = [python, __file__, "--measure", "--repeats", each]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            runs[checkout].append(json.loads(done.stdout))
    return {
        checkout: {
            name: {clock: [ms for run in of for ms in run[name][clock]] for clock in of[0][name]}
            for name in of[0]
        }
        for checkout, of in runs.items()
    }


def report(found: dict[str, dict]) -> None:
    """Print a table of the medians, and whether the aims are met."""
    print(f"{'median (quickest) ms':<38}{'wall':>16}{'cpu':>16}{'base cpu':>16}{'base / ours':>13}")
    for name, times in found["ours"].items():
        shown = [times["wall"], times["cpu"]]
        if "base" in found:
            shown.append(found["base"][name]["cpu"])
        cells = "".join(f"{f'{statistics.median(of):.2f} ({min(of):.2f})':>16}" for of in shown)
        ratio = statistics.median(shown[-1]) / statistics.median(times["cpu"])
        print(f"{name:<38}{cells}" + (f"{ratio:>13.2f}" if "base" in found else ""))
    for door in ("frames", "arrays"):
        for captions in ("with", "without"):
            name = f"{door}, {AIM_POSTS} posts {captions} captions"
            median = statistics.median(found["ours"][name]["wall"])
            print(
                f"{name} in {AIM_MS:g} ms: {'met' if median <= AIM_MS else 'missed'} ({median:.2f})"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--base", type=Path, help="another checkout, with its own .venv")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.measure:
        print(json.dumps(measure(a.repeats)))
        return
    found = in_turns(a.repeats, a.base)
    report(found)
    if a.json:
        a.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
