"""The comparison of two models on paired scores: CRPS by platform and evidence, of creators that
trained both and of those that trained neither, and coverage by cell.

A row of CRPS is worse beyond doubt where the whole 95 % interval of the relative difference lies
above NO_DIFFERENCE; the interval is a paired bootstrap over creators, simultaneous over all rows.
Two kinds of rows decide: all platforms with the best evidence there is, and a platform with an
evidence for which it has MIN_GROUP_CREATORS creators or more. Coverage:
training.promote.coverage_check.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.tables.vocabulary import EVIDENCE
from training.backtest.report_tables import MIN_GROUP_CREATORS, relative_difference
from training.promote.coverage_check import coverage_cells
from training.promote.criteria import (
    COVERAGE,
    CRPS,
    CRPS_UNSEEN,
    Criterion,
    coverage_criteria,
    criteria_text,
    crps_criteria,
    failed_criteria,
    not_comparable,
    unjudged_text,
)
from training.promote.joint_bootstrap import joint_means, simultaneous_intervals
from training.promote.score_pairs import COMPARABLE, LEADS_DIFFER, MODELS, POST_KEY, ScorePairs

#: Posts and creators with the evidence `history` from which on two models can be compared.
ENOUGH_POSTS, ENOUGH_CREATORS = 50, 10
#: Relative differences up to this one are none: retrains of one recipe, on a month more or with
#: another seed, differ by as much (benchmarks/promotion_gate.py).
NO_DIFFERENCE = 0.005
ALL = "all"


@dataclass(frozen=True)
class UnseenComparison:
    """The comparison on creators that trained neither: `rows` as those of ScorePairs.

    `note`: how the forecasts were made, or why there are too few to compare.
    """

    rows: pd.DataFrame
    note: str


@dataclass(frozen=True)
class Comparison:
    """Candidate against champion: `table` has a row for each platform (first all) and evidence.

    - `posts`, `creators`: numbers of those compared
    - `notes`: lines that say how the forecasts were made
    - `left_out`: lines that say what is not compared
    - `unseen`: the same as `table` for creators that trained neither, with 0 rows where those are
      too few; `unseen_note` says how it was made, or why it was not
    - `coverage`: cells of coverage (training.promote.coverage_check.coverage_cells)
    """

    posts: int
    creators: int
    horizon_days: int
    notes: tuple[str, ...]
    table: pd.DataFrame
    left_out: tuple[str, ...]
    unseen: pd.DataFrame
    unseen_note: str
    coverage: pd.DataFrame

    @property
    def criteria(self) -> list[Criterion]:
        """Return every criterion of a promotion, with its verdict."""
        unseen = crps_criteria(CRPS_UNSEEN, self.unseen, NO_DIFFERENCE)
        return [
            *crps_criteria(CRPS, self.table, NO_DIFFERENCE),
            *(unseen or [not_comparable(CRPS_UNSEEN, self.unseen_note)]),
            *coverage_criteria(self.coverage),
        ]

    @property
    def failed(self) -> list[str]:
        """Name the criteria that the candidate fails, with their figures."""
        return failed_criteria(self.criteria)

    def text(self, all_cells: bool = False) -> str:
        """Return the comparison in lines; of the criteria as
        training.promote.criteria.criteria_text has them.
        """
        extent = f"the same {self.posts:,} posts of {self.creators:,} creators"
        lines = [f"compared on {extent}, engagements {self.horizon_days} days after posting"]
        lines += [f"  {note}" for note in self.notes]
        lines += (
            [f"  creators that trained neither: {self.unseen_note}"] if len(self.unseen) else []
        )
        if (self.table[["change", "low", "high"]].fillna(0) == 0).all(axis=None):
            lines.append("  both forecast the same on all these posts")
        lines += criteria_text(self.criteria, all_cells)
        left_out = [f"not compared: {part}" for part in self.left_out]
        lines += [f"  {line}" for line in (unjudged_text(self.coverage), *left_out) if line]
        return "\n".join(lines)


@dataclass(frozen=True)
class NotComparable:
    """The two models have no comparable scores; the reason is one sentence.

    `later_posts_help`: whether tables with later posts would make the two comparable.
    """

    reason: str
    later_posts_help: bool = True

    @property
    def criteria(self) -> list[Criterion]:
        """Return the criteria of a promotion, none of which could be compared."""
        return [not_comparable(name, self.reason) for name in (CRPS, CRPS_UNSEEN, COVERAGE)]

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
    pairs: ScorePairs,
    horizon_days: int,
    unseen: UnseenComparison,
    notes: tuple[str, ...] = (),
    lacking: Sequence[str] = (),
) -> Comparison:
    """Compare two models on pairs of their scores.

    `notes`: lines that say how the forecasts were made; `lacking`: what the candidate has not seen.
    """
    rows = pairs.rows
    of_unseen = unseen.rows
    splits = [rows.assign(split="seen"), of_unseen.assign(split="unseen")]
    posts, creators = len(rows.drop_duplicates(POST_KEY)), rows["creator"].nunique()
    return Comparison(
        posts,
        creators,
        horizon_days,
        notes,
        comparison_table(rows),
        (*_posts_left_out(pairs), *lacking),
        comparison_table(of_unseen),
        unseen.note,
        coverage_cells(pd.concat([split for split in splits if len(split)], ignore_index=True)),
    )


def comparison_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return for all platforms and for each, by evidence: posts, creators, CRPS of both and their
    relative difference.

    `change`, `low`, `high`: candidate / champion - 1 with its simultaneous 95 % interval, which is
    NaN under ENOUGH_CREATORS creators; `decides`: whether a promotion depends on the line.
    """
    rows = rows.reset_index(drop=True)
    lines = [
        _compared(ALL, evidence, group, decides=number == 0)
        for number, (evidence, group) in enumerate(_by_evidence(rows))
    ]
    groups = [group for _, group in _by_evidence(rows)]
    for platform, part in rows.groupby("platform"):
        decides = part.groupby("evidence")["creator"].nunique() >= MIN_GROUP_CREATORS
        for evidence, group in _by_evidence(part):
            lines.append(_compared(platform, evidence, group, bool(decides[evidence])))
            groups.append(group)
    table = pd.DataFrame(lines).assign(low=np.nan, high=np.nan)
    known = [n for n, line in enumerate(lines) if line["creators"] >= ENOUGH_CREATORS]
    if known:
        draws = joint_means(
            rows[list(MODELS)].to_numpy(float),
            rows["creator"].to_numpy(str),
            [groups[n].index.to_numpy() for n in known],
        )
        change = relative_difference(draws[..., 0], draws[..., 1])
        points = table["change"].to_numpy(float)[known]
        table.loc[known, ["low", "high"]] = np.column_stack(simultaneous_intervals(change, points))
    return table


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


def _compared(platform: str, evidence: str, rows: pd.DataFrame, decides: bool) -> dict:
    creators = rows["creator"].nunique()
    candidate, champion = rows[list(MODELS)].to_numpy(float).mean(axis=0)
    return {
        "platform": platform,
        "evidence": evidence,
        "posts": len(rows),
        "creators": creators,
        "candidate": candidate,
        "champion": champion,
        "change": float(relative_difference(candidate, champion)),
        "decides": decides,
    }
