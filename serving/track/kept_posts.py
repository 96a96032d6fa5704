"""The forecasts of running posts as the ledger keeps them: one for each post whose engagements were
read, at its horizon, as its readings make it. Of a post that was given no id, and of a partnership
likewise, none is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.derive.version import FEATURES_VERSION
from ledger.forecast_batch import Column, ForecastBatch
from models.running_post import curve_mean
from serving.ledger_entries import AskedBy, at_levels
from serving.track.answers import PartnershipAnswer
from serving.track.tracked import TrackedPartnership

#: Why a post is not kept.
ONLY_VIEWS = "only their views were read"
#: What a forecast by counts alone rests on: posts that were read.
_BY_COUNTS = "history"


@dataclass(frozen=True)
class PostForecasts:
    """Forecasts of the posts of n partnerships: `curves`: (partnership, post) -> by measure the
    quantiles of ln(1 + count) at models.conformal.GRID; `as_of`: microseconds UTC.
    """

    partnerships: Sequence[TrackedPartnership]
    answers: Sequence[PartnershipAnswer]
    curves: Mapping[tuple[int, int], Mapping[str, np.ndarray]]
    as_of: int

    @property
    def kept(self) -> list[tuple[int, int]]:
        """The posts whose engagements were read: the ledger keeps their forecasts."""
        return [place for place, curves in self.curves.items() if "engagements" in curves]

    @property
    def left_out(self) -> int:
        """How many posts are not kept: only their views were read."""
        only_views = [one for one in self.curves.values() if one and "engagements" not in one]
        return len(only_views)


#: Is given the forecasts of running posts.
KeepPosts = Callable[[PostForecasts], None]


def post_batch(made: PostForecasts, asked: AskedBy) -> ForecastBatch:
    """Return the forecasts of `made.kept`, of which there must be one."""
    places = made.kept
    engagements = np.array([made.curves[place]["engagements"] for place in places])
    with_views = [row for row, place in enumerate(places) if "views" in made.curves[place]]
    views = np.array([made.curves[places[row]]["views"] for row in with_views])
    columns = _columns(made, places)
    ids = zip(columns["partnership_id"], columns["post_id"], strict=True)
    names = ["\n".join(map(str, pair)) for pair in ids]
    means: list[float | None] = [None] * len(places)
    for row, mean in zip(with_views, curve_mean(views).tolist() if with_views else (), strict=True):
        means[row] = mean
    model = made.answers[0].model
    return ForecastBatch(
        {
            "made_at": asked.made_at,
            "as_of": made.as_of,
            "door": asked.door,
            "campaign": asked.campaign,
            "key_name": asked.key_name,
            "features_version": FEATURES_VERSION,
            "model_version": model.model_version or model.trained_on,
            "trained_on": model.trained_on,
        },
        columns
        | {
            "forecast_id": asked.forecast_ids(names),
            "engagements_mean": curve_mean(engagements),
            "views_mean": means,
        },
        {name: columns[name] for name in ("platform", "format", "evidence")},
        _question(made, places),
        np.expm1(at_levels(engagements)),
        np.expm1(at_levels(views)) if with_views else None,
        with_views,
    )


def _columns(made: PostForecasts, places: list[tuple[int, int]]) -> dict[str, Column]:
    """Return the fields of each post."""
    rows: list[dict[str, Any]] = []
    for number, post_number in places:
        answer, partnership = made.answers[number], made.partnerships[number]
        post, prospect = answer.posts[post_number], partnership.prospect
        is_numbered = partnership.posts[post_number].is_numbered
        rows.append(
            {
                "partnership_id": None if partnership.is_numbered else answer.partnership_id,
                "creator_id": answer.creator_id,
                "handle": prospect.get("handle"),
                "platform": answer.platform,
                "post_id": None if is_numbered else post.post_id,
                "start_at": post.posted_at,
                "format": post.format,
                "niche": prospect.get("niche"),
                "followers": prospect.get("followers"),
                "evidence": answer.forecast_evidence or _BY_COUNTS,
                "horizon_days": answer.horizon_days,
                "warnings": post.warnings,
            }
        )
    return {name: [row[name] for row in rows] for name in rows[0]}


def _question(made: PostForecasts, places: list[tuple[int, int]]) -> dict[str, Column]:
    """Return what was given of each post: how many readings, not the readings."""
    posts = [made.partnerships[number].posts[post] for number, post in places]
    return {
        "post_id": [None if post.is_numbered else post.post_id for post in posts],
        "posted_at": [post.posted_at for post in posts],
        "readings": [len(post.readings) for post in posts],
    }
