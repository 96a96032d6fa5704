"""Import: files of any known kind into one folder of canonical tables, with a report; all of it or
nothing.

In reading order: `import_files` reads each file into parts, merges them with what is there, checks
the tables as anybody's are checked, and puts them into place.
"""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from features.errors import first_line
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
HIDDEN_LIKES = "hidden: many posts of this account have the same few likes"
ImportProgress = Callable[[str, int, int], None]


@dataclass
class _Import:
    """One import while it runs: its folders, what the user says, and what it has found so far."""

    out: Path
    work: Path
    options: ImportOptions
    report: ImportReport
    rejected: RejectionWriter
    now: datetime
    progress: ImportProgress
    #: When each file was read, by its number.
    read_times: dict[int, datetime | None] = field(default_factory=dict)

    @property
    def tables(self) -> Path:
        """The folder that becomes `out`."""
        return self.work / "tables"


def import_files(
    paths: list[Path],
    out: Path,
    options: ImportOptions | None = None,
    dry_run: bool = False,
    progress: ImportProgress = lambda what, done, total: None,
    memory_gb: float = 1.0,
) -> ImportReport:
    """Read files into the canonical tables in the folder `out`, merged with those that are there;
    return the report.

    `progress` is called with what is done, and bytes done and in all. `memory_gb` is what merging
    may take. With `dry_run` nothing is written. Beside the tables stand import.json, rejected.csv
    where something was rejected, and rates.csv where rates were given: a later import and training
    know them from there.

    Raises SourceError (or SheetError) for the first file that cannot be used, and DataFolderError
    where `out` cannot take the tables; nothing is written then.
    """
    options = options or ImportOptions()
    _check_out(out)
    _check_paths(paths, out)
    _check_creator(options.creator)
    now = datetime.now(UTC)
    home = Path(tempfile.gettempdir()) if dry_run else out.resolve().parent
    home.mkdir(parents=True, exist_ok=True)
    with (
        _clear_errors(out),
        tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=home) as folder,
    ):
        tables = Path(folder) / "tables"
        tables.mkdir()
        rates, notes = _merge_rates(out, options.rates, tables)
        report = ImportReport(moments=_read_json(out / REPORT).get("moments", {}))
        with RejectionWriter(tables / REJECTED) as rejected:
            run = _Import(
                out, Path(folder), replace(options, rates=rates), report, rejected, now, progress
            )
            _read_all(paths, run)
            report.notes += notes
            progress("merging", 0, 0)
            _merge_all(run, rates, memory_gb)
        (tables / REPORT).write_text(report_json(report), encoding="utf-8")
        if not dry_run:
            _publish(tables, out)
        return report


@contextmanager
def _clear_errors(out: Path) -> Iterator[None]:
    """Turn errors of the disk and of DuckDB into one sentence on `out`."""
    try:
        yield
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise SourceError(
            f"{str(out)!r} holds tables that cannot be added to: {first_line(error)}; "
            "name another folder"
        ) from error
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise SourceError(
            f"{str(out)!r} cannot be made: {first_line(error)}; "
            "it needs a folder with room for the tables"
        ) from error


def _check_paths(paths: list[Path], out: Path) -> None:
    """Raise SourceError for a file to be read that the import would write anew or remove."""
    written = [out / name for name in (REPORT, REJECTED) if (out / name).exists()]
    for path in paths:
        if path.exists() and any(path.samefile(place) for place in written):
            raise SourceError(
                f"{str(path)!r} is written anew by each import into {str(out)!r}: copy it to "
                "another place and import the copy"
            )


def _check_out(out: Path) -> None:
    """Raise SourceError where a folder cannot take the tables."""
    if out.exists() and not out.is_dir():
        raise SourceError(f"{str(out)!r} is a file: name a folder for the tables")
    for file in sorted(out.glob("*.parquet")):
        file_kind.check_file(file)
    for name in FOLDER_TABLES:
        if (out / f"{name}.csv").exists():
            raise SourceError(
                f"{str(out)!r} holds {name}.csv: only Parquet tables can be added to, "
                "name another folder"
            )
    if _read_json(out / "dataset.json").get("simulated"):
        raise SourceError(
            f"{str(out)!r} holds a simulated market: real data must not be mixed into it, "
            "name another"
        )


def _check_creator(creator: str | None) -> None:
    """Raise SourceError where the creator that the user names is no id."""
    if creator is not None and (fault := id_fault(creator.strip())):
        raise SourceError(f"--creator {creator!r} {fault}")


def _merge_rates(
    out: Path, new_rates: CurrencyRates | None, tables: Path
) -> tuple[CurrencyRates, list[str]]:
    """Return the rates that are known, new ones before those in `out`, and notes on changed ones;
    write them into the folder `tables`.
    """
    old_rates = read_rates(out / RATES_FILE) if (out / RATES_FILE).exists() else CurrencyRates()
    if new_rates is None:
        return old_rates, []
    notes = []
    for code, rate in new_rates.usd_per_unit.items():
        old_rate = old_rates.usd_per_unit.get(code, rate)
        if rate != old_rate:
            notes.append(
                f"{code} is {rate:g} USD now and was {old_rate:g} before: fees that were imported "
                "before keep theirs"
            )
    rates = CurrencyRates(old_rates.usd_per_unit | new_rates.usd_per_unit)
    lines = [f"{code},{rate!r}\n" for code, rate in rates.usd_per_unit.items()]
    text = "currency,usd_per_unit\n" + "".join(lines)
    (tables / RATES_FILE).write_text(text, encoding="utf-8")
    return rates, notes


