"""Import: files of any known kind into one folder of canonical tables, with a report; all of it or
nothing.

In reading order: `import_files` reads each file into parts, merges them with what is there, checks
the tables as anybody's are checked, and puts them into place.
"""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from features.files.change_guard import require_unchanged
from features.files.regular import read_regular
from features.tables.creator_ids import id_fault
from features.tables.currency import CurrencyRates
from features.tables.folder import FOLDER_TABLES, RATES_FILE
from features.tables.rates_file import read_rates
from ingest.exports import file_kind, instagram_panel, json_reader, sheet_reader
from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportJob, ImportOptions
from ingest.exports.merge import Merge
from ingest.exports.part_writer import PartWriter
from ingest.exports.rejections import Place, Rejection
from ingest.exports.report import FileReport, ImportReport, RejectionWriter, report_json
from ingest.exports.write_tables import write_merged_tables

REPORT, REJECTED = "import.json", "rejected.csv"
#: Bytes of an import.json.
LARGEST_REPORT = 1 << 28
#: Accounts with hidden likes that a report names.
MOST_HIDERS = 20
ImportProgress = Callable[[str, int, int], None]


def import_files(
    paths: list[Path],
    out: Path,
    options: ImportOptions | None = None,
    dry_run: bool = False,
    progress: ImportProgress = lambda what, done, total: None,
    memory_gb: float = 1.0,
) -> ImportReport:
    """Read files into the canonical tables in the folder `out`, merged with those that are there;
    give the report.

    `progress` is called with what is done, and bytes done and in all. `memory_gb` is what merging
    may take. With `dry_run` nothing is written. Beside the tables stand import.json, rejected.csv
    where something was rejected, and rates.csv where rates were given: a later import and training
    know them from there.

    Raises SourceError (or SheetError) for the first file that cannot be used, and DataFolderError
    where `out` cannot take the tables; nothing is written then.
    """
    _refuse(out)
    if (
        options is not None
        and options.creator is not None
        and (wrong := id_fault(options.creator.strip()))
    ):
        raise SourceError(f"--creator {options.creator!r} {wrong}")
    now = datetime.now(UTC)
    home = tempfile.gettempdir() if dry_run else out.resolve().parent
    if not dry_run:
        Path(home).mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=home) as folder:
            work = Path(folder)
            (work / "tables").mkdir()
            options = options or ImportOptions()
            rates, notes = _rates(out, options.rates, work / "tables")
            with RejectionWriter(work / "tables" / REJECTED) as rejected:
                options = replace(options, rates=rates)
                report, moments = _read_all(paths, out, options, work, rejected, now, progress)
                report.notes += notes
                progress("merging", 0, 0)
                with Merge(work, out, moments, memory_gb) as merge:
                    _refuse_reused_numbers(merge, moments, report)
                    write_merged_tables(merge, work / "tables", out, report, rates)
                    _tell_hidden_likes(merge, report, rejected)
            (work / "tables" / REPORT).write_text(report_json(report), encoding="utf-8")
            if not dry_run:
                _publish(work / "tables", out)
            return report
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        said = _first_line(error)
        raise SourceError(
            f"{str(out)!r} holds tables that cannot be added to: {said}; name another folder"
        ) from error
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        said = _first_line(error)
        raise SourceError(
            f"{str(out)!r} cannot be made: {said}; it needs a folder with room for the tables"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _refuse(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise SourceError(f"{str(out)!r} is a file: name a folder for the tables")
    for file in sorted(out.glob("*.parquet")):
        file_kind.check_file(file)
    csv = [name for name in FOLDER_TABLES if (out / f"{name}.csv").exists()]
    if csv:
        raise SourceError(
            f"{str(out)!r} holds {csv[0]}.csv: only Parquet tables can be added to, name another folder"
        )
    meta = _json(out / "dataset.json")
    if meta.get("simulated"):
        raise SourceError(
            f"{str(out)!r} holds a simulated market: real data must not be mixed into it, name another"
        )


def _read_all(
    paths: list[Path], out: Path, options: ImportOptions, work: Path, rejected: RejectionWriter, now: datetime,
    progress: ImportProgress,
) -> tuple[ImportReport, dict[int, datetime | None]]:  # fmt: skip
    """Read every file into parts; give the report and when each file was read, by its number."""
    report = ImportReport(moments=_json(out / REPORT).get("moments", {}))
    parts, moments = PartWriter(work / "parts"), {}
    for number, path in enumerate(paths):
        with require_unchanged(path):  # which is read more than once
            _read_file(path, number, options, report, parts, rejected, moments, now, progress)
    return report, moments


def _tell_hidden_likes(merge: Merge, report: ImportReport, rejected: RejectionWriter) -> None:
    """Write down each post whose tiny count of likes stands for hidden ones, and tell the first
    accounts.
    """
    accounts: Counter = Counter()
    for platform, creator, post, likes, comments in merge.hidden_likes():
        accounts[platform, creator] += 1
        counts = f"{likes:.0f} likes" + ("" if comments is None else f", {comments:,.0f} comments")
        place = Place("", f"post {post} of {creator}")
        rejected.add(
            Rejection(
                place, "hidden: many posts of this account have the same few likes", "likes", counts
            )
        )
    report.notes += [
        f"{count:,} post(s) of the {platform} account {creator} have a few likes each and far more comments: "
        "it hides its likes, which are unknown"
        for (platform, creator), count in accounts.most_common(MOST_HIDERS)
    ]
    if len(accounts) > MOST_HIDERS:
        report.notes.append(
            f"{len(accounts) - MOST_HIDERS:,} more account(s) hide their likes: see rejected.csv"
        )


def _read_file(
    path: Path, number: int, options: ImportOptions, report: ImportReport, parts: PartWriter, rejected: RejectionWriter,
    moments: dict[int, datetime | None], now: datetime, progress: ImportProgress,
) -> None:  # fmt: skip
    """Read one file into parts, and add to the report and to `moments`."""
    family, digest = file_kind.detect_file_kind(path, options.kind), file_kind.file_digest(path)
    if any(file.digest == digest for file in report.files):
        report.notes.append(f"{path.name} holds the same as a file before it: read once")
        return
    file = FileReport(path.name, digest)
    moment = _told_moment(file, options, report.moments.get(digest))
    parts.begin_file(number)
    job = ImportJob(
        path,
        parts,
        file,
        rejected,
        options,
        moment,
        _changed(path),
        now,
        partial(progress, path.name),
    )
    {"json": json_reader, file_kind.SHEET: sheet_reader, file_kind.PANEL: instagram_panel}[
        family
    ].read(job)
    parts.flush()
    file.rows, file.known = dict(parts.rows), parts.known
    moments[number] = job.resolve_read_time()
    report.files.append(file)


def _rates(out: Path, given: CurrencyRates | None, made: Path) -> tuple[CurrencyRates, list[str]]:
    """Give the rates that are known, those given before those in `out`, and what to tell; write
    them into `made`.
    """
    held = read_rates(out / RATES_FILE) if (out / RATES_FILE).exists() else CurrencyRates()
    if given is None:
        return held, []
    changed = [
        (code, rate, held.usd_per_unit.get(code, rate)) for code, rate in given.usd_per_unit.items()
    ]
    notes = [
        f"{code} is {rate:g} USD now and was {before:g} before: fees that were imported before keep theirs"
        for code, rate, before in changed
        if rate != before
    ]
    rates = CurrencyRates(held.usd_per_unit | given.usd_per_unit)
    lines = [f"{code},{rate!r}\n" for code, rate in rates.usd_per_unit.items()]
    (made / RATES_FILE).write_text("currency,usd_per_unit\n" + "".join(lines), encoding="utf-8")
    return rates, notes


def _told_moment(file: FileReport, options: ImportOptions, before: str | None) -> datetime | None:
    """Give when a file was read where it is told, now or by its first import; else its last change
    must do.
    """
    file.how = "told" if options.observed_at else "before" if before else "file"
    return options.observed_at or (datetime.fromisoformat(before) if before else None)


def _refuse_reused_numbers(
    merge: Merge, moments: dict[int, datetime | None], report: ImportReport
) -> None:
    """Raise SourceError where a sheet has numbers as ids that stand for other accounts elsewhere."""
    sheets = [
        number
        for number, file in zip(moments, report.files, strict=True)
        if file.kind.startswith("spreadsheet")
    ]
    if found := merge.find_reused_row_number(sheets):
        platform, number, one, other = found
        raise SourceError(
            f"creator_id {number!r} of {platform} is {one!r} in one file and {other!r} in another, or in the tables "
            "that are there: it numbers rows; leave its column out by a map file (--map) with creator_id,-"
        )


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def _json(path: Path) -> dict:
    """Read a JSON object that an import wrote, {} where there is none."""
    try:
        found = json.loads(read_regular(path, LARGEST_REPORT))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _publish(made: Path, out: Path) -> None:
    """Put the files into place: the whole folder at once where there is none yet, else each file
    whole.
    """
    if not out.exists():
        os.replace(made, out)
        return
    for file in sorted(made.iterdir()):
        os.replace(file, out / file.name)
    if not (made / REJECTED).exists():
        (out / REJECTED).unlink(missing_ok=True)
