"""Forecasts matched to their outcomes: the frame that watch, recalibrate and review work on.

`match_forecasts` gives one row for each forecast: the columns of ledger.tables.FORECASTS (JSON
columns decoded: `engagements` a tuple at LEVELS, `inputs` and `question` dicts), and
OUTCOME_COLUMNS.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.maturation.maturation import Maturation
from ledger.matching.asked import Asked, describe_forecasts, number_creators
from ledger.matching.judge import judge_pairs
from ledger.matching.links import link_posts
from ledger.matching.read_posts import collect_posts, number_groups
from ledger.matching.status import (
    MATURED,
    NOT_SCORED,
    PARTIAL,
    STATUSES,
    WAITING,
    YOUNG,
    find_statuses,
    is_late,
    write_notes,
)
from ledger.matching.sums import Sums, sum_pairs

__all__ = [
    "MATURED",
    "NOT_SCORED",
    "OUTCOME_COLUMNS",
    "PARTIAL",
    "STATUSES",
    "WAITING",
    "YOUNG",
    "Match",
    "match_forecasts",
    "match_outcomes",
]

#: - status: WAITING (no reading yet), PARTIAL (some deliverables lack a reading), YOUNG (read, but
#:   not yet matured), MATURED, NOT_SCORED; `reason` says why, of all but MATURED ones
#: - outcome_engagements, outcome_views: totals as they were read; of a PARTIAL one what is known
#: - outcome_ln: ln(1 + total engagements) brought from its age at reading to the forecast's
#:   horizon; for scoring, which is then the same as the forecast brought to the age of reading
#: - read_age_days: age at reading (of several posts the youngest); posted_at: of the first post
#: - posts_read: deliverables with a reading; readings: all that were recorded of them; corrections:
#:   readings that replaced other counts of the same moment
#: - is_latest: no later forecast of the same partnership was made before its first post: scores and
#:   reviews use these alone, so that a list scored every week does not count several times. Of a
#:   post that was online (door track) it is the first forecast: later ones know most of the outcome
#: - matured_at: moment (microseconds UTC) of the reading by which the outcome was matured
#: - matched_by: post, partnership_id, or creator and time; missing where no post was found
#: - note: what else the reader must know, such as posts that were left over; blank where nothing
OUTCOME_COLUMNS = (
    "status",
    "reason",
    "outcome_engagements",
    "outcome_views",
    "outcome_ln",
    "read_age_days",
    "posted_at",
    "posts_read",
    "readings",
    "corrections",
    "is_latest",
    "matured_at",
    "matched_by",
    "note",
)


@dataclass(frozen=True)
class Match:
    """Forecasts and outcomes together.

    - `forecasts`: as `match_forecasts` returns them
    - `group`, `rank` (n,): of the forecasts of one group, which are of one partnership and first
      post, the one with the highest rank counts
    - `posts`: what was read (ledger.matching.read_posts), with `is_used`: whether it is an outcome
    - `pairs`: `forecast` and `post` (positions)
    """

    forecasts: pd.DataFrame
    group: np.ndarray
    rank: np.ndarray
    posts: pd.DataFrame
    pairs: pd.DataFrame

    def latest_of(self, rows: np.ndarray) -> np.ndarray:
        """Mark the forecasts (n,) that count among those marked in `rows` (n,)."""
        return _mark_latest(self.group, self.rank, rows)


def match_forecasts(
    forecasts: pd.DataFrame, readings: pd.DataFrame, now: int, growth: Maturation
) -> pd.DataFrame:
    """Return the forecasts with OUTCOME_COLUMNS, in their order, by what was read until `now`.

    `forecasts`: columns of ledger.tables.FORECASTS; `readings`: those of ledger.tables.READINGS;
    `now`: microseconds UTC; `growth`: the curves of the bundle, or the published ones.

    A forecast of a post that is online has the readings of this post after the forecast. Any other
    has the posts that a file gives its partnership_id, or the totals of this id where not all
    posts are known; else its creator's posts that are marked as sponsored, of the booked format,
    from DAYS_BEFORE_START before the planned start (from the moment of the forecast where none is
    known) to WINDOW_DAYS after it. Of more posts than deliverables the first count, which `note`
    tells. Where another partnership has a claim to one of these posts, nothing is scored.
    """
    return match_outcomes(forecasts, readings, now, growth).forecasts


def match_outcomes(
    forecasts: pd.DataFrame, readings: pd.DataFrame, now: int, growth: Maturation
) -> Match:
    """Return what `match_forecasts` returns, and which posts are whose."""
    read = collect_posts(readings, now)
    creators, owners = number_creators(forecasts, read.posts)
    asked = describe_forecasts(forecasts, creators)
    links = link_posts(asked, read.posts, owners)
    pairs = judge_pairs(asked, links.pairs, read, growth)
    sums = sum_pairs(asked, pairs, read)
    status, reason = find_statuses(asked, links, sums, now)
    scored = np.isin(status, (YOUNG, MATURED))
    is_told = scored | (status == PARTIAL)
    group, rank = _rank_forecasts(forecasts, asked, sums)
    outcome = {
        "status": status,
        "reason": reason,
        "outcome_engagements": np.where(is_told, sums.engagements, np.nan),
        "outcome_views": np.where(is_told, sums.views, np.nan),
        "outcome_ln": np.where(scored, np.log1p(sums.at_horizon), np.nan),
        "read_age_days": sums.age_days,
        "posted_at": sums.posted_at,
        "posts_read": sums.posts_read,
        "readings": sums.readings,
        "corrections": sums.corrections,
        "is_latest": _mark_latest(group, rank, np.ones(len(forecasts), dtype=bool)),
        "matured_at": np.where(status == MATURED, sums.matured_at, np.nan),
        "matched_by": sums.matched_by,
        "note": write_notes(asked, links, sums),
    }
    kept = forecasts.drop(columns=[name for name in OUTCOME_COLUMNS if name in forecasts])
    matched = kept.assign(**{name: outcome[name] for name in OUTCOME_COLUMNS})
    is_used = np.zeros(len(read.posts), dtype=bool)
    is_used[pairs["post"].to_numpy()] = True
    posts = read.posts.assign(is_used=is_used)
    return Match(matched, group, rank, posts, pairs[["forecast", "post"]])


def _rank_forecasts(
    forecasts: pd.DataFrame, asked: Asked, sums: Sums
) -> tuple[np.ndarray, np.ndarray]:
    """Return `group` and `rank` of Match: those made in time before others, then the latest; of a
    post that was online the first.
    """
    made, running = asked.rows["made"].to_numpy(), asked.rows["is_running"].to_numpy()
    group = number_groups([asked.rows["identity"], pd.Series(sums.first_post)])
    in_time = running | ~is_late(asked, sums)
    names = forecasts["forecast_id"].to_numpy(dtype=str)
    order = np.lexsort((names, np.where(running, -made, made), in_time))
    rank = np.empty(len(order), dtype=int)
    rank[order] = np.arange(len(order))
    return group, rank


def _mark_latest(group: np.ndarray, rank: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mark of the rows (n,) that are marked the one of the highest rank in each group."""
    highest = np.full(group.max(initial=-1) + 1, -1)
    np.maximum.at(highest, group[rows], rank[rows])
    return rows & (rank == highest[group])
