"""The averages that rows bring, as vendors export them, and warnings about those that cannot be
right or are probably typed in percent.

They are judged by how creators of the platform spread in training.
"""

from dataclasses import dataclass

import numpy as np

from features.derive.authenticity import AUTHENTICITY_PARTS, UNKNOWN_SCALE
from features.derive.averages import AVERAGE_NAMES, AveragesSummary, summarise_averages
from features.derive.catalog import feature_column
from features.derive.level_offset import SUMMARY
from features.derive.reference import Reference
from serving.scoring.prospect_batch import ProspectBatch

#: Robust standard deviations above what is usual on the platform beyond which no creator is
#: expected.
TAIL = 3.0
#: Engagements a post for each follower above which the tail decides, and above which averages are
#: wrong on any platform.
MOST_BY_FOLLOWERS, FAR_BY_FOLLOWERS = 1.0, 10.0
RATE_COLUMNS = ("engagement_rate_by_followers", "engagement_rate_by_views")


@dataclass(frozen=True)
class RowAverages:
    """The averages of n rows.

    `values`: by those of AVERAGE_NAMES that any row has, (n,), NaN elsewhere; `summary`: the
    engagements a post that they amount to; `followers` (n,): NaN where unknown;
    `engagements_by_rate`: by those of RATE_COLUMNS that any row has, the engagements a post (n,)
    that follow from the rate.
    """

    values: dict[str, np.ndarray]
    summary: AveragesSummary
    followers: np.ndarray
    engagements_by_rate: dict[str, np.ndarray]

    @classmethod
    def of(
        cls, prospects: ProspectBatch, x: np.ndarray, reference: Reference
    ) -> "RowAverages | None":
        """Return the averages of rows, None where no row has any; `x`: the derived matrix."""
        numbers = prospects.numbers
        values = {name: numbers[name] for name in AVERAGE_NAMES if name in numbers}
        if not values:
            return None
        followers = np.expm1(feature_column(x, "followers_log"))
        summary = summarise_averages(
            values,
            feature_column(x, "platform_code"),
            followers,
            reference.platform_posts.part_tables,
        )
        denominators = (followers, values.get("avg_views", np.nan))
        engagements_by_rate = {
            name: values[name] * denominator
            for name, denominator in zip(RATE_COLUMNS, denominators, strict=True)
            if name in values
        }
        return cls(values, summary, followers, engagements_by_rate)

    def warnings(self, x: np.ndarray, reference: Reference) -> dict[str, np.ndarray]:
        """Return by warning the rows (n,) whose averages are odd.

        - `implausible_average`: more engagements a post than followers, or than views, or more
          comments than likes, where that lies beyond TAIL, or beyond FAR_BY_FOLLOWERS whatever the
          tail
        - `rate_looks_like_percent`: a rate that lies beyond TAIL, while a hundredth of it is
          ordinary
        - `part_shares_not_from_training`: a missing part is completed by a shipped usual share
        """
        flags = {}
        if self.summary.uses_default_shares.any():
            uses_averages = feature_column(x, "engagements_evidence_code") == SUMMARY
            uses_default_shares = self.summary.uses_default_shares
            flags["part_shares_not_from_training"] = uses_averages & uses_default_shares
        if self._may_be_odd():
            norms = PlatformNorms(x, reference)
            with np.errstate(divide="ignore", invalid="ignore"):
                flags |= {
                    "implausible_average": self._implausible(norms),
                    "rate_looks_like_percent": self._looks_like_percent(norms),
                }
        return flags

    def _may_be_odd(self) -> bool:
        """Return whether any row could be odd: seldom, and the tails take long to look up."""
        if self.engagements_by_rate:
            return True
        engagements = self.summary.engagements
        may_be_odd = engagements > MOST_BY_FOLLOWERS * self.followers
        may_be_odd |= engagements > self._column("avg_views")
        may_be_odd |= self._column("avg_comments") > self._column("avg_likes")
        return bool(may_be_odd.any())

    def _column(self, name: str) -> np.ndarray:
        return self.values[name] if name in self.values else np.full(len(self.followers), np.nan)

    def _implausible(self, norms: "PlatformNorms") -> np.ndarray:
        engagements = self.summary.engagements
        wrong = norms.too_many_for_views(engagements, self._column("avg_views"))
        wrong |= norms.too_many_comments(self._column("avg_comments"), self._column("avg_likes"))
        for estimate in (engagements, *self.engagements_by_rate.values()):
            wrong |= norms.too_many_for_followers(estimate, self.followers)
        return wrong | self._impossible_rate()

    def _looks_like_percent(self, norms: "PlatformNorms") -> np.ndarray:
        by_followers, by_views = (self._column(name) for name in RATE_COLUMNS)
        percent = norms.percent_by_followers(by_followers, self.followers)
        return percent | norms.percent_by_views(by_views) | self._impossible_rate()

    def _impossible_rate(self) -> np.ndarray:
        """Return which rows (n,) have a rate that cannot be, but no followers to judge it by."""
        rate = self._column("engagement_rate_by_followers")
        return np.isnan(self.followers) & (rate > MOST_BY_FOLLOWERS)


