"""What a vendor's averages tell of rows, and which of them cannot be or are most probably typed in
percent.

That is judged by how creators of the platform spread in training.
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
#: Engagements a post for each follower above which the tail decides, and above which averages can
#: be nowhere.
MOST_BY_FOLLOWERS, FAR_BY_FOLLOWERS = 1.0, 10.0
RATE_COLUMNS = ("engagement_rate_by_followers", "engagement_rate_by_views")


@dataclass(frozen=True)
class RowAverages:
    """The averages of n rows: `values` by those of AVERAGE_NAMES that any row tells, NaN elsewhere;
    `summary`: of what.

    `followers` (n,): NaN where unknown; `engagements_by_rate`: by those of RATE_COLUMNS that any
    row tells, the engagements a post (n,) that each tells.
    """

    values: dict[str, np.ndarray]
    summary: AveragesSummary
    followers: np.ndarray
    engagements_by_rate: dict[str, np.ndarray]

    @classmethod
    def of(cls, asked: ProspectBatch, x: np.ndarray, reference: Reference) -> "RowAverages | None":
        """Read the averages of rows, None where no row tells any; `x`: as derived."""
        values = {name: asked.numbers[name] for name in AVERAGE_NAMES if name in asked.numbers}
        if not values:
            return None
        followers = np.expm1(feature_column(x, "followers_log"))
        summary = summarise_averages(
            values,
            feature_column(x, "platform_code"),
            followers,
            reference.platform_posts.part_tables,
        )
        bases = dict(zip(RATE_COLUMNS, (followers, values.get("avg_views", np.nan)), strict=True))
        by_rates = {name: values[name] * base for name, base in bases.items() if name in values}
        return cls(values, summary, followers, by_rates)

    def warnings(self, x: np.ndarray, reference: Reference) -> dict[str, np.ndarray]:
        """Say by warning which rows (n,) bring averages that are odd.

        - `implausible_average`: more engagements a post than followers, or than views, or more
          comments than likes, where that lies beyond TAIL, or beyond FAR_BY_FOLLOWERS whatever the
          tail
        - `rate_looks_like_percent`: a rate that lies beyond TAIL, while a hundredth of it is
          ordinary
        - `part_shares_not_from_training`: a part that lacks is completed by a shipped usual share
        """
        flags = {}
        if self.summary.uses_default_shares.any():
            rests = feature_column(x, "engagements_evidence_code") == SUMMARY
            flags["part_shares_not_from_training"] = rests & self.summary.uses_default_shares
        if self._may_be_odd():
            usual = PlatformNorms(x, reference)
            with np.errstate(divide="ignore", invalid="ignore"):
                flags |= {
                    "implausible_average": self._implausible(usual),
                    "rate_looks_like_percent": self._percent(usual),
                }
        return flags

    def _may_be_odd(self) -> bool:
        """Say whether there is anything that is worth a look at the tails: hardly ever, and it
        takes as long.
        """
        engagements = self.summary.engagements
        return bool(
            self.engagements_by_rate
            or (engagements > MOST_BY_FOLLOWERS * self.followers).any()
            or (engagements > self._of("avg_views")).any()
            or (self._of("avg_comments") > self._of("avg_likes")).any()
        )

    def _of(self, name: str) -> np.ndarray:
        return self.values[name] if name in self.values else np.full(len(self.followers), np.nan)

    def _implausible(self, usual: "PlatformNorms") -> np.ndarray:
        engagements = self.summary.engagements
        wrong = usual.too_many_for_views(engagements, self._of("avg_views"))
        wrong |= usual.too_many_comments(self._of("avg_comments"), self._of("avg_likes"))
        for each in (engagements, *self.engagements_by_rate.values()):
            wrong |= usual.too_many_for_followers(each, self.followers)
        return wrong | self._alone()

    def _percent(self, usual: "PlatformNorms") -> np.ndarray:
        by_followers, by_views = map(self._of, RATE_COLUMNS)
        percent = usual.percent_by_followers(by_followers, self.followers) | usual.percent_by_views(
            by_views
        )
        return percent | self._alone()

    def _alone(self) -> np.ndarray:
        """Mark rates that cannot be, of rows without followers."""
        return np.isnan(self.followers) & (
            self._of("engagement_rate_by_followers") > MOST_BY_FOLLOWERS
        )


class PlatformNorms:
    """What is usual where n rows stand: their platform's norms in training, or where it has none
    those of all.
    """

    def __init__(self, x: np.ndarray, reference: Reference):
        self._prior = feature_column(x, "engagements_log_prior")
        code = feature_column(x, "platform_code").astype(int)
        median, scale = (table[:, code] for table in reference.norm_tables)
        self._norms = {
            part: (median[place], scale[place]) for place, part in enumerate(AUTHENTICITY_PARTS)
        }

    def too_many_for_followers(self, engagements: np.ndarray, followers: np.ndarray) -> np.ndarray:
        """Mark engagements a post (n,) that so many followers cannot give."""
        more = engagements > MOST_BY_FOLLOWERS * followers
        far = engagements > FAR_BY_FOLLOWERS * followers
        return far | (more & self._beyond("engagement_high", np.log1p(engagements) - self._prior))

    def too_many_for_views(self, engagements: np.ndarray, views: np.ndarray) -> np.ndarray:
        """Mark engagements a post (n,) that so many views cannot give."""
        return (engagements > views) & self._beyond("views_apart", np.log(engagements / views))

    def too_many_comments(self, comments: np.ndarray, likes: np.ndarray) -> np.ndarray:
        """Mark comments a post (n,) that do not go with so many likes."""
        share = comments / (comments + likes)
        return (comments > likes) & self._beyond("comments_few", np.log(share + 1e-3))

    def percent_by_followers(self, rate: np.ndarray, followers: np.ndarray) -> np.ndarray:
        """Mark rates by followers (n,) that are rather percentages."""
        as_told, as_percent = (np.log1p(rate * followers / per) - self._prior for per in (1, 100))
        return self._rather("engagement_high", as_told, as_percent)

    def percent_by_views(self, rate: np.ndarray) -> np.ndarray:
        """Mark rates by views (n,) that are rather percentages."""
        return self._rather("views_apart", np.log(rate), np.log(rate / 100))

    def _beyond(self, part: str, sign: np.ndarray) -> np.ndarray:
        """Say whether a sign of `features.derive.authenticity` lies beyond the tail (n,); yes where
        no tail is known.
        """
        median, scale = self._norms[part]
        return (sign - median > TAIL * scale) | (scale >= UNKNOWN_SCALE)

    def _rather(self, part: str, sign: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Say whether a sign (n,) lies beyond a known tail, and the other one within."""
        median, scale = self._norms[part]
        return (sign - median > TAIL * scale) & (np.abs(other - median) <= TAIL * scale)
