"""What the forecasts were asked about, as matching needs it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.tables.packages import parse_package
from features.tables.vocabulary import UNCOUNTED_FORMATS
from ledger.matching.read_posts import number_column, number_groups, own_names, text_column


@dataclass(frozen=True)
class Asked:
    """The n forecasts, in their order.

    - `rows`: platform, partnership_id, post_id, format, package, campaign, `made` (the later one of
      made_at and as_of), `start_at`
      (NaN where unknown), `horizon_days`, `needed` (deliverables that show counts), `deliverables`
      (all that are booked), `creator` (as in the posts, -1 where none is named) and `by_id`,
      `is_running` (of a post that was online), `identity` (number of the partnership)
    - `bookings`: `forecast` (position), `format` (missing: any), `needed`; a package has several
    """

    rows: pd.DataFrame
    bookings: pd.DataFrame


def number_creators(
    forecasts: pd.DataFrame, posts: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return of forecasts and of posts the `creator`, a number, -1 where none is named, and whether
    it is known `by_id`.

    One account has one number: a handle stands for the id that has it somewhere on its platform,
    if it is one id alone.
    """
    names = ["platform", "creator_id", "handle"]
    rows = pd.concat([forecasts[names], posts[names]], ignore_index=True)
    ids, handles = own_names(rows)
    platform = text_column(rows, "platform")
    ids = ids.fillna(_single_ids(number_groups([platform, handles]), ids.mask(handles.isna())))
    name = ids.fillna(handles)
    number = number_groups([platform, name])
    number[(name.isna() | platform.isna()).to_numpy()] = -1
    found = pd.DataFrame({"creator": number, "by_id": ids.notna().to_numpy()})
    return found[: len(forecasts)], found[len(forecasts) :].reset_index(drop=True)


def _single_ids(group: np.ndarray, ids: pd.Series) -> pd.Series:
    """Return the id (n,) that rows of a group have, missing where they have none or several."""
    known = pd.DataFrame({"group": group, "id": ids}).dropna().drop_duplicates()
    known = known.drop_duplicates("group", keep=False)
    found = np.full(group.max(initial=-1) + 1, None, dtype=object)
    found[known["group"]] = known["id"].to_numpy(dtype=object)
    return pd.Series(found[group], dtype="str")


def describe_forecasts(forecasts: pd.DataFrame, creators: pd.DataFrame) -> Asked:
    """Return what was asked; `creators` (n,): by number_creators."""
    texts = ("platform", "partnership_id", "post_id", "format", "package", "campaign")
    rows = pd.DataFrame({name: text_column(forecasts, name) for name in texts})
    rows["made"] = np.maximum(
        forecasts["made_at"].to_numpy(dtype=np.int64), forecasts["as_of"].to_numpy(dtype=np.int64)
    )
    rows["start_at"] = number_column(forecasts, "start_at")
    rows["horizon_days"] = number_column(forecasts, "horizon_days")
    rows[["creator", "by_id"]] = creators[["creator", "by_id"]].to_numpy()
    rows = rows.astype({"creator": np.int64, "by_id": bool})
    rows["is_running"] = (forecasts["door"] == "track").to_numpy() | rows["post_id"].notna()
    rows["identity"] = _identities(rows)
    bookings = _bookings(rows, number_column(forecasts, "deliverables"))
    needed = np.bincount(bookings["forecast"], bookings["needed"], len(rows))
    booked = number_column(forecasts, "deliverables")
    return Asked(rows.assign(needed=needed, deliverables=booked), bookings)


def _identities(rows: pd.DataFrame) -> np.ndarray:
    """Return numbers (n,) of partnerships.

    A partnership is its id and creator; without an id its campaign, creator, format and start;
    without a creator its id and campaign; a post that is online is itself; a row that names
    nothing is alone, and a post without an id.
    """
    creator = pd.Series(rows["creator"].to_numpy())
    running, named = rows["is_running"], creator >= 0
    by_terms = ~running & rows["partnership_id"].isna() & named
    nameless = rows["post_id"].isna() & (running | (rows["partnership_id"].isna() & ~named))
    return number_groups(
        [
            running,
            rows["post_id"],
            rows["platform"].where(running),
            rows["partnership_id"].where(~running & ~by_terms),
            creator.where(~running, -1),
            rows["campaign"].where(by_terms | (~running & ~named)),
            *(rows[name].where(by_terms) for name in ("format", "package", "start_at")),
            pd.Series(np.arange(len(rows))).where(nameless, -1),
        ]
    )


def _bookings(rows: pd.DataFrame, deliverables: np.ndarray) -> pd.DataFrame:
    """Return the formats that each forecast books, those that show counts alone."""
    number = np.where(np.isnan(deliverables), 1, np.maximum(np.rint(deliverables), 1))
    number = np.where(rows["is_running"], 1, number)
    package = rows["package"].where(~rows["is_running"])
    single = np.flatnonzero(package.isna())
    format_of_one = rows["format"].to_numpy(dtype=object)[single]
    frames = [pd.DataFrame({"forecast": single, "format": format_of_one, "needed": number[single]})]
    for text, places in package.dropna().groupby(package).groups.items():
        for name, count in parse_package(str(text)):
            if name not in UNCOUNTED_FORMATS:
                booked = {"forecast": places.to_numpy(), "format": name, "needed": float(count)}
                frames.append(pd.DataFrame(booked))
    bookings = pd.concat(frames, ignore_index=True).astype({"format": "str"})
    return bookings.sort_values("forecast", kind="stable", ignore_index=True)
