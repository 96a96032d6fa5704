"""Counts of a post that cannot be: which of them stay unknown, and why.

Nothing is exchanged by guess: counts that look swapped stay where they are, and the count that the
others contradict is unknown.
"""

from datetime import UTC, datetime

#: X shows view counts of posts from this day on; of older posts its interfaces return 0.
X_VIEWS_SINCE = datetime(2022, 12, 15, tzinfo=UTC)
X_VIEWS_UNKNOWN = (
    "views of a post from before 15 December 2022 are 0: unknown, as X did not show them yet"
)
#: Views are counted later than likes and comments, which shows in small and young posts: so much
#: more is no contradiction.
VIEWS_TOLERANCE_SHARE, VIEWS_TOLERANCE = 0.1, 10
#: One viewer may share a post several times: real posts have up to 1.3 times as many shares as
#: views.
SHARES_TIMES = 2
COUNTS = ("views", "likes", "comments", "shares")
#: Metric -> what a view of Instagram is by it: these are not the same count.
INSTAGRAM_VIEW_DEFINITIONS = {
    "views": "views", "impressions": "impressions", "plays": "plays", "play_count": "plays",
    "ig_play_count": "plays",
    "video_play_count": "plays", "videoPlayCount": "plays", "igPlayCount": "plays",
    "ig_reels_aggregated_all_plays_count": "plays", "video_views": "video views",
    "video_view_count": "video views",
    "videoViewCount": "video views", "view_count": "video views",
    "fb_play_count": "plays on Facebook",
    "fbPlayCount": "plays on Facebook",
}  # fmt: skip


def has_placeholder_views(row: dict) -> bool:
    """Return whether a post is one of X with the 0 that stands for no view count."""
    has_zero_views = row.get("platform") == "x" and row.get("views") == 0
    return has_zero_views and row["posted_at"] < X_VIEWS_SINCE


def counts_above_views(row: dict) -> list[str]:
    """Return the names of the counts of a post that are far above its views; none where views or
    they are unknown.

    A repost has the shares of the post that it repeats, and views of its own: its counts are not
    compared.

    >>> counts_above_views({"views": 68.0, "likes": 3710.0, "comments": 44800.0, "shares": 50.0})
    ['likes', 'comments']
    """
    views = row.get("views")
    if views is None or row.get("repost"):
        return []
    limits = {
        "likes": views * (1 + VIEWS_TOLERANCE_SHARE),
        "comments": views * (1 + VIEWS_TOLERANCE_SHARE),
        "shares": views * SHARES_TIMES,
    }
    return [
        name for name, limit in limits.items() if (row.get(name) or 0) > limit + VIEWS_TOLERANCE
    ]


def find_implausible_counts(above: list[str]) -> list[str]:
    """Return the counts that stay unknown, of a post with the counts `above` its views.

    These are the views, or the shares where they alone contradict; comments that alone contradict
    stay unknown beside the views.

    >>> find_implausible_counts(["likes", "comments"])
    ['views']
    >>> find_implausible_counts(["comments"]), find_implausible_counts(["shares"])
    (['views', 'comments'], ['shares'])
    """
    if above == ["shares"]:
        return ["shares"]
    return ["views", "comments"] if above == ["comments"] else ["views"]


def format_counts(row: dict) -> str:
    """Return the counts of a post that are known, in words.

    >>> format_counts({"views": 68.0, "likes": 3710.0})
    '68 views, 3,710 likes'
    """
    return ", ".join(f"{row[name]:,.0f} {name}" for name in COUNTS if row.get(name) is not None)
