"""What the readers make of the real exports, beside what a correct reader extracts: `expected.json`, figure by figure.

    CREATORCAST_REAL_DATA=FOLDER python benchmarks/import_exports.py

FOLDER holds exports/ with its expected.json. Rows are counted as they are read, before repeated records become one.
"""

import json
import os
import re
import sys
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pandas as pd

from ingest.exports import json_reader
from ingest.exports.import_job import ImportJob, ImportOptions
from ingest.exports.part_writer import FILE_COLUMN, ORDER_COLUMN, PartWriter
from ingest.exports.report import FileReport, RejectionWriter
from ingest.shapes.record_shapes import IDENTITY_COLUMNS
from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import SheetOptions

#: What only the request knows of these files.
OWNERS = {
    "instagram_graph/python-facebook_user_media.json": "owner",
    "tiktok/traktok_research_user_info.json": "owner",
    "tiktok/traktok_research_videos.json": "owner",
    "x/python-twitter_timeline.json": "owner",
}
PLATFORMS = {
    "vendor/nigerian-tiktok_ranking_cp1252.csv": "tiktok",
    "vendor/insta-influencers_top200_kaggle.csv": "instagram",
}
#: What expected.json calls a shape.
ITEM_KINDS = {"YouTube search result": "youtube#video"}
#: Read in expected.json, but told of no reading.
NO_FIGURES = {"note"}


def compare(exports: Path, name: str, expected: dict) -> list[tuple[str, object, object]]:
    """Give (figure, expected, read) of every figure that expected.json has of one file."""
    path = exports / name
    read = (
        _read_sheet(path, PLATFORMS.get(name))
        if name.startswith("vendor/")
        else _read_json(path, OWNERS.get(name))
    )
    read |= {"bytes": path.stat().st_size, "sha256": sha256(path.read_bytes()).hexdigest()[:16]}
    figures = []
    for figure, value in expected.items():
        if figure in ("creators", "posts"):
            for column, said in value.items():
                found = _measured(read[figure], column)
                figures += [
                    (f"{figure}.{column}.{what}", want, found.get(what))
                    for what, want in said.items()
                ]
        elif figure not in NO_FIGURES:
            figures.append((figure, value, read.get(figure)))
    return figures


def _measured(rows: pd.DataFrame, column: str) -> dict:
    values = rows[column] if column in rows else pd.Series([None] * len(rows))
    known = values.dropna()
    found = {"missing": int(values.isna().sum()), "distinct": known.nunique()}
    found["values"] = {str(value): count for value, count in known.value_counts().items()}
    if isinstance(values.dtype, pd.DatetimeTZDtype) and len(known):
        ends = {"min": known.min(), "max": known.max()}
        return found | {what: end.strftime("%Y-%m-%dT%H:%M:%SZ") for what, end in ends.items()}
    if pd.api.types.is_numeric_dtype(values.dtype) and len(known):
        return found | {what: getattr(known, what)() for what in ("min", "max", "sum")}
    return found


def _read_json(path: Path, owner: str | None) -> dict:
    """Read a file as an import does, without an owner where the file has none, and give what its parts hold."""
    rows, report = _parts_of(path, owner)
    creators, posts, metrics = rows["creators"], rows["posts"], rows["metrics"]
    told = creators[
        creators.drop(columns=[*IDENTITY_COLUMNS, FILE_COLUMN, ORDER_COLUMN]).notna().any(axis=1)
    ]
    if owner:  # it was named to read the file at all, and is not in it
        posts = posts.assign(creator_id=None)
    children = re.findall(
        r'"children"\s*:\s*\{\s*"data"\s*:\s*\[(.*?)\]', path.read_text(), re.DOTALL
    )
    children = {child for group in children for child in re.findall(r'"id"\s*:\s*"(\d+)"', group)}
    ignored = {name.removeprefix("metric "): count for name, count in report.ignored.items()}
    pages = [re.search(r"of the ([\d,]+) records", note) for note in report.notes]
    return {
        "creators": told, "posts": posts,
        "creator_rows": len(told), "creators_distinct": told["creator_id"].nunique(),
        "post_rows": len(posts), "posts_distinct": posts["post_id"].nunique(),
        "distinct_post_creators": posts["creator_id"].nunique(),
        "items": sum(report.records.values()),
        "item_kinds": {ITEM_KINDS.get(shape, shape): count for shape, count in report.records.items()},
        "children": len(children - set(posts["post_id"])),
        "metrics": _metrics(path, metrics, ignored),
        "media_id": next(iter(metrics["post_id"]), None),
        "profile_total_posts": next((int(page.group(1).replace(",", "")) for page in pages if page), None),
    }  # fmt: skip


