"""Names the creators, posts and partnerships of a sheet's rows where the sheet has no ids."""

from hashlib import sha256

import numpy as np
import pandas as pd

from features.tables.schema import DEAL_COLUMNS
from ingest.exports.import_job import ImportJob
from ingest.exports.rejections import Rejection
from ingest.exports.sheet_table_rows import SheetTableRows
from ingest.sheets.column_stats import ROW_NUMBER_DIGITS
from ingest.sheets.sheet_types import Guess

REPEATED = (
    "repeats the partnership of an earlier row: give each its own partnership_id, if they are two"
)
#: Numbers that count the rows of a list, and name nothing outside of it.
RUNNING_NUMBER = rf"\d{{1,{ROW_NUMBER_DIGITS}}}"
#: Of posts without id: creator and day -> what their rows say -> which post of the day it is.
PostsByDay = dict[str, dict[str, int]]


def name_creators(job: ImportJob, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with creator_id, handle, platform and observed_at.

    A creator is named by its id, else by its handle, else it is the one that the user names; the
    platform and the moment are those of the file where the row has none.
    """
    unknown_text = pd.Series(None, index=rows.index, dtype="str")
    unknown_time = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us, UTC]")
    handles = rows.get("handle", unknown_text).str.removeprefix("@").str.lower()
    ids = rows.get("creator_id", unknown_text).fillna("@" + handles)
    read_at = pd.NaT if job.moment is None else pd.Timestamp(job.moment)
    return rows.assign(
        creator_id=ids.fillna(job.options.owner.get("creator_id", np.nan)),
        handle=handles,
        platform=rows.get("platform", unknown_text).fillna(job.options.platform or np.nan),
        observed_at=rows.get("observed_at", unknown_time).fillna(read_at),
    )


def name_posts(rows: pd.DataFrame, posts_by_day: PostsByDay) -> pd.DataFrame:
    """Return the rows with post_id: posts that have none are named by their creator and moment; of
    a day without a time the second is numbered 2.

    `posts_by_day` is filled, so that the numbers go on from chunk to chunk.
    """
    ids = rows.get("post_id", pd.Series(None, index=rows.index, dtype="str"))
    if "posted_at" not in rows:
        return rows.assign(post_id=ids)
    posted_at = rows["posted_at"]
    names = rows["creator_id"] + " " + posted_at.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    has_day_alone = ids.isna() & (posted_at == posted_at.dt.normalize())
    for row in np.flatnonzero(has_day_alone):
        posts_of_day = posts_by_day.setdefault(names[row], {})
        content = "|".join(map(str, rows.iloc[row]))
        number = posts_of_day.setdefault(content, len(posts_of_day) + 1)
        if number > 1:
            names[row] += f" {number}"
    return rows.assign(post_id=ids.fillna(names))


def name_partnerships(
    job: ImportJob,
    target: SheetTableRows,
    rows: pd.DataFrame,
    lines: np.ndarray,
    guesses: list[Guess],
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows with partnership_id, and their lines (n,): partnerships that have no id are
    named by what they are, so that the same row has the same name whenever it is read.

    A fee counts as it is written, before any rate. A running number and an id of several
    partnerships, such as that of a campaign, name none of them. Rows that agree in all but their
    outcome are numbered; what repeats an earlier row is rejected.
    """
    texts = _deal_texts(rows)
    ids = rows.get("partnership_id", pd.Series(None, index=rows.index, dtype="str"))
    names_none = _ids_that_name_none(job, ids, texts, guesses)
    texts, ids = texts.mask(names_none, ids + "|" + texts), ids.mask(names_none)
    outcomes = {name: rows[name] for name in ("engagements", "views") if name in rows}
    same_content = pd.DataFrame({"text": texts, **outcomes}).duplicated()
    repeats = same_content.where(ids.isna(), ids.duplicated())
    for row in np.flatnonzero(repeats):
        target.reject(Rejection(job.place(f"line {lines[row]}"), REPEATED), lines[row])
    rows, texts, ids = rows[~repeats], texts[~repeats], ids[~repeats]
    number = texts.groupby(texts).cumcount()
    texts = texts.mask(number > 0, texts + "|" + number.astype("str"))
    rows = rows.assign(partnership_id=ids.fillna(texts.map(_hashed_id).astype("str")))
    return rows.reset_index(drop=True), lines[~repeats.to_numpy()]


def _deal_texts(rows: pd.DataFrame) -> pd.Series:
    """Return what each partnership is, as one text (n,)."""
    deal_columns = [column.name for column in DEAL_COLUMNS if column.name in rows]
    columns = ["creator_id", "platform", *deal_columns]
    texts = rows[columns].astype("str").fillna("").agg("|".join, axis=1)
    if "fee" not in rows:
        return texts
    fees = rows["fee"].astype("str") + rows["currency"].fillna("")
    return texts.mask(rows["fee"].notna(), texts + "|" + fees)


def _ids_that_name_none(
    job: ImportJob, ids: pd.Series, texts: pd.Series, guesses: list[Guess]
) -> pd.Series:
    """Return the rows (n,) whose id is one of several partnerships or, unless its column is called
    partnership_id, a running number.
    """
    shared = texts.groupby(ids).transform("nunique") > 1
    if shared.any():
        job.report.notes.append(
            f"{ids[shared].nunique():,} id(s) are of several partnerships each and name none of "
            "them"
        )
    for guess in guesses:
        if guess.column == "partnership_id" and guess.how == "exact name":
            return shared
    return shared | ids.str.fullmatch(RUNNING_NUMBER).fillna(False).astype(bool)


def _hashed_id(text: str) -> str:
    return f"p{sha256(text.encode()).hexdigest()[:12]}"
