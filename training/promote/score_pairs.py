"""Pairs of comparable scores: those that two models have for the same query.

Two scores are comparable where post, evidence, horizon and count are the same, and the leads differ
by at most LEAD_TOLERANCE_DAYS: the same post a month earlier is another query. Each post counts
once for each evidence.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.tables.vocabulary import EVIDENCE

#: Largest difference between the moments at which two models forecast a post, in days.
LEAD_TOLERANCE_DAYS = 1.0
#: What tells a post from another: one creator may have several of one moment.
POST_KEY = ["creator", "posted", "number"]
#: Columns of a score that a comparison reads.
SCORE_COLUMNS = [
    "asked",
    "creator",
    "posted",
    "platform",
    "evidence",
    "horizon_days",
    "cut",
    "lead_days",
    "y",
    "crps",
    "band",
    "inside_80",
    "inside_90",
]
#: The two models of a pair, as its columns name them.
MODELS = ("candidate", "champion")
#: What a pair has of either model -> the end of its name there.
PAIRED_COLUMNS = {"crps": "", "inside_80": "_80", "inside_90": "_90"}
#: Why a post of the candidate is not compared; where several hold, the first of them.
(
    NOT_FORECAST_BY_CHAMPION,
    HORIZONS_DIFFER,
    LEADS_DIFFER,
    COUNTS_DIFFER,
    EVIDENCE_DIFFERS,
    COMPARABLE,
) = EXCLUSION_REASONS = (
    "that the champion was not asked about",
    "judged after another number of days",
    f"asked about more than {LEAD_TOLERANCE_DAYS:g} day apart",
    "whose counts differ",
    "forecast from other evidence",
    "",
)


@dataclass(frozen=True)
class ScorePairs:
    """The comparable scores of two models, and the posts of each, compared or excluded.

    - `rows`: a row for each comparable post and evidence, with `candidate` and `champion`, the CRPS
      of each; `candidate_80`, `champion_80`, `candidate_90`, `champion_90`: whether the interval of
      each held
    - `posts`: a row for each post of the candidate: platform, `reason` (one of EXCLUSION_REASONS,
      "" where it is compared), and `gap_days` between the moments of the two forecasts, NaN where
      the champion has none
    - `champion_posts`: a row for each post of the champion: platform, and `shared`, whether the
      candidate has a forecast of it
    """

    rows: pd.DataFrame
    posts: pd.DataFrame
    champion_posts: pd.DataFrame

    def platforms(self, compared: bool) -> set[str]:
        """Return the platforms with compared posts, or those with posts of either model but none
        compared.
        """
        comparable = set(self.rows["platform"])
        return (
            comparable
            if compared
            else {*self.posts["platform"], *self.champion_posts["platform"]} - comparable
        )

    def for_platforms(self, platforms: set[str]) -> "ScorePairs":
        """Return the pairs of some platforms."""
        return ScorePairs(*(frame[frame["platform"].isin(platforms)] for frame in self._frames()))

    def _frames(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        return self.rows, self.posts, self.champion_posts


#: The pairs of two models without a forecast in common.
NO_PAIRS = ScorePairs(
    pd.DataFrame(
        columns=[
            *(*POST_KEY, "platform", "band", "evidence"),
            *(f"{model}{end}" for end in PAIRED_COLUMNS.values() for model in MODELS),
        ]
    ),
    pd.DataFrame(columns=[*POST_KEY, "platform", "reason", "gap_days"]),
    pd.DataFrame(columns=[*POST_KEY, "platform", "shared"]),
)


def pair_scores(candidate: pd.DataFrame, champion: pd.DataFrame) -> ScorePairs:
    """Return the pairs of two frames of scores with the columns SCORE_COLUMNS.

    They have a row for each post, evidence shown (`asked`) and moment (`cut`).
    """
    ours, theirs = _numbered(candidate), _numbered(champion)
    both = ours.merge(theirs, on=[*POST_KEY, "asked"], how="left", suffixes=("", "_champion"))
    both["gap_days"] = (both["lead_days"] - both["lead_days_champion"]).abs()
    both["reason"] = _reasons(both)
    both["shown"] = both["asked"].map(list(EVIDENCE).index)
    # the most similar pair first: of several moments, and of several evidences
    both = both.sort_values(
        ["reason", "shown", "gap_days"], ascending=[False, True, True], kind="stable"
    )
    comparable = both[both["reason"] == EXCLUSION_REASONS.index(COMPARABLE)].drop_duplicates(
        [*POST_KEY, "evidence"]
    )
    names = {
        f"{column}{suffix}": f"{model}{end}"
        for column, end in PAIRED_COLUMNS.items()
        for model, suffix in zip(MODELS, ("", "_champion"), strict=True)
    }
    rows = comparable.rename(columns=names)
    posts = both.drop_duplicates(POST_KEY)[[*POST_KEY, "platform", "reason", "gap_days"]]
    posts["reason"] = pd.Series(EXCLUSION_REASONS)[posts["reason"]].to_numpy()
    return ScorePairs(rows[NO_PAIRS.rows.columns], posts, _champion_posts(ours, theirs))


def merge_pairs(parts: list[ScorePairs]) -> ScorePairs:
    """Return the pairs of several platforms as one."""
    parts = [part for part in parts if len(part.posts) or len(part.champion_posts)]
    if not parts:
        return NO_PAIRS
    frames_of_parts = zip(*(part._frames() for part in parts), strict=True)
    return ScorePairs(*(pd.concat(frames, ignore_index=True) for frames in frames_of_parts))


def _champion_posts(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    posts = theirs.drop_duplicates(POST_KEY)[[*POST_KEY, "platform"]]
    shared = (
        posts[POST_KEY].merge(
            ours[POST_KEY].drop_duplicates(), on=POST_KEY, how="left", indicator=True
        )["_merge"]
        == "both"
    )
    return posts.assign(shared=shared.to_numpy())


def _numbered(scores: pd.DataFrame) -> pd.DataFrame:
    """Number the posts of one creator and moment."""
    number = scores.groupby(
        ["cut", "asked", "creator", "posted"], sort=False, dropna=False
    ).cumcount()
    return scores[SCORE_COLUMNS].assign(number=number)


def _reasons(both: pd.DataFrame) -> np.ndarray:
    """Return the position in EXCLUSION_REASONS of the first reason that excludes each pair."""
    same_count = np.isclose(both["y"], both["y_champion"], rtol=1e-9, atol=0)
    checks = (
        both["crps_champion"].notna(),
        both["horizon_days"] == both["horizon_days_champion"],
        both["gap_days"] <= LEAD_TOLERANCE_DAYS,
        same_count,
        both["evidence"] == both["evidence_champion"],
    )
    passed = np.column_stack([*checks, np.zeros(len(both), bool)])
    return passed.argmin(axis=1)
