"""The canonical tables as data: their columns in order, units, ranges and keys.

But: the rules are applied in `features.tables.validate`, files are read and written in
`features.tables.model`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from features.tables.vocabulary import FORMATS, MOST_HORIZON_DAYS, NICHES, PLATFORMS

#: What is said of a count with a fraction. Averages and rates may have one.
NOT_WHOLE = "is no whole number, as a count must be"

#: Outside of these no time is possible.
EARLIEST = datetime(2004, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

#: The dtype that each kind of column has after validation.
DTYPES = {
    "text": "str",
    "count": "float64",
    "real": "float64",
    "flag": "boolean",
    "time": "datetime64[us, UTC]",
}


@dataclass(frozen=True)
class Column:
    """One column: its name, kind (a key of DTYPES), meaning with unit, and what values it may hold.

    `remedy`: what is meant most probably by a value above the maximum.
    """

    name: str
    kind: str
    meaning: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None
    remedy: str | None = None
    #: Whether ids that read alike but differ are refused (features.tables.creator_ids).
    identifier: bool = False


@dataclass(frozen=True)
class TableSpec:
    """One table: its columns in order, and the columns whose values together name a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def format_exact(value: float) -> str:
    """Word a number without an exponent: whole ones with separators, others with all their digits.

    >>> format_exact(1e9), format_exact(0.99), format_exact(1e-6), format_exact(1234567.5)
    ('1,000,000,000', '0.99', '0.000001', '1234567.5')
    """
    return (
        f"{value:,.0f}"
        if float(value).is_integer()
        else np.format_float_positional(value, trim="-")
    )


def is_fractional(values: np.ndarray) -> np.ndarray:
    """Mark what is no whole number among counts, (n,); a missing count is not marked.

    >>> is_fractional(np.array([3.0, 1.5, np.nan])).tolist()
    [False, True, False]
    """
    return np.isfinite(values) & (values != np.rint(values))


def _text(name: str, meaning: str, **rules: Any) -> Column:
    return Column(name, "text", meaning, **rules)


def _count(name: str, meaning: str, **rules: Any) -> Column:
    return Column(name, "count", meaning, minimum=0, maximum=1e12, **rules)


def _real(name: str, meaning: str, **rules: Any) -> Column:
    return Column(name, "real", meaning, **{"minimum": 0, **rules})


def _flag(name: str, meaning: str) -> Column:
    return Column(name, "flag", meaning)


def _time(name: str, meaning: str, **rules: Any) -> Column:
    return Column(name, "time", meaning, **rules)


_CREATOR_ID = _text(
    "creator_id",
    "identifier of the creator, unique within a platform; without characters that cannot be seen "
    "or look like others",
    required=True,
    identifier=True,
)
_PLATFORM = _text("platform", "platform of the account", required=True, allowed=PLATFORMS)
_OBSERVED_AT = _time("observed_at", "moment of the reading, UTC")
_BRAND_NICHE = _text("brand_niche", "niche of the brand", allowed=NICHES)
_FORMAT = _text("format", "format of the post", allowed=FORMATS)
_PACKAGE = _text(
    "package",
    "formats booked together, each with its number, such as 1 short + 3 story; in place of format, "
    "deliverables is then the number of all",
)

PROFILE_COLUMNS = (
    _text("handle", "public name of the account"),
    _count("followers", "followers at the reading; missing where unknown"),
    _count("following", "accounts followed"),
    _count("posts_count", "posts the account shows"),
    _time("created_at", "when the account was opened, UTC"),
    _text("niche", "declared niche", allowed=NICHES),
    _text("bio", "profile text"),
    _text("language", "language, ISO 639-1"),
    _text("country", "country, ISO 3166-1 alpha-2"),
    _flag("verified", "verified by the platform"),
    _flag("business", "business account"),
)

CONTENT_COLUMNS = (
    _count("caption_words", "words of the caption"),
    _count("hashtags_count", "hashtags of the caption"),
    _count("mentions_count", "accounts mentioned"),
    _flag("has_location", "a place is tagged"),
    _text("topic", "topic of the post, the user's own labels"),
)

