"""The posts of the tables, by their ids: what a list that names them need not repeat."""

from dataclasses import dataclass

import pandas as pd

from features.history.post_readings import COUNT_FIELDS
from features.tables.vocabulary import PLATFORMS
from serving.scoring.prospect_batch import microseconds
from serving.track.tracked import Reading


@dataclass(frozen=True)
class KnownPost:
    """A post of the tables; `undated`: whether readings without a moment were left out."""

    platform: str
    creator_id: str
    posted_at: pd.Timestamp
    format: str | None
    readings: tuple[Reading, ...]
    undated: bool


class KnownPosts:
    """The posts of the tables that a list names. `posts`: a clean table, None where there is
    none; `post_ids`: those of the list.
    """

    def __init__(self, posts: pd.DataFrame | None = None, post_ids: set[str] | None = None):
        self._posts: dict[tuple[str, str], KnownPost] = {}
        if posts is None or not post_ids:
            return
        wanted = posts[posts["post_id"].isin(post_ids)]
        for (platform, post_id), rows in wanted.groupby(["platform", "post_id"], sort=False):
            self._posts[str(platform), str(post_id)] = _known_post(rows)

    def find(self, platform: str | None, post_id: str | None) -> KnownPost | None:
        """Return a post; without a platform, the one that has the id on one platform alone."""
        if post_id is None:
            return None
        platforms = PLATFORMS if platform is None else (platform,)
        found = [self._posts.get((name, post_id)) for name in platforms]
        known = [post for post in found if post is not None]
        return known[0] if len(known) == 1 else None

    def of_any_platform(self, post_id: str | None) -> list[KnownPost]:
        """Return the posts that have an id, at most one of each platform."""
        return [
            self._posts[name, post_id]
            for name in PLATFORMS
            if post_id is not None and (name, post_id) in self._posts
        ]


def _known_post(rows: pd.DataFrame) -> KnownPost:
    first = rows.iloc[0]
    dated = rows[rows["observed_at"].notna()]
    readings = tuple(reading_of(row) for _, row in dated.iterrows())
    post_format = first["format"] if pd.notna(first["format"]) else None
    return KnownPost(
        first["platform"],
        first["creator_id"],
        first["posted_at"],
        post_format,
        readings,
        len(dated) < len(rows),
    )


def reading_of(row: "pd.Series") -> Reading:
    """Return a row with a known observed_at as a reading."""
    hidden = bool(row["likes_hidden"]) if pd.notna(row["likes_hidden"]) else False
    counts = {
        name: float(row[name])
        for name in COUNT_FIELDS
        if pd.notna(row[name]) and not (name == "likes" and hidden)
    }
    return Reading(microseconds_of(row["observed_at"]), counts, hidden)


def microseconds_of(time: pd.Timestamp) -> int:
    """Return a moment with a zone as microseconds since 1970, UTC."""
    return microseconds(time.to_pydatetime())