class PlatformNorms:
    """What is usual on the platforms of n rows: the norms of the platform in training.

    A platform without norms of its own has those of all platforms together.
    """

    def __init__(self, x: np.ndarray, reference: Reference):
        self._prior = feature_column(x, "engagements_log_prior")
        code = feature_column(x, "platform_code").astype(int)
        median, scale = (table[:, code] for table in reference.norm_tables)
        self._norms = {
            part: (median[position], scale[position])
            for position, part in enumerate(AUTHENTICITY_PARTS)
        }

    def too_many_for_followers(self, engagements: np.ndarray, followers: np.ndarray) -> np.ndarray:
        """Return which engagements a post (n,) are too many for the followers."""
        is_more = engagements > MOST_BY_FOLLOWERS * followers
        is_far_more = engagements > FAR_BY_FOLLOWERS * followers
        signal = np.log1p(engagements) - self._prior
        return is_far_more | (is_more & self._beyond("engagement_high", signal))

    def too_many_for_views(self, engagements: np.ndarray, views: np.ndarray) -> np.ndarray:
        """Return which engagements a post (n,) are too many for the views."""
        return (engagements > views) & self._beyond("views_apart", np.log(engagements / views))

    def too_many_comments(self, comments: np.ndarray, likes: np.ndarray) -> np.ndarray:
        """Return which comments a post (n,) are too many for the likes."""
        share = comments / (comments + likes)
        return (comments > likes) & self._beyond("comments_few", np.log(share + 1e-3))

    def percent_by_followers(self, rate: np.ndarray, followers: np.ndarray) -> np.ndarray:
        """Return which rates by followers (n,) are probably percentages."""
        as_fraction = np.log1p(rate * followers) - self._prior
        as_percent = np.log1p(rate * followers / 100) - self._prior
        return self._only_other_is_usual("engagement_high", as_fraction, as_percent)

    def percent_by_views(self, rate: np.ndarray) -> np.ndarray:
        """Return which rates by views (n,) are probably percentages."""
        return self._only_other_is_usual("views_apart", np.log(rate), np.log(rate / 100))

    def _beyond(self, part: str, signal: np.ndarray) -> np.ndarray:
        """Return which signals (n,) of `features.derive.authenticity` lie beyond TAIL.

        Where the spread is unknown all do.
        """
        median, scale = self._norms[part]
        return (signal - median > TAIL * scale) | (scale >= UNKNOWN_SCALE)

    def _only_other_is_usual(self, part: str, signal: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return where a signal (n,) lies beyond a known tail, and the other one within."""
        median, scale = self._norms[part]
        return (signal - median > TAIL * scale) & (np.abs(other - median) <= TAIL * scale)
