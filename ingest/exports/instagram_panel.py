"""The Instagram panel of a public thesis, a folder of two CSV files: column maps as data."""

from collections import Counter
from pathlib import Path

import pandas as pd

from features.niche.category_labels import niche_for_label
from features.tables.frames import read_frame
from features.tables.model import Tables
from features.tables.validate import validate
from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportJob

PANEL_POSTS = "posts.csv.gz"
PANEL_FOLLOWERS = "followers_monthly.csv"

#: When the panel's pages were read: the first full hour after its last post (2023-03-18 04:43 UTC).
#: The publisher says "March 2023" only; posts of the last days still have fewer likes than their
#: creators' usual, so it was about then.
PANEL_READ_AT = pd.Timestamp("2023-03-18T05:00:00Z")

#: Canonical column -> the panel's. Left out: gender (no canonical column), sentiment and
#: follower_class (derived), and followers_old (measured when creators were sampled, on a date that
#: the publisher does not say, so it cannot stand in `followers`).
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


#: Columns that are read besides.
CAROUSEL_COLUMN, AGE_COLUMN = "is_carousel", "account_age_months"
MOST_NAMED_FILES = 10


def read_instagram_panel(folder: Path | str) -> Tables:
    """Read the Instagram panel: posts.csv.gz and followers_monthly.csv.

    - likes of posts that hide them are unknown; a carousel is known as such, image and video are
      not told apart
    - a post is named by its row in the file; rows that repeat an earlier one, or have no time of
      posting, are left out
    - every count was read at PANEL_READ_AT, so posts of the 7 days before it are immature
    - an account younger than its own posts has an unknown age; a topic that is no niche gives none

    `meta["read"]` counts the rows as they were, what was left out and what the tables have. Raises
    SourceError where a file or a column is missing, DataFolderError where a file cannot be read.
    """
    folder = Path(folder)
    _check_folder(folder, PANEL_POSTS, PANEL_FOLLOWERS)
    column_maps = (PANEL_POST_COLUMNS, PANEL_CREATOR_COLUMNS)
    columns = [name for column_map in column_maps for name in column_map.values()]
    rows = _read_csv(folder / PANEL_POSTS, [*columns, CAROUSEL_COLUMN, AGE_COLUMN])
    months = _read_csv(folder / PANEL_FOLLOWERS, list(PANEL_FOLLOWER_COLUMNS.values()))
    rows.insert(0, "post_id", [f"row{row:06d}" for row in range(len(rows))])
    is_repeated = rows.drop(columns="post_id").duplicated()
    has_time = rows["posted_at"].notna()
    creators = _panel_creators(rows)
    posts = _panel_posts(rows[~is_repeated & has_time].reset_index(drop=True))
    counts = {
        "rows": len(rows),
        "repeated_rows": int(is_repeated.sum()),
        "rows_without_time": int((~is_repeated & ~has_time).sum()),
        "posts": len(posts),
        "posts_with_hidden_likes": int((posts["likes_hidden"] == "True").sum()),
        "creators": len(creators),
        "creators_with_niche": int(creators["niche"].notna().sum()),
        "follower_readings": len(months),
    }
    meta = {"timezone": "UTC", "source": "instagram_panel", "simulated": False, "read": counts}
    followers = _rename_columns(months, PANEL_FOLLOWER_COLUMNS)
    return Tables(creators=creators, followers=followers, posts=posts, meta=meta)


def read(job: ImportJob) -> None:
    """Read the panel's folder into parts."""
    job.check_platform("instagram")
    tables = validate(read_instagram_panel(job.path))
    for name, frame in tables.frames().items():
        if len(frame):
            job.parts.add_frame(name, frame)
    report, counts = job.report, tables.meta["read"]
    report.kind = "Instagram panel"
    report.items = counts["rows"]
    # sums of counters leave out what is 0
    report.records += Counter({"row of posts": counts["posts"]})
    report.ignored_records += Counter({
        "row that repeats another": counts["repeated_rows"],
        "row without a time": counts["rows_without_time"],
    })  # fmt: skip
    report.notes += [f"{name.replace('_', ' ')}: {count:,}" for name, count in counts.items()]
    job.moment, report.how = PANEL_READ_AT.to_pydatetime(), "publisher"


def _panel_posts(rows: pd.DataFrame) -> pd.DataFrame:
    columns = {"post_id": "post_id", **PANEL_POST_COLUMNS}
    posts = _rename_columns(rows, columns, observed_at=PANEL_READ_AT)
    posts["likes"] = posts["likes"].mask(posts["likes_hidden"] == "True")
    posts["format"] = rows[CAROUSEL_COLUMN].map({"True": "carousel"})
    return posts


def _panel_creators(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the creators of the rows of posts, by the first row of each."""
    first_rows = rows.drop_duplicates("creator_id").reset_index(drop=True)
    creators = _rename_columns(first_rows, PANEL_CREATOR_COLUMNS, observed_at=PANEL_READ_AT)
    creators["niche"] = creators["niche"].map(lambda topic: niche_for_label(topic, "panel"))
    age_months = pd.to_numeric(first_rows[AGE_COLUMN])
    opened_at = pd.to_datetime(age_months.map(_months_before_reading, na_action="ignore"), utc=True)
    posted_at = pd.to_datetime(rows["posted_at"], utc=True)
    first_post_at = first_rows["creator_id"].map(posted_at.groupby(rows["creator_id"]).min())
    creators["created_at"] = opened_at.mask(opened_at > first_post_at)
    return creators


def _months_before_reading(months: float) -> pd.Timestamp:
    return PANEL_READ_AT - pd.DateOffset(months=int(months))


def _rename_columns(
    rows: pd.DataFrame, columns: dict[str, str], **constants: object
) -> pd.DataFrame:
    """Return the columns that `columns` maps, under their canonical names, for accounts of
    Instagram, and `constants` as columns.
    """
    table = pd.DataFrame({name: rows[panel_name] for name, panel_name in columns.items()})
    return table.assign(platform="instagram", **constants)


def _check_folder(folder: Path, *names: str) -> None:
    """Raise SourceError where a folder lacks one of the files; it says what is there instead."""
    if not folder.is_dir():
        raise SourceError(f"{str(folder)!r} is no folder: expected one with {' and '.join(names)}")
    existing = sorted(path.name for path in folder.iterdir())
    missing = [name for name in names if name not in existing]
    if missing:
        there = ", ".join(existing[:MOST_NAMED_FILES]) or "nothing"
        raise SourceError(
            f"{str(folder)!r} lacks {' and '.join(missing)}: looked for {', '.join(names)}, "
            f"found {there}"
        )


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read a file of the panel; raises SourceError where it lacks one of the columns."""
    frame = read_frame(path)
    missing = [column for column in columns if column not in frame]
    if missing:
        raise SourceError(
            f"{path.name} lacks the column(s) {', '.join(missing)}: "
            f"found {', '.join(frame.columns)}"
        )
    return frame
