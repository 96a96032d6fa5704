"""Cuts within each platform's own times: an Instagram panel of 2022 and a YouTube panel of 2026 in one folder."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.history.arrays import DAY_US
from features.history.history import History
from features.maturation.maturation import published_maturation
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import EVIDENCE, HORIZON_DAYS, MATURE_DAYS, PLATFORMS
from models.boosting import Boosting
from training.backend import LOCAL
from training.backtest.backtest import backtest
from training.dataset import Sampling, sample_test_rows, sample_training_rows
from training.fit import Recipe, fit
from training.platform_times import (
    days_text,
    latest_mature_times,
    time_of_post_share,
    times_by_platform,
    timestamps_by_platform,
    to_timestamp,
)
from training.train import mature_end

INSTAGRAM, TIKTOK, YOUTUBE, X = range(len(PLATFORMS))
START = {
    "instagram": pd.Timestamp("2022-01-01", tz="UTC"),
    "youtube": pd.Timestamp("2026-01-01", tz="UTC"),
}
RECIPE = Recipe(
    sampling=Sampling(per_post=1),
    location=Boosting(20, 4, min_child=10),
    scale=Boosting(10, 4, min_child=10),
    folds=2,
    threads=1,
)


def panel(
    platform: str, creators: int, posts: int, spread: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give creators and a post a day of each, the log counts spread about their levels by `spread`."""
    random = np.random.default_rng(seed)
    names = [f"{platform}{number}" for number in range(creators)]
    day = np.tile(np.arange(posts), creators)
    level = np.repeat(random.normal(6, 1, creators), posts)
    likes = np.rint(np.exp(level + random.normal(0, spread, len(level))))
    posted = START[platform] + pd.to_timedelta(day, unit="D")
    frame = pd.DataFrame(
        {"platform": platform, "creator_id": np.repeat(names, posts), "posted_at": posted}
    )
    frame = frame.assign(post_id=np.arange(len(frame)).astype(str), likes=likes, comments=0.0)
    profiles = {
        "creator_id": names,
        "platform": platform,
        "followers": np.rint(np.exp(random.normal(9, 1, creators))),
    }
    return pd.DataFrame(profiles), frame


def history_of(*panels) -> History:
    creators, posts = (pd.concat(frames, ignore_index=True) for frames in zip(*panels, strict=True))
    return History.from_tables(validate(Tables(creators=creators, posts=posts)))


@pytest.fixture(scope="module")
def both():
    return history_of(panel("instagram", 100, 60, 0.3, 1), panel("youtube", 100, 60, 1.2, 2))


def test_each_platform_is_cut_within_its_own_times(both):
    ends = latest_mature_times(both, "engagements", now=int(2e15))
    last = {name: start + pd.Timedelta(days=66) for name, start in START.items()}
    assert timestamps_by_platform(both, ends) == last
    assert [to_timestamp(ends[code]) for code in (TIKTOK, X)] == [last["youtube"]] * 2
    cuts = timestamps_by_platform(both, time_of_post_share(both, "engagements", ends, 0.5))
    assert cuts == {name: start + pd.Timedelta(days=29.5) for name, start in START.items()}


def test_nothing_known_is_told_as_such(both):
    assert time_of_post_share(both, "views", times_by_platform(int(2e15)), 0.5).tolist() == [
        -1
    ] * len(PLATFORMS)
    assert latest_mature_times(both, "views", now=5).tolist() == [0] * len(PLATFORMS)


def test_the_present_bounds_the_end_of_the_data(both):
    assert latest_mature_times(both, "engagements", now=1000).tolist() == [1000] * len(PLATFORMS)


def test_rows_are_known_at_the_moment_of_their_platform(both):
    until = time_of_post_share(both, "engagements", mature_end(both), 0.8)
    at_horizon = both.at_horizon(published_maturation(), HORIZON_DAYS)
    rows = sample_training_rows(at_horizon, "engagements", until, Sampling(per_post=1))
    own = until[both.platform[rows.account].astype(int)]
    assert (rows.posted <= own - MATURE_DAYS * DAY_US).all()
    assert platforms_of(both, rows) == {"instagram", "youtube"}
    later = sample_test_rows(at_horizon, "engagements", until)
    own = until[both.platform[later.account].astype(int)]
    assert (later.posted > own).all()
    assert platforms_of(both, later) == {"instagram", "youtube"}


def platforms_of(history, rows):
    return {PLATFORMS[int(code)] for code in history.platform[rows.account]}


def test_every_platform_is_calibrated_and_judged_by_its_own_spread(both):
    until = mature_end(both)
    record, calibration = backtest(both, until, RECIPE)
    sets = {"engagements": calibration}
    fitted = fit(both, until, RECIPE, targets=("engagements",), calibration=sets)
    conformal = fitted.forecasters["engagements"].conformal_
    assert (conformal.n > 0).all(axis=1).tolist() == [True, False, True, False]
    table = record.by_platform.set_index(["split", "platform"])
    assert (table["rows"] > 0).all()
    for platform in ("instagram", "youtube"):
        assert table.loc[("seen", platform), "coverage_80"] == pytest.approx(0.8, abs=0.08)
    assert set(record.cuts) == {"instagram", "youtube"}
    assert (record.scores["cut"].dt.year.groupby(record.scores["platform"]).max()).to_dict() == {
        "instagram": 2022,
        "youtube": 2026,
    }


def test_another_platform_of_later_years_leaves_the_forecast_nearly_alone(both):
    """The median p90 / p10 of the calm panel is the same with and without the wild one beside it."""
    alone = history_of(panel("instagram", 100, 60, 0.3, 1))
    widths = []
    for history in (alone, both):
        fitted = fit(history, mature_end(history), RECIPE, targets=("engagements",))
        at_horizon = alone.at_horizon(published_maturation(), HORIZON_DAYS)
        rows = sample_test_rows(at_horizon, "engagements", at_day(45))
        account = history.accounts.get_indexer(alone.accounts[rows.account])
        queries = replace(rows.queries, account=account)
        x = LOCAL.derive(history, queries, fitted.reference)
        x = x[(x["engagements_evidence_code"] == EVIDENCE.index("history")).to_numpy()]
        ends = fitted.forecasters["engagements"].predict_distribution(x).quantile([0.1, 0.9])
        widths.append(np.median((1 + ends[:, 1]) / (1 + ends[:, 0])))
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def at_day(day: int) -> int:
    return int((START["instagram"] + pd.Timedelta(days=day)).timestamp() * 1e6)


def test_a_platform_too_young_to_be_judged_is_named():
    """Five posts of a creator on YouTube: none has a history at its cut, so nothing of it is judged."""
    history = history_of(panel("instagram", 30, 60, 0.3, 1), panel("youtube", 1, 5, 0.3, 2))
    record, _ = backtest(history, mature_end(history), RECIPE)
    rows = record.by_platform.set_index(["split", "platform"])["rows"]
    assert rows["seen", "instagram"] > 0
    assert rows["seen", "youtube"] == 0


def test_days_are_worded_once_where_they_are_the_same():
    days = {
        "instagram": pd.Timestamp("2023-01-05T10:00Z"),
        "tiktok": pd.Timestamp("2023-01-05T20:00Z"),
    }
    assert days_text(days) == "2023-01-05"
    assert (
        days_text(days | {"x": pd.Timestamp("2024-02-03T00:00Z")})
        == "instagram 2023-01-05, tiktok 2023-01-05, x 2024-02-03"
    )
