"""The closed lists that tables and models share: platforms, formats, bands, niches, and what counts
as engagement.
"""

import numpy as np

PLATFORMS = ("instagram", "tiktok", "youtube", "x")
#: How sentences write the name of a platform.
PLATFORM_NAMES = {"instagram": "Instagram", "tiktok": "TikTok", "youtube": "YouTube", "x": "X"}
FORMATS = ("image", "carousel", "video", "short", "story", "live")
#: Formats that show no public counts: nothing is forecast of them.
UNCOUNTED_FORMATS = ("story",)
#: The formats that each platform has today; tables may hold posts of others, from years when it had
#: them. On TikTok
#: every video is a short one, and users write both.
PLATFORM_FORMATS = {
    "instagram": FORMATS,
    "tiktok": FORMATS,
    "youtube": ("video", "short", "live"),
    "x": ("image", "carousel", "video", "live"),
}
UNKNOWN = "unknown"
#: The formats whose views everybody sees on each platform; UNKNOWN where that is so of all.
FORMATS_WITH_VIEWS = {
    "instagram": ("video", "short"),
    "tiktok": (*PLATFORM_FORMATS["tiktok"], UNKNOWN),
    "youtube": (*PLATFORM_FORMATS["youtube"], UNKNOWN),
    "x": (*PLATFORM_FORMATS["x"], UNKNOWN),
}
EVIDENCE = ("history", "summary", "profile")
#: What is forecast of a partnership.
TARGETS = ("engagements", "views")

#: Days after posting at which outcomes are judged, unless another horizon is asked for.
HORIZON_DAYS = 30
#: The last day after posting that may be asked for: counts are not known to grow after it.
MOST_HORIZON_DAYS = 90
#: Age in days from which a post counts, whenever its counts were read.
MATURE_DAYS = 7
#: Age in days from which a younger post counts, by a reading that was made at the moment of the
#: forecast or before.
FRESH_DAYS = 1

#: What the platform shows publicly and we add up; a post with one of them unknown has unknown
#: engagements.
ENGAGEMENT_PARTS = {
    "instagram": ("likes", "comments"),
    "tiktok": ("likes", "comments", "shares"),
    "youtube": ("likes", "comments"),
    "x": ("likes", "comments", "shares"),
}
ALL_ENGAGEMENT_PARTS = tuple(
    dict.fromkeys(part for parts in ENGAGEMENT_PARTS.values() for part in parts)
)

#: Shares of the parts that stand in where no post of a platform trained the model: round figures of
#: published ones.
#: Comments are 4 % of the likes of the median post, 2 % at the mean (HubSpot, 48 million posts);
#: TikTok is of the
#: median of public readings of 3,848 videos of 2025; X is an assumption without a good source.
DEFAULT_PART_SHARES = {
    "instagram": {"likes": 0.97, "comments": 0.03},
    "tiktok": {"likes": 0.94, "comments": 0.01, "shares": 0.05},
    "youtube": {"likes": 0.96, "comments": 0.04},
    "x": {"likes": 0.83, "comments": 0.07, "shares": 0.10},
}

#: How answers word the definition; on X `comments` are replies and `shares` are reposts.
ENGAGEMENT_DEFINITION = {
    "instagram": "likes + comments",
    "tiktok": "likes + comments + shares",
    "youtube": "likes + comments",
    "x": "likes + replies + reposts",
}

#: Lower edges of the follower bands, in followers. A bundle keeps the edges that it was trained
#: with.
BAND_EDGES = {
    "under_1k": 0,
    "nano": 1_000,
    "micro": 10_000,
    "mid": 100_000,
    "macro": 500_000,
    "mega": 1_000_000,
}

NICHES = (
    "art",
    "automotive",
    "beauty",
    "books",
    "business",
    "comedy",
    "dance",
    "diy",
    "education",
    "entertainment",
    "family",
    "fashion",
    "finance",
    "fitness",
    "food",
    "gaming",
    "health",
    "home",
    "lifestyle",
    "motivation",
    "music",
    "news",
    "pets",
    "photography",
    "religion",
    "sports",
    "technology",
    "travel",
)


def band_codes(followers: np.ndarray, edges: dict[str, int] = BAND_EDGES) -> np.ndarray:
    """Return the position of each account's band in `edges`, shape (n,); NaN where the followers
    are unknown.
    """
    followers = np.asarray(followers, dtype=float)
    rank = np.searchsorted(np.array(list(edges.values()), dtype=float), followers, side="right") - 1
    return np.where(np.isnan(followers), np.nan, rank)


def lookup_indexes(codes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return where codes (n,), positions in lists like those here, stand in tables that keep 0 for
    what is unknown.

    >>> lookup_indexes({"niche": np.array([0.0, 2.0, np.nan])})["niche"].tolist()
    [1, 3, 0]
    """
    every = np.array(list(codes.values()))
    every += 1
    every[np.isnan(every)] = 0
    return dict(zip(codes, every.astype(int), strict=True))
