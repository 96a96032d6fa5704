"""The merged rows as tables: checked like anybody's, and written as Parquet."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from features.tables.currency import CurrencyRates
from features.tables.folder import read_dataset_json
from features.tables.model import Tables
from features.tables.schema import PROSPECTS
from features.tables.validate import InvalidTables, clean_table, validate
from ingest.exports.errors import SourceError
from ingest.exports.merge import Merge
from ingest.exports.part_writer import to_arrow
from ingest.exports.report import ImportReport
from ingest.shapes.record_shapes import IDENTITY_COLUMNS

META = {"timezone": "UTC", "source": "creatorcast import", "simulated": False}
SMALL_TABLES = ("creators", "followers", "partnerships")
FIRST_ROWS = 5
#: Posts without a record that a note lists.
MOST_NAMED_POSTS = 5


def write_merged_tables(
    merge: Merge, folder: Path, out: Path, report: ImportReport, rates: CurrencyRates
) -> None:
    """Write the merged tables that have rows, and dataset.json, into `folder`; add their sizes to
    the report.

    Raises SourceError where there is no creator, and InvalidTables where a rule of
    `features.tables.validate` is broken: readers and merging must not let that be.
    """
    small_tables = {name: merge.table(name) for name in SMALL_TABLES}
    if small_tables["creators"].empty:
        raise _no_creators(merge, report)
    tables = validate(Tables(**small_tables, meta=META | {"usd_per_unit": rates.usd_per_unit}))
    for name in SMALL_TABLES:
        frame = tables.frames()[name]
        _add_to_report(report, name, frame)
        if len(frame) or name == "creators":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    profiles = tables.creators.drop(columns=list(IDENTITY_COLUMNS))
    report.stub_creators = int(profiles.isna().all(axis=1).sum())
    _write_posts(merge, folder, report)
    report.repeated_readings = merge.count_source_posts() - report.tables.get("posts", 0)
    _write_prospects(merge.table("prospects"), folder, report)
    meta = json.dumps(META | read_dataset_json(out), indent=2, sort_keys=True)
    (folder / "dataset.json").write_text(meta + "\n")
    report.conflicts = merge.conflicts
    if posts := merge.unmatched_metrics():
        report.notes.append(
            f"metrics of {len(posts):,} post(s) that no file gives were left out: "
            f"{', '.join(posts[:MOST_NAMED_POSTS])}; import them together with the posts"
        )


def _write_posts(merge: Merge, folder: Path, report: ImportReport) -> None:
    """Check and write posts chunk by chunk; their creators are there by construction."""
    writer = None
    try:
        for chunk in merge.posts():
            accounts = chunk[["creator_id", "platform"]].drop_duplicates(ignore_index=True)
            posts = validate(Tables(creators=accounts, posts=chunk, meta=META)).posts
            rows = to_arrow(posts)
            if writer is None:
                path = folder / "posts.parquet"
                writer = pq.ParquetWriter(path, rows.schema, compression="zstd")
            writer.write_table(rows.cast(writer.schema))
            report.reposts += int(posts["repost"].sum())
            _add_to_report(report, "posts", posts)
    finally:
        if writer:
            writer.close()


def _write_prospects(frame: pd.DataFrame, folder: Path, report: ImportReport) -> None:
    """Write the averages that vendors give of creators: no table, but a list that can be scored."""
    prospects, faults = clean_table(frame, PROSPECTS)
    if faults:
        raise InvalidTables(faults)
    _add_to_report(report, "prospects", prospects)
    if len(prospects):
        known_columns = prospects.dropna(axis=1, how="all")
        known_columns.to_parquet(folder / "prospects.parquet", index=False)


def _add_to_report(report: ImportReport, name: str, frame: pd.DataFrame) -> None:
    if name not in report.first_rows and len(frame):
        report.first_rows[name] = frame.head(FIRST_ROWS)
    report.tables[name] = report.tables.get(name, 0) + len(frame)


def _no_creators(merge: Merge, report: ImportReport) -> SourceError:
    """Return the error of an import without creators: only metrics, or pages without records."""
    posts = merge.unmatched_metrics()
    if not posts:
        return SourceError("nothing to import: no file holds a record")
    return SourceError(
        f"{report.files[0].name!r} holds metrics of post {posts[0]!r}, which no file gives: "
        "import it together with the posts, or into a folder that has them"
    )
