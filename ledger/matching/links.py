"""Which posts are whose: by post, by partnership_id, or by creator and time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.tables.vocabulary import UNCOUNTED_FORMATS
from ledger.matching.asked import Asked
from ledger.matching.read_posts import number_groups

BY_POST, BY_PARTNERSHIP, BY_CREATOR = "post", "partnership_id", "creator and time"
#: Days before the planned start from which a post may be the partnership's, and days after it until
#: when; without a start, after the moment of the forecast.
DAYS_BEFORE_START, WINDOW_DAYS = 2, 30


@dataclass(frozen=True)
class Links:
    """The posts of forecasts.

    - `pairs`: `forecast` and `post` (positions), `how` (BY_POST, ...)
    - by forecast (n,): `several_owners`: the partnership_id of its posts is that of several
      creators; `shared`: another partnership has a claim to one of its posts; `unmarked`: posts
      that may be its own, of which nobody says whether they are sponsored, and `first_unmarked`:
      the id of the first of them; `left_over`: posts beyond the deliverables; `formatless`: posts
      with the partnership_id of a package, which cannot be told to be of a format that it books
    """

    pairs: pd.DataFrame
    several_owners: np.ndarray
    shared: np.ndarray
    unmarked: np.ndarray
    first_unmarked: np.ndarray
    left_over: np.ndarray
    formatless: np.ndarray


def link_posts(asked: Asked, posts: pd.DataFrame, creators: pd.DataFrame) -> Links:
    """Return the posts of each forecast. `creators` (posts,): by number_creators."""
    posts = posts.assign(post=np.arange(len(posts))).join(creators)
    counted = posts[~posts["format"].isin(UNCOUNTED_FORMATS)]
    running = _link_running(asked, counted)
    named = _link_by_partnership(asked, posts, counted)
    n = len(asked.rows)
    several_owners = _mark(n, _of_several(named, _owners(asked)))
    every_named = named
    named, extra_named = _first_of_each(asked, named, counted, any_format=True)
    opened, formatless = _of_open_format(asked, every_named, named, counted)
    named = pd.concat([named, opened], ignore_index=True)
    without = np.ones(n, dtype=bool)
    without[named["forecast"].to_numpy()] = False
    candidates = _candidates(asked, counted, without)
    marked = candidates[candidates["sponsored"] == 1]
    chosen, extra = _first_of_each(asked, marked, counted)
    in_time = _posted(chosen, posts) > asked.rows["made"].to_numpy()[chosen["forecast"]]
    taken = _of_several(chosen[in_time], asked.rows["identity"])
    unknown = candidates[candidates["sponsored"].isna()]
    pairs = pd.concat(
        [
            running.assign(how=BY_POST),
            named.assign(how=BY_PARTNERSHIP),
            chosen.assign(how=BY_CREATOR),
        ]
    )
    return Links(
        pairs[["forecast", "post", "how"]].reset_index(drop=True),
        several_owners,
        _mark(n, taken),
        np.bincount(unknown["forecast"], minlength=n),
        _first_ids(unknown, posts, n),
        extra_named + extra,
        formatless,
    )


def window_of(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return from when and until when (n,) a post may be that of a forecast, microseconds UTC."""
    start, made = rows["start_at"].to_numpy(dtype=float), rows["made"].to_numpy(dtype=float)
    first = np.where(np.isnan(start), made, start - DAYS_BEFORE_START * DAY_US)
    return first, np.where(np.isnan(start), made, start) + WINDOW_DAYS * DAY_US


