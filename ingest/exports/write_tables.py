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
from ingest.exports.record_shapes import IDENTITY_COLUMNS
from ingest.exports.report import ImportReport

META = {"timezone": "UTC", "source": "creatorcast import", "simulated": False}
FIRST_ROWS = 5


def write_merged_tables(
    merge: Merge, folder: Path, out: Path, report: ImportReport, rates: CurrencyRates
) -> None:
    """Write the merged tables that have rows, and dataset.json, into `folder`; add their sizes to
    the report.

    Raises InvalidTables where the rules of `features.tables.validate` are broken: readers and
    merging must not let that be.
    """
    small = {name: merge.table(name) for name in ("creators", "followers", "partnerships")}
    if small["creators"].empty:
        _refuse_nothing(merge, report)
    clean = validate(Tables(**small, meta=META | {"usd_per_unit": rates.usd_per_unit}))
    for name in small:
        frame = clean.frames()[name]
        _keep(report, name, frame)
        if len(frame) or name == "creators":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    report.stub_creators = int(
        clean.creators.drop(columns=list(IDENTITY_COLUMNS)).isna().all(axis=1).sum()
    )
    _write_posts(merge, folder, report)
    report.repeated_readings = merge.count_source_posts() - report.tables.get("posts", 0)
    _write_prospects(merge.table("prospects"), folder, report)
    (folder / "dataset.json").write_text(
        json.dumps(META | read_dataset_json(out), indent=2, sort_keys=True) + "\n"
    )
    report.conflicts = merge.conflicts
    if unattached := merge.unmatched_metrics():
        report.notes.append(
            f"metrics of {len(unattached):,} post(s) that no file gives were left out: {', '.join(unattached[:5])}; "
            "import them together with the posts"
        )


def _write_posts(merge: Merge, folder: Path, report: ImportReport) -> None:
    """Check and write posts chunk by chunk; their creators are there by construction."""
    writer = None
    try:
        for chunk in merge.posts():
            accounts = chunk[["creator_id", "platform"]].drop_duplicates(ignore_index=True)
            posts = validate(Tables(creators=accounts, posts=chunk, meta=META)).posts
            rows = to_arrow(posts)
            writer = writer or pq.ParquetWriter(
                folder / "posts.parquet", rows.schema, compression="zstd"
            )
            writer.write_table(rows.cast(writer.schema))
            report.reposts += int(posts["repost"].sum())
            _keep(report, "posts", posts)
    finally:
        if writer:
            writer.close()


def _write_prospects(frame: pd.DataFrame, folder: Path, report: ImportReport) -> None:
    """Write what vendors say of creators on the average: no table's, but a list that can be scored."""
    clean, faults = clean_table(frame, PROSPECTS)
    if faults:
        raise InvalidTables(faults)
    _keep(report, "prospects", clean)
    if len(clean):
        clean.dropna(axis=1, how="all").to_parquet(folder / "prospects.parquet", index=False)


def _keep(report: ImportReport, name: str, frame: pd.DataFrame) -> None:
    if name not in report.first_rows and len(frame):
        report.first_rows[name] = frame.head(FIRST_ROWS)
    report.tables[name] = report.tables.get(name, 0) + len(frame)


def _refuse_nothing(merge: Merge, report: ImportReport) -> None:
    """Raise SourceError where no file gives a creator: only metrics, or pages without records."""
    if unattached := merge.unmatched_metrics():
        raise SourceError(
            f"{report.files[0].name!r} holds metrics of post {unattached[0]!r}, which no file gives: "
            "import it together with the posts, or into a folder that has them"
        )
    raise SourceError("nothing to import: no file holds a record")
