"""The Instagram panel of a public thesis, a folder of two CSV files: column maps as data."""

from collections import Counter
from pathlib import Path

import pandas as pd

from features.niche.classifier import niche_for_label
from features.tables.frames import read_frame
from features.tables.model import Tables
from features.tables.validate import validate
from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportJob

PANEL_POSTS = "posts.csv.gz"
PANEL_FOLLOWERS = "followers_monthly.csv"

#: When the panel's pages were read: the first full hour after its last post (2023-03-18 04:43 UTC).
#: The publisher says
#: "March 2023" only; posts of the last days still have fewer likes than their creators' usual, so
#: it was about then.
PANEL_READ_AT = pd.Timestamp("2023-03-18T05:00:00Z")

#: Canonical column -> the panel's. Left out: gender (no canonical column), sentiment and
#: follower_class (derived), and
#: followers_old (measured when creators were sampled, on a date not told, so it cannot stand in
#: `followers`).
PANEL_POST_COLUMNS = {
    "creator_id": "creator_id",
    "posted_at": "posted_at",
    "likes": "likes",
    "comments": "comments",
    "likes_hidden": "hidden_likes",
    "caption_words": "caption_words",
    "hashtags_count": "n_hashtags",
    "mentions_count": "n_mentions",
    "has_location": "has_location",
    "topic": "topic_post",
}
PANEL_CREATOR_COLUMNS = {
    "creator_id": "creator_id",
    "followers": "followers",
    "following": "followees",
    "niche": "topic_account",
    "verified": "is_verified",
    "business": "is_business",
}
PANEL_FOLLOWER_COLUMNS = {
    "creator_id": "creator_id",
    "observed_at": "date",
    "followers": "followers",
}


def read_instagram_panel(folder: Path | str) -> Tables:
    """Read the Instagram panel: posts.csv.gz and followers_monthly.csv.

    - likes of posts that hide them are unknown; a carousel is known as such, image and video are
      not told apart
    - a post is named by its row in the file; rows that repeat an earlier one, or say no time of
      posting, are left out
    - every count was read at PANEL_READ_AT, so posts of the 7 days before it are immature
    - an account younger than its own posts has an unknown age; a topic that is no niche gives none

    `meta["read"]` counts the rows as they were, what was left out and what was found. Raises
    SourceError where a file or a column is missing, DataFolderError where a file cannot be read.
    """
    folder = _holding(folder, PANEL_POSTS, PANEL_FOLLOWERS)
    used = [
        *PANEL_POST_COLUMNS.values(),
        *PANEL_CREATOR_COLUMNS.values(),
        "is_carousel",
        "account_age_months",
    ]
    rows = _read(folder / PANEL_POSTS, used)
    months = _read(folder / PANEL_FOLLOWERS, list(PANEL_FOLLOWER_COLUMNS.values()))
    rows.insert(0, "post_id", [f"row{row:06d}" for row in range(len(rows))])
    repeated = rows.drop(columns="post_id").duplicated()
    kept = rows[~repeated & rows["posted_at"].notna()].reset_index(drop=True)
    creators = _panel_creators(rows)
    posts = _panel_posts(kept)
    read = {
        "rows": len(rows),
        "repeated_rows": int(repeated.sum()),
        "rows_without_time": int((~repeated & rows["posted_at"].isna()).sum()),
        "posts": len(posts),
        "posts_with_hidden_likes": int((posts["likes_hidden"] == "True").sum()),
        "creators": len(creators),
        "creators_with_niche": int(creators["niche"].notna().sum()),
        "follower_readings": len(months),
    }
    meta = {"timezone": "UTC", "source": "instagram_panel", "simulated": False, "read": read}
    return Tables(creators=creators, followers=_panel_followers(months), posts=posts, meta=meta)


def read(job: ImportJob) -> None:
    """Read the panel's folder into parts."""
    job.check_platform("instagram")
    tables = validate(read_instagram_panel(job.path))
    for name, frame in tables.frames().items():
        if len(frame):
            job.parts.add_frame(name, frame)
    job.report.kind = "Instagram panel"
    read = tables.meta["read"]
    job.report.items = read["rows"]
    job.report.records += Counter({"row of posts": read["posts"]})
    job.report.ignored_records += Counter({
        "row that repeats another": read["repeated_rows"], "row without a time": read["rows_without_time"],
    })  # fmt: skip
    job.report.notes += [
        f"{name.replace('_', ' ')}: {count:,}" for name, count in tables.meta["read"].items()
    ]
    job.moment, job.report.how = PANEL_READ_AT.to_pydatetime(), "publisher"


def _panel_posts(rows: pd.DataFrame) -> pd.DataFrame:
    posts = _renamed(rows, {"post_id": "post_id", **PANEL_POST_COLUMNS}, observed_at=PANEL_READ_AT)
    posts["likes"] = posts["likes"].mask(posts["likes_hidden"] == "True")
    posts["format"] = rows["is_carousel"].map({"True": "carousel"})
    return posts


def _panel_creators(rows: pd.DataFrame) -> pd.DataFrame:
    first = rows.drop_duplicates("creator_id").reset_index(drop=True)
    creators = _renamed(first, PANEL_CREATOR_COLUMNS, observed_at=PANEL_READ_AT)
    creators["niche"] = creators["niche"].map(lambda topic: niche_for_label(topic, "panel"))
    months = pd.to_numeric(first["account_age_months"])
    opened = months.map(
        lambda age: PANEL_READ_AT - pd.DateOffset(months=int(age)), na_action="ignore"
    )
    posted = pd.to_datetime(rows["posted_at"], utc=True).groupby(rows["creator_id"]).min()
    opened = pd.to_datetime(opened, utc=True)
    creators["created_at"] = opened.mask(opened > first["creator_id"].map(posted))
    return creators


def _panel_followers(months: pd.DataFrame) -> pd.DataFrame:
    return _renamed(months, PANEL_FOLLOWER_COLUMNS)


def _renamed(rows: pd.DataFrame, columns: dict[str, str], **constants) -> pd.DataFrame:
    """Take the columns named, under their canonical names, as columns of Instagram accounts."""
    table = pd.DataFrame({name: rows[theirs] for name, theirs in columns.items()})
    return table.assign(platform="instagram", **constants)


def _holding(folder: Path | str, *names: str) -> Path:
    """Give the folder as a path once it is known to hold the files; SourceError tells what is there
    instead.
    """
    folder = Path(folder)
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else None
    if found is None:
        raise SourceError(f"{str(folder)!r} is no folder: expected one with {' and '.join(names)}")
    if missing := [name for name in names if name not in found]:
        there = ", ".join(found[:10]) or "nothing"
        raise SourceError(
            f"{str(folder)!r} lacks {' and '.join(missing)}: looked for {', '.join(names)}, found {there}"
        )
    return folder


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    frame = read_frame(path)
    if missing := [column for column in columns if column not in frame]:
        raise SourceError(
            f"{path.name} lacks the column(s) {', '.join(missing)}: found {', '.join(frame.columns)}"
        )
    return frame
