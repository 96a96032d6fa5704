"""The demo market: a seeded generator of canonical tables whose truth is known, and its folder.

Reading order: parameters and platforms (the figures), truth (the mean of a post), creators, posts,
readings, deals, and here the order in which they are drawn. But: nothing about real creators
follows from it.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.files.atomic import new_folder
from features.files.formula_escape import escape_formula_frame
from features.tables.folder import write_tables
from features.tables.model import Tables
from features.tables.vocabulary import FORMATS
from training.simulate.columns import text_column, time_column
from training.simulate.creator_tables import creators_table, followers_table
from training.simulate.creators import SimulatedCreators, draw_creators
from training.simulate.deals import (
    draw_prospects,
    partnerships_table,
    partnerships_truth,
    plan_deals,
)
from training.simulate.parameters import DEMO_MARKET, MarketParameters
from training.simulate.posts import draw_outcomes, plan_posts, posts_table
from training.simulate.readings import draw_readings, truth_readings
from training.simulate.truth import MarketTruth

SOURCE = "creatorcast demo market"

#: What a simulated data set consists of; a folder with anything else in it is never replaced.
MARKET_FILES = frozenset({"dataset.json", "prospects.csv", "truth"}) | {
    f"{name}.parquet" for name in ("creators", "followers", "posts", "partnerships")
}

#: Called with what is being done and the share of the work that is behind it, 0 to 1.
Progress = Callable[[str, float], None]


class SimulateError(CreatorcastError):
    """The market cannot be simulated with these arguments, or its folder not written."""


def simulate(
    creators: int,
    seed: int,
    market: MarketParameters = DEMO_MARKET,
    progress: Progress | None = None,
) -> tuple[Tables, MarketTruth]:
    """Draw a market: tables that pass `features.tables.validate.validate` unchanged, and the truth
    behind them.

    The same creators, seed and market give the same tables to the byte. Raises SimulateError for
    fewer than 1 creator.
    """
    tables, truth, _ = _draw(creators, seed, market, progress or _silent)
    return tables, truth


def write_market(
    out: Path | str,
    creators: int,
    seed: int,
    market: MarketParameters = DEMO_MARKET,
    progress: Progress | None = None,
) -> Path:
    """Simulate a market into the folder `out`: the canonical tables, prospects.csv, and apart from
    them truth/.

    Nothing half-written stays: all is written beside `out` and moved there at the end. An earlier
    simulated data set is replaced. Raises SimulateError where `out` holds anything else, before any
    work is done.
    """
    out = Path(out).resolve()
    _refuse_other_data(out)
    progress = progress or _silent
    tables, truth, prospects = _draw(creators, seed, market, progress)
    progress("writing", 0.8)
    with new_folder(out, replaces=True) as unfinished:
        write_tables(tables, unfinished)
        truth.write(unfinished / "truth")
        escape_formula_frame(prospects).to_csv(
            unfinished / "prospects.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ"
        )
    progress("done", 1.0)
    return out


def _draw(
    creators: int, seed: int, market: MarketParameters, progress: Progress
) -> tuple[Tables, MarketTruth, pd.DataFrame]:
    if creators < 1 or seed < 0:
        raise SimulateError(
            f"creators {creators!r}, seed {seed!r}: expected at least 1 creator and a seed of 0 "
            f"or more"
        )
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(8)]
    progress("creators", 0.0)
    simulated = draw_creators(streams[0], creators, market)
    deals = plan_deals(streams[1], simulated, market)
    progress("posts", 0.05)
    posts = draw_outcomes(
        streams[2], simulated, plan_posts(streams[3], simulated, deals, market), market
    )
    progress("readings", 0.2)
    readings = draw_readings(streams[4], simulated, posts, market)
    progress("tables", 0.45)
    tables = Tables(
        creators=creators_table(streams[5], simulated, market),
        followers=followers_table(streams[5], simulated, market),
        posts=posts_table(streams[6], simulated, posts, readings, market),
        partnerships=partnerships_table(simulated, deals, posts, readings, market),
        meta={
            "simulated": True,
            "timezone": "UTC",
            "source": SOURCE,
            "seed": seed,
            "creators": creators,
        },
    )
    truth = MarketTruth(
        simulated.truth,
        _posts_truth(simulated, posts, market),
        truth_readings(simulated, posts, readings),
        partnerships_truth(simulated, deals, market),
        market,
    )
    return tables, truth, draw_prospects(streams[7], simulated, market)


def _posts_truth(
    simulated: SimulatedCreators, posts: pd.DataFrame, market: MarketParameters
) -> pd.DataFrame:
    row = posts["row"].to_numpy()
    return pd.DataFrame(
        {
            "platform": text_column(simulated.truth["platform"], row),
            "post_id": posts["post_id"],
            "creator_id": text_column(simulated.truth["creator_id"], row),
            "posted_at": time_column(market.start, posts["seconds"].to_numpy()),
            "format": text_column(FORMATS, posts["format"].to_numpy()),
            "sponsored": posts["sponsored"].to_numpy(dtype=bool),
            "fit": posts["fit"],
            "ln_expected": posts["ln_expected"],
        }
    )


def _refuse_other_data(out: Path) -> None:
    if not out.exists():
        return
    remedy = "choose another folder, or move what is there"
    if not out.is_dir():
        raise SimulateError(f"{str(out)!r} is a file, expected a folder to write to: {remedy}")
    names = {path.name for path in out.iterdir()}
    if names and not _is_simulated(out):
        raise SimulateError(f"{str(out)!r} holds files that are no simulated data set: {remedy}")
    if names - MARKET_FILES:
        foreign = ", ".join(sorted(names - MARKET_FILES))
        raise SimulateError(
            f"{str(out)!r} holds more than a simulated data set ({foreign}): {remedy}"
        )


def _is_simulated(folder: Path) -> bool:
    try:
        meta = json.loads((folder / "dataset.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(meta, dict) and meta.get("simulated") is True


def _silent(step: str, share: float) -> None:
    pass
