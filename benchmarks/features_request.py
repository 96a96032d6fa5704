"""How long one creator's features take in a request: `python benchmarks/features_request.py`.

Through the frame door (History.from_tables and derive), side by side for several numbers of posts, with captions and without,
in turns; the niche classifier is fitted, so that captions are read in full. The aim is 5 ms for 500 posts. Then through
the array door that the service uses, beside the frame door in the same turns: a creator of a snapshot, a profile with
averages, and 50 posts given inline; the aims are 0.4, 0.4 and 1 ms.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.derive import derive, derive_arrays
from features.derive.queries import Queries, query_features
from features.derive.reference import Reference, fit_reference
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.post_readings import PostReadings
from features.snapshot.reader import Snapshot
from features.snapshot.writer import write_snapshot
from features.tables.model import Tables
from features.tables.schema import CREATORS, DTYPES, POSTS, TableSpec

NOW = pd.Timestamp("2026-06-30", tz="UTC")
POSTS_GIVEN = (1, 50, 500, 2000)
AIM_POSTS, AIM_MS = 500, 5.0
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


def one_request(tables: Tables, reference: Reference) -> float:
    """Return the milliseconds of one request."""
    question = pd.DataFrame(
        {"creator_id": ["c0"], "platform": "instagram", "as_of": NOW, "start_at": NOW}
    )
    start = time.perf_counter()
    derive(History.from_tables(tables), question, reference)
    return 1000 * (time.perf_counter() - start)


def doors(reference: Reference, folder: Path) -> dict[str, tuple[Callable, Callable]]:
    """Give, for each kind of question, what answers it through frames and what through arrays."""
    now = np.array([NOW.value // 1000])
    known, given = market(20, 50, captions=False), market(1, 50, captions=False)
    alone = Tables(creators=given.creators)
    write_snapshot(History.from_tables(known), reference, NOW, folder / "s.arrow", "benchmark")
    history, snapshot = History.from_tables(known), Snapshot.open(folder / "s.arrow")
    question = pd.DataFrame(
        {"creator_id": ["c0"], "platform": "instagram", "as_of": NOW, "start_at": NOW}
    )
    told = {"avg_likes": np.array([900.0]), "avg_comments": np.array([40.0])}
    averages = question.assign(avg_likes=900.0, avg_comments=40.0)
    profile = {"followers": np.array([40_000.0])}
    readings = PostReadings.from_frame(given.posts, np.zeros(50, dtype=int))

    def of_snapshot():
        asked = Queries.from_arrays(np.zeros(1, dtype=int), now, now + DAY_US, {}, snapshot.topics)
        return query_features(
            snapshot.account_features([snapshot.find("instagram", "c0")]), asked, reference
        )

    def inline(posts, more):
        made = History.from_profiles(np.zeros(1), now, profile, None, posts)
        return derive_arrays(
            made, Queries.from_arrays(np.zeros(1, dtype=int), now, now + DAY_US, more), reference
        )

    return {
        "known creator": (lambda: derive(history, question, reference), of_snapshot),
        "profile with averages": (
            lambda: derive(History.from_tables(alone), averages, reference),
            lambda: inline(None, told),
        ),
        "50 posts inline": (
            lambda: derive(History.from_tables(given), question, reference),
            lambda: inline(readings, {}),
        ),
    }


def compare(repeats: int, reference: Reference) -> None:
    """Time both doors in turns and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        found = doors(reference, Path(folder))
        times = {(name, door): [] for name in found for door in (0, 1)}
        for _ in range(repeats):
            for name, door in times:
                start = time.perf_counter()
                found[name][door]()
                times[name, door].append(1000 * (time.perf_counter() - start))
    print(f"{'median (quickest) ms':<24}{'frames':>16}{'arrays':>16}")
    for name in found:
        cells = (
            f"{statistics.median(times[name, d]):.2f} ({min(times[name, d]):.2f})" for d in (0, 1)
        )
        print(f"{name:<24}" + "".join(f"{cell:>16}" for cell in cells))


def main(repeats: int) -> None:
    """Measure in turns and print a table."""
    reference = fit_reference(History.from_tables(market(400, 12, captions=True)), NOW)
    given = {
        (n, captions): market(1, n, captions) for n in POSTS_GIVEN for captions in (False, True)
    }
    times = {key: [] for key in given}
    for _ in range(repeats):
        for key, tables in given.items():
            times[key].append(one_request(tables, reference))
    print(f"{'posts':>6}  {'captions':>8}  {'median ms':>9}  {'quickest':>8}")
    for (n, captions), found in times.items():
        print(
            f"{n:>6,}  {'yes' if captions else 'no':>8}  {statistics.median(found):>9.2f}  {min(found):>8.2f}"
        )
    for captions in (False, True):
        median = statistics.median(times[AIM_POSTS, captions])
        what = f"{AIM_POSTS} posts {'with' if captions else 'without'} captions in {AIM_MS:g} ms"
        print(f"{what}: {'met' if median <= AIM_MS else 'missed'} ({median:.2f})")
    compare(repeats, reference)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    main(parser.parse_args().repeats)