_FRACTION = "a rate is a fraction, 3.2 % is 0.032"
AVERAGE_COLUMNS = (
    _real("avg_likes", "mean likes a post, as a vendor's export gives it", maximum=1e12),
    _real("avg_comments", "mean comments a post", maximum=1e12),
    _real("avg_shares", "mean shares a post", maximum=1e12),
    _real("avg_views", "mean views a post", maximum=1e12),
    _real(
        "engagement_rate_by_followers",
        "engagements a post / followers, a fraction",
        maximum=10,
        remedy=_FRACTION,
    ),
    _real(
        "engagement_rate_by_views",
        "engagements a post / views a post, a fraction",
        maximum=1,
        remedy=_FRACTION,
    ),
)

DEAL_COLUMNS = (
    _BRAND_NICHE,
    _FORMAT,
    Column("deliverables", "count", "posts booked", minimum=1, maximum=100),
    _time("start_at", "when the first deliverable is planned, UTC"),
    _real(
        "fee_usd",
        "fee for all deliverables together, USD; in partnerships 0 is a gift",
        maximum=1e9,
    ),
)

EMV_PARTS = ("like", "comment", "share", "view")
FEE_COLUMNS = (
    _real(
        "fee",
        "fee for all deliverables together, in `currency`, in place of fee_usd",
        minimum=0.01,
        maximum=1e12,
    ),
    _text("currency", "currency of `fee`, ISO 4217; its rate to USD must be known"),
)
#: What a price is judged by.
PRICE_COLUMNS = (
    _real(
        "completion_rate", "probability that a booked deliverable appears", minimum=0.01, maximum=1
    ),
    _real(
        "target_cpe_usd",
        "cost per engagement to stay within, USD; needs a fee",
        minimum=1e-4,
        maximum=1e6,
    ),
    # a figure to stay above, such as a quantile of a forecast, and no count
    _real(
        "goal_engagements",
        "engagements to reach, of all deliverables together",
        minimum=1,
        maximum=1e12,
    ),
    _real(
        "confidence",
        "probability with which break-even is held; 0.8 where missing",
        minimum=0.01,
        maximum=0.99,
    ),
    *(
        _real(f"emv_{part}_usd", f"value of one {part}, for earned media value", maximum=1e6)
        for part in EMV_PARTS
    ),
)

#: When the counts of a forecast are judged.
HORIZON_COLUMN = Column(
    "horizon_days",
    "count",
    "days after posting at which each deliverable's counts are forecast; the model's, usually 30, "
    "where missing",
    minimum=1,
    maximum=MOST_HORIZON_DAYS,
)

CREATORS = TableSpec(
    "creators",
    (_CREATOR_ID, _PLATFORM, _OBSERVED_AT, *PROFILE_COLUMNS),
    key=("creator_id", "platform", "observed_at"),
)

FOLLOWERS = TableSpec(
    "followers",
    (
        _CREATOR_ID,
        _PLATFORM,
        replace(_OBSERVED_AT, required=True),
        _count("followers", "followers at the reading", required=True),
    ),
    key=("creator_id", "platform", "observed_at"),
)

POSTS = TableSpec(
    "posts",
    (
        _PLATFORM,
        _text("post_id", "identifier of the post, unique within a platform", required=True),
        replace(
            _OBSERVED_AT,
            meaning="moment of the reading, UTC; missing means that the counts are grown up",
        ),
        _CREATOR_ID,
        _time("posted_at", "when it was posted, UTC", required=True),
        _FORMAT,
        _count("likes", "likes; missing where unknown or hidden"),
        _count("comments", "comments; on X replies"),
        _count("shares", "shares; on X reposts"),
        _count("saves", "saves; a signal, not part of the engagements"),
        _count("views", "views, plays or impressions"),
        _flag("likes_hidden", "the creator hides the like count: it is unknown"),
        _flag("repost", "somebody else's post shared on; never part of the history"),
        _flag("sponsored", "paid partnership"),
        _BRAND_NICHE,
        _text("text", "caption"),
        _text("hashtags", "hashtags, separated by spaces"),
        *CONTENT_COLUMNS,
    ),
    key=("platform", "post_id", "observed_at"),
)