def _link_running(asked: Asked, posts: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of forecasts of posts that were online."""
    is_named = asked.rows["is_running"] & asked.rows["post_id"].notna()
    own = asked.rows.loc[is_named, ["platform", "post_id"]]
    own = own.assign(forecast=own.index)
    return own.merge(posts.loc[~posts["is_total"], ["platform", "post_id", "post"]])[
        ["forecast", "post"]
    ]


def _link_by_partnership(asked: Asked, posts: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs with one partnership_id whose platforms and creators do not differ."""
    rows = asked.rows[~asked.rows["is_running"] & asked.rows["partnership_id"].notna()]
    names = ["partnership_id", "platform", "creator", "by_id"]
    left = rows[names].assign(forecast=rows.index)
    right = counted.loc[counted["partnership_id"].notna(), [*names, "post", "posted_at", "format"]]
    pairs = left.merge(right, on="partnership_id", suffixes=("", "_of_post"))
    platform = pairs["platform_of_post"]
    differs = platform.notna() & pairs["platform"].notna() & (platform != pairs["platform"])
    both = (pairs["creator"] >= 0) & (pairs["creator_of_post"] >= 0)
    both &= pairs["by_id"] == pairs["by_id_of_post"]  # an id is not compared with a handle
    differs |= both & (pairs["creator"] != pairs["creator_of_post"])
    return pairs.loc[~differs, ["forecast", "post", "posted_at", "format"]]


def _candidates(asked: Asked, posts: pd.DataFrame, without: np.ndarray) -> pd.DataFrame:
    """Return the pairs of forecasts and the posts of their creators within their windows. A post
    whose partnership_id is another one is none.

    `without` (n,): forecasts that have no posts yet.
    """
    rows = asked.rows
    used = without & ~rows["is_running"].to_numpy() & (rows["creator"].to_numpy() >= 0)
    forecast = np.flatnonzero(used)
    columns = ["post", "creator", "posted_at", "format", "sponsored", "partnership_id"]
    dated = ~posts["is_total"] & (posts["creator"] >= 0) & posts["posted_at"].notna()
    some = posts.loc[dated, columns]
    some = some.sort_values(["creator", "posted_at", "post"], ignore_index=True)
    first, last = (moment[forecast] for moment in window_of(rows))
    creator = rows["creator"].to_numpy()[forecast]
    at = _sort_key(some["creator"].to_numpy(), some["posted_at"].to_numpy())
    low = np.searchsorted(at, _sort_key(creator, first), "left")
    high = np.searchsorted(at, _sort_key(creator, last), "right")
    size = np.maximum(high - low, 0)
    owner = np.repeat(forecast, size)
    place = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + np.repeat(low, size)
    pairs = some.iloc[place].reset_index(drop=True).assign(forecast=owner)
    own_id = rows["partnership_id"].to_numpy(dtype=object)[owner]
    foreign = ~pairs["partnership_id"].isin(rows["partnership_id"].dropna().unique())
    free = pairs["partnership_id"].isna() | (pd.isna(own_id) & foreign)
    return pairs[free].reset_index(drop=True)


def _sort_key(creator: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Return one number (n,) by which creators and, within them, seconds are sorted."""
    return creator.astype(np.int64) * (1 << 33) + (moment // 1_000_000).astype(np.int64)


def _first_of_each(
    asked: Asked, pairs: pd.DataFrame, posts: pd.DataFrame, any_format: bool = False
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the pairs of the first posts, as many as each booking needs, and totals; and how many
    posts more there are of each forecast (n,).

    A post fits a booking of its format; where one of both is unknown, or with `any_format`, it fits
    any booking that is no package.
    """
    is_total = posts["is_total"].reindex(pairs["post"]).to_numpy(dtype=bool)
    single = pairs[~is_total].merge(asked.bookings, on="forecast", suffixes=("", "_booked"))
    package = asked.rows["package"].notna().to_numpy()[single["forecast"].to_numpy()]
    booked, own = single["format_booked"], single["format"]
    fits = (booked == own).to_numpy(dtype=bool, na_value=False)
    fits = fits | ~package & (any_format | booked.isna() | own.isna()).to_numpy(dtype=bool)
    single = single[fits].sort_values(["forecast", "format_booked", "posted_at", "post"])
    rank = single.groupby(["forecast", "format_booked"], dropna=False).cumcount()
    is_first = (rank < single["needed"]).to_numpy()
    left_over = np.bincount(single.loc[~is_first, "forecast"], minlength=len(asked.rows))
    chosen = pd.concat([single.loc[is_first, ["forecast", "post"]], pairs.loc[is_total]])
    return chosen[["forecast", "post"]].reset_index(drop=True), left_over


def _of_open_format(
    asked: Asked, pairs: pd.DataFrame, chosen: pd.DataFrame, posts: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return more pairs of packages: posts of an unknown format, where not more of them have the
    partnership_id than deliverables are open; and of each forecast how many posts are not used
    because of their format (n,).

    `pairs`: all by partnership_id; `chosen`: those of known formats.
    """
    n, rows = len(asked.rows), asked.rows
    is_post = ~posts["is_total"].reindex(pairs["post"]).to_numpy(dtype=bool)
    package = rows["package"].notna().to_numpy()[pairs["forecast"].to_numpy()]
    used = pd.MultiIndex.from_frame(chosen[["forecast", "post"]])
    rest = pairs[
        is_post & package & ~pd.MultiIndex.from_frame(pairs[["forecast", "post"]]).isin(used)
    ]
    booked = pd.MultiIndex.from_frame(asked.bookings[["forecast", "format"]])
    rest = rest[~pd.MultiIndex.from_frame(rest[["forecast", "format"]]).isin(booked)]
    chosen_posts = chosen[~posts["is_total"].reindex(chosen["post"]).to_numpy(dtype=bool)]
    left = rows["needed"].to_numpy() - np.bincount(chosen_posts["forecast"], minlength=n)
    unknown = rest[rest["format"].isna()]
    number = np.bincount(unknown["forecast"], minlength=n)
    fits = number <= left
    opened = unknown.loc[fits[unknown["forecast"].to_numpy()], ["forecast", "post"]]
    unused = np.bincount(rest["forecast"], minlength=n) - np.where(fits, number, 0)
    return opened, np.where(left > 0, unused, 0)


def _first_ids(pairs: pd.DataFrame, posts: pd.DataFrame, n: int) -> np.ndarray:
    """Return the id of the first post of each forecast (n,), "" where it has none."""
    first = pairs.sort_values(["forecast", "posted_at", "post"]).drop_duplicates("forecast")
    ids = np.full(n, "", dtype=object)
    ids[first["forecast"].to_numpy()] = posts["post_id"].to_numpy(dtype=object)[first["post"]]
    return ids


def _of_several(pairs: pd.DataFrame, identity: pd.Series) -> np.ndarray:
    """Return the forecasts with a post that forecasts of other partnerships have too."""
    own = identity.to_numpy()[pairs["forecast"].to_numpy()]
    owners = pd.Series(own).groupby(pairs["post"].to_numpy()).transform("nunique")
    return pairs["forecast"].to_numpy()[owners.to_numpy() > 1]


def _owners(asked: Asked) -> pd.Series:
    """Return numbers (n,) of creators; where none is named, of campaigns."""
    rows, nobody = asked.rows, asked.rows["creator"] < 0
    parts = [rows["creator"], rows["platform"].where(nobody), rows["campaign"].where(nobody)]
    return pd.Series(number_groups(parts))


def _posted(pairs: pd.DataFrame, posts: pd.DataFrame) -> np.ndarray:
    return posts["posted_at"].to_numpy()[pairs["post"].to_numpy()]


def _mark(n: int, places: np.ndarray) -> np.ndarray:
    marked = np.zeros(n, dtype=bool)
    marked[places] = True
    return marked