def _read_all(paths: list[Path], run: _Import) -> None:
    """Read every file into parts; what it holds and when it was read is added to `run`."""
    parts = PartWriter(run.work / "parts")
    for number, path in enumerate(paths):
        with require_unchanged(path):  # which is read more than once
            _read_file(path, number, parts, run)


def _read_file(path: Path, number: int, parts: PartWriter, run: _Import) -> None:
    """Read one file into parts; one that holds the same as an earlier one is left out."""
    kind = file_kind.detect_file_kind(path, run.options.kind)
    digest = file_kind.file_digest(path)
    report = run.report
    if any(file.digest == digest for file in report.files):
        report.notes.append(f"{path.name} holds the same as a file before it: read once")
        return
    file = FileReport(path.name, digest)
    moment = _known_read_time(file, run.options, report.moments.get(digest))
    modified_at = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    progress = partial(run.progress, path.name)
    parts.begin_file(number)
    job = ImportJob(
        path, parts, file, run.rejected, run.options, moment, modified_at, run.now, progress
    )
    readers = {
        "json": json_reader.read,
        file_kind.SHEET: sheet_reader.read,
        file_kind.PANEL: instagram_panel.read,
    }
    readers[kind](job)
    parts.flush()
    file.rows, file.known = dict(parts.rows), parts.known
    run.read_times[number] = job.resolve_read_time()
    report.files.append(file)


def _known_read_time(
    file: FileReport, options: ImportOptions, before: str | None
) -> datetime | None:
    """Return when a file was read where the user says so, or said it at its first import
    (`before`); else None, and its last change must do.
    """
    if options.observed_at:
        file.how = "told"
        return options.observed_at
    if before:
        file.how = "before"
        return datetime.fromisoformat(before)
    file.how = "file"
    return None


def _merge_all(run: _Import, rates: CurrencyRates, memory_gb: float) -> None:
    """Merge the parts with the tables in `out`, and write the tables."""
    with Merge(run.work, run.out, run.read_times, memory_gb) as merge:
        _check_reused_row_numbers(merge, run)
        write_merged_tables(merge, run.tables, run.out, run.report, rates)
        _report_hidden_likes(merge, run)


def _check_reused_row_numbers(merge: Merge, run: _Import) -> None:
    """Raise SourceError where a sheet has numbers as ids that are other accounts elsewhere."""
    files = zip(run.read_times, run.report.files, strict=True)
    sheets = [number for number, file in files if file.kind.startswith("spreadsheet")]
    reused = merge.find_reused_row_number(sheets)
    if reused is None:
        return
    platform, number, one_handle, other_handle = reused
    raise SourceError(
        f"creator_id {number!r} of {platform} is {one_handle!r} in one file and {other_handle!r} "
        "in another, or in the tables that are there: it numbers rows; leave its column out by a "
        "map file (--map) with creator_id,-"
    )


def _report_hidden_likes(merge: Merge, run: _Import) -> None:
    """Write down each post whose tiny count of likes stands for hidden ones, and note the accounts
    that have most of them.
    """
    posts_of_accounts: Counter[tuple[str, str]] = Counter()
    for post in merge.hidden_likes():
        posts_of_accounts[post.platform, post.creator_id] += 1
        counts = f"{post.likes:.0f} likes"
        if post.comments is not None:
            counts += f", {post.comments:,.0f} comments"
        place = Place("", f"post {post.post_id} of {post.creator_id}")
        run.rejected.add(Rejection(place, HIDDEN_LIKES, "likes", counts))
    run.report.notes += [
        f"{count:,} post(s) of the {platform} account {creator} have a few likes each and far more "
        "comments: it hides its likes, which are unknown"
        for (platform, creator), count in posts_of_accounts.most_common(MOST_HIDERS)
    ]
    more = len(posts_of_accounts) - MOST_HIDERS
    if more > 0:
        run.report.notes.append(f"{more:,} more account(s) hide their likes: see rejected.csv")


def _read_json(path: Path) -> dict:
    """Return a JSON object that an import wrote, {} where there is none."""
    try:
        content = json.loads(read_regular(path, LARGEST_REPORT))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _publish(tables: Path, out: Path) -> None:
    """Put the files into place: the whole folder at once where there is none yet, else each file
    whole.
    """
    if not out.exists():
        os.replace(tables, out)
        return
    for file in sorted(tables.iterdir()):
        os.replace(file, out / file.name)
    if not (tables / REJECTED).exists():
        (out / REJECTED).unlink(missing_ok=True)