def _metrics(path: Path, metrics: pd.DataFrame, ignored: dict) -> dict | None:
    """Give the metrics as read: impressions are views, saved is saves; what has no column is told among the ignored."""
    if metrics.empty:
        return None
    given = {row["name"]: row["values"][0]["value"] for row in json.loads(path.read_text())["data"]}
    read = {"impressions": metrics["views"].iloc[0], "saved": metrics["saves"].iloc[0]}
    return read | {name: given[name] for name in ignored if name in given}


def _parts_of(path: Path, owner: str | None) -> tuple[dict[str, pd.DataFrame], FileReport]:
    with (
        tempfile.TemporaryDirectory() as folder,
        RejectionWriter(Path(folder) / "rejected.csv") as rejected,
    ):
        parts, report = PartWriter(Path(folder)), FileReport(path.name, "")
        now = datetime.now(UTC)
        job = ImportJob(
            path,
            parts,
            report,
            rejected,
            ImportOptions(creator=owner),
            None,
            now,
            now,
            lambda done, total: None,
        )
        parts.begin_file(0)
        json_reader.read(job)
        parts.flush()
        rows = {}
        for table in ("creators", "posts", "metrics"):
            files = sorted((Path(folder) / table).glob("*.parquet"))
            frames = [pd.read_parquet(file) for file in files]
            rows[table] = (
                pd.concat(frames)
                if frames
                else pd.DataFrame(columns=["post_id", *IDENTITY_COLUMNS, FILE_COLUMN, ORDER_COLUMN])
            )
        return rows, report


def _read_sheet(path: Path, platform: str | None) -> dict:
    """Read a sheet; columns that are translated into our lists are compared in the source's own words."""
    sheet = read_sheet(path, SheetOptions(platform=platform))
    creators = sheet.rows.assign(**{name: sheet.labels[name] for name in sheet.labels})
    links = {
        f"{site}_links": _given(sheet.original, f"link_{site}")
        for site in ("youtube", "twitch", "discord")
    }
    index = sheet.original.get("(column 1)")
    likes = sheet.original.get("Avg Like", pd.Series(dtype="str")).str.strip()
    return {
        "creators": creators, "posts": creators.iloc[:0],
        "creator_rows": len(creators), "creators_distinct": creators["handle"].nunique(),
        "post_rows": 0, "posts_distinct": 0, "blank_rows": sheet.blank_rows, **links,
        "total_likes_max": sheet.extra["total_likes"].max() if "total_likes" in sheet.extra else None,
        "avg_like_zero": int(likes.isin(["0", "0.0"]).sum()),
        "index_gaps": index is not None and bool((index.astype(int).diff() > 1).any()),
    }  # fmt: skip


def _given(original: pd.DataFrame, column: str) -> int:
    return int((original[column].str.strip() != "").sum()) if column in original else 0


def main() -> int:
    named = os.environ.get("CREATORCAST_REAL_DATA")
    exports = Path(named or "") / "exports"
    if not named or not exports.is_dir():
        print("skipped: CREATORCAST_REAL_DATA must name the folder that holds exports/")
        return 0
    total = wrong = 0
    print(f"{'file':<58} {'figures':>7} {'agree':>6}  read")
    for name, expected in json.loads((exports / "expected.json").read_text()).items():
        figures = compare(exports, name, expected)
        differing = [(figure, want, found) for figure, want, found in figures if want != found]
        total, wrong = total + len(figures), wrong + len(differing)
        counts = {figure: found for figure, _, found in figures}
        rows = f"{counts['creator_rows']} creators, {counts['post_rows']} posts ({counts['posts_distinct']} distinct)"
        print(f"{name:<58} {len(figures):>7} {len(figures) - len(differing):>6}  {rows}")
        for figure, want, found in differing:
            print(f"    {figure}: expected {want!r}, read {found!r}")
        if "--all" in sys.argv[1:]:
            for figure, want, found in figures:
                print(f"    {figure}: expected {want!r}, read {found!r}")
    print(f"{total} figures, {total - wrong} agree, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
