"""The comparison of two models on paired scores: CRPS by platform and evidence, and whether one is
worse.

A row is worse beyond doubt where the whole 95 % interval of the relative difference lies above
NO_DIFFERENCE; the interval is a paired bootstrap over creators. Two kinds of rows decide: all
platforms with the evidence `history`, and a platform with an evidence for which it has
MIN_GROUP_CREATORS creators or more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.tables.vocabulary import EVIDENCE
from training.backtest.metrics import bootstrap_means, interval
from training.backtest.report_tables import MIN_GROUP_CREATORS, relative_difference
from training.promote.score_pairs import COMPARABLE, LEADS_DIFFER, POST_KEY, ScorePairs

#: Posts and creators with the evidence `history` from which on two models can be compared.
ENOUGH_POSTS, ENOUGH_CREATORS = 50, 10
#: Relative differences up to this one are none: two fits of one recipe differ in the last digits.
NO_DIFFERENCE = 0.001
ALL = "all"


@dataclass(frozen=True)
class Comparison:
    """Candidate against champion: `table` has a row for each platform (first all) and evidence.

    - `posts`, `creators`: numbers of those compared
    - `notes`: lines that say how the forecasts were made
    - `left_out`: lines that say what is not compared
    """

    posts: int
    creators: int
    horizon_days: int
    notes: tuple[str, ...]
    table: pd.DataFrame
    left_out: tuple[str, ...]

    @property
    def worse_lines(self) -> list[str]:
        """Name the lines that decide and are worse beyond doubt."""
        return [
            _decisive_text(row)
            for row in self.table.itertuples()
            if row.decides and row.low > NO_DIFFERENCE
        ]

    def __str__(self) -> str:
        extent = f"the same {self.posts:,} posts of {self.creators:,} creators"
        lines = [f"compared on {extent}, engagements {self.horizon_days} days after posting"]
        lines += [f"  {note}" for note in self.notes]
        lines.append(
            f"  {'platform':<10} {'evidence':<8} {'posts':>7} {'creators':>8}  CRPS: candidate  "
            f"champion  {'difference, 95 % interval':>30}"
        )
        lines += [_line(row) for row in self.table.itertuples()]
        lines += [f"  not compared: {part}" for part in self.left_out]
        return "\n".join(lines)


@dataclass(frozen=True)
class NotComparable:
    """The two models have no comparable scores; the reason is one sentence.

    `later_posts_help`: whether tables with later posts would make the two comparable.
    """

    reason: str
    later_posts_help: bool = True

    def __str__(self) -> str:
        return f"nothing comparable: {self.reason}"


def has_enough_pairs(rows: pd.DataFrame) -> bool:
    """Return whether pairs, a row for each post and evidence, are enough to decide."""
    posts, creators = count_posts_and_creators(rows)
    return posts >= ENOUGH_POSTS and creators >= ENOUGH_CREATORS


def count_posts_and_creators(rows: pd.DataFrame) -> tuple[int, int]:
    """Count the posts and the creators with the evidence `history`."""
    group = rows[rows["evidence"] == EVIDENCE[0]]
    return len(group), group["creator"].nunique()


def minimum_text() -> str:
    """Return how much a comparison needs, in words."""
    return f"{ENOUGH_POSTS} posts of {ENOUGH_CREATORS} creators with known posts before are needed"


def compare_pairs(
    pairs: ScorePairs, horizon_days: int, notes: tuple[str, ...] = (), unseen: Sequence[str] = ()
) -> Comparison:
    """Compare two models on pairs of their scores.

    `notes`: lines that say how the forecasts were made; `unseen`: what the candidate has not seen.
    """
    rows = pairs.rows
    posts, creators = len(rows.drop_duplicates(POST_KEY)), rows["creator"].nunique()
    return Comparison(
        posts,
        creators,
        horizon_days,
        notes,
        comparison_table(rows),
        (*_posts_left_out(pairs), *unseen),
    )


def comparison_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return for all platforms and for each, by evidence: posts, creators, CRPS of both and their
    relative difference.

    `change`, `low`, `high`: candidate / champion - 1 with its 95 % interval, which is NaN under
    ENOUGH_CREATORS creators; `decides`: whether the line is one that a promotion depends on.
    """
    lines = [_compared(ALL, evidence, group) for evidence, group in _by_evidence(rows)]
    for platform, part in rows.groupby("platform"):
        lines += [_compared(platform, evidence, group) for evidence, group in _by_evidence(part)]
    return pd.DataFrame(lines)


def _posts_left_out(pairs: ScorePairs) -> list[str]:
    """Return a line for each platform and reason with the posts that are not compared."""
    lines = []
    for (platform, reason), group in pairs.posts[pairs.posts["reason"] != COMPARABLE].groupby(
        ["platform", "reason"]
    ):
        apart = f" ({group['gap_days'].median():.0f} days)" if reason == LEADS_DIFFER else ""
        lines.append(f"{len(group):,} posts on {platform} {reason}{apart}")
    unshared = pairs.champion_posts[~pairs.champion_posts["shared"].astype(bool)]
    for platform, group in unshared.groupby("platform"):
        lines.append(f"{len(group):,} posts on {platform} that the candidate was not asked about")
    return lines


def _by_evidence(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(name, group) for name in EVIDENCE if len(group := rows[rows["evidence"] == name])]


def _compared(platform: str, evidence: str, rows: pd.DataFrame) -> dict:
    creators = rows["creator"].nunique()
    crps = rows[["candidate", "champion"]].to_numpy()
    candidate, champion = crps.mean(axis=0)
    low, high = np.nan, np.nan
    if creators >= ENOUGH_CREATORS:
        draws = bootstrap_means(crps, rows["creator"].to_numpy())
        low, high = interval(relative_difference(draws[:, 0], draws[:, 1]))
    headline = platform == ALL and evidence == EVIDENCE[0]
    return {
        "platform": platform,
        "evidence": evidence,
        "posts": len(rows),
        "creators": creators,
        "candidate": candidate,
        "champion": champion,
        "change": float(relative_difference(candidate, champion)),
        "low": low,
        "high": high,
        "decides": headline or (platform != ALL and creators >= MIN_GROUP_CREATORS),
    }


def _line(row: Any) -> str:
    return (
        f"  {row.platform:<10} {row.evidence:<8} {row.posts:>7,} {row.creators:>8,}  "
        f"{row.candidate:>15.4f}  "
        f"{row.champion:>8.4f}  {_change_text(row):>30}"
    )


def _change_text(row: Any) -> str:
    around = (
        f"{row.low:+.1%} to {row.high:+.1%}"
        if np.isfinite(row.low)
        else f"under {ENOUGH_CREATORS} creators"
    )
    return f"{row.change:+.1%} ({around})"


def _decisive_text(row: Any) -> str:
    return f"{row.platform} {row.evidence} {_change_text(row)}"