PARTNERSHIPS = TableSpec(
    "partnerships",
    (
        _text("partnership_id", "identifier of the partnership", required=True),
        _CREATOR_ID,
        replace(
            _PLATFORM,
            required=False,
            meaning="needed only where the creator_id stands on several platforms",
        ),
        *DEAL_COLUMNS,
        *CONTENT_COLUMNS,
        *FEE_COLUMNS,
        _count("engagements", "engagements of all deliverables together, once over"),
        _count("views", "views of all deliverables together, once over"),
        replace(
            _OBSERVED_AT,
            meaning="when the outcome was read, UTC; missing means grown-up counts",
        ),
    ),
    key=("partnership_id",),
)

PROSPECTS = TableSpec(
    "prospects",
    (
        _text("partnership_id", "identifier of the row; numbered where missing"),
        # judged where the creators that are known can be named (serving.scoring.account_lookup)
        replace(
            _CREATOR_ID,
            required=False,
            identifier=False,
            meaning="a creator that the tables know, or a name for the profile given",
        ),
        replace(
            _PLATFORM, required=False, meaning="needed where the tables do not know the creator"
        ),
        *PROFILE_COLUMNS,
        *AVERAGE_COLUMNS,
        *(
            replace(column, minimum=0.01) if column.name == "fee_usd" else column
            for column in DEAL_COLUMNS
        ),
        _PACKAGE,
        *FEE_COLUMNS,
        *PRICE_COLUMNS,
        HORIZON_COLUMN,
        *CONTENT_COLUMNS,
    ),
    key=("partnership_id",),
)

#: What is forecast before of one deliverable, and until when a post is followed.
TRACKING_COLUMNS = (
    Column(
        "horizon_days",
        "count",
        "days after posting at which the counts are forecast; 30 where missing",
        minimum=1,
        maximum=90,
    ),
    _real(
        "make_good_engagements",
        "engagements of all deliverables together below which the creator owes more; half of the "
        "forecast's median where missing",
        minimum=1,
        maximum=1e12,
    ),
    *(
        _real(
            f"forecast_{name}",
            f"{share} % quantile of the engagements of one deliverable at the horizon, as it was "
            "forecast before; give p10, p50 and p90 together",
            maximum=1e12,
        )
        for name, share in (("p10", 10), ("p50", 50), ("p90", 90))
    ),
)

#: Lists to track: a row for each reading of a post that is online.
PUBLISHED_POSTS = TableSpec(
    "published_posts",
    (
        _text("partnership_id", "identifier of the partnership; that of the post where missing"),
        replace(_CREATOR_ID, required=False, identifier=False, meaning="the creator of the posts"),
        replace(
            _PLATFORM, required=False, meaning="needed where the tables do not know the creator"
        ),
        _text("post_id", "identifier of the post; the moment of posting where missing"),
        _text("handle", "public name of the account, where there is no creator_id"),
        _FORMAT,
        _time("posted_at", "when it was posted, UTC; from the tables where they have the post"),
        replace(_OBSERVED_AT, meaning="when these counts were read, UTC"),
        *(POSTS[name] for name in ("likes", "comments", "shares", "saves", "views")),
        POSTS["likes_hidden"],
        _count("followers", "followers when the first deliverable was posted"),
        _text("niche", "declared niche", allowed=NICHES),
        *AVERAGE_COLUMNS,
        _BRAND_NICHE,
        PROSPECTS["deliverables"],
        PROSPECTS["fee_usd"],
        *FEE_COLUMNS,
        PROSPECTS["goal_engagements"],
        *TRACKING_COLUMNS,
    ),
    key=("partnership_id", "post_id", "posted_at", "observed_at"),
)

TABLE_SPECS = {
    spec.name: spec
    for spec in (CREATORS, FOLLOWERS, POSTS, PARTNERSHIPS, PROSPECTS, PUBLISHED_POSTS)
}
