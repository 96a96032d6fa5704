"""Commands that make tables, or derive from them: simulate, import, features, snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.command_group import Command
from commands.environment import home_folder, progress_bar
from commands.options import add_sheet_options, build_sheet_options
from commands.parameter_types import FILE, FILE_OR_FOLDER, FOLDER, Moment, ReadingMoment
from commands.scorer_inputs import input_files, read_known_tables

if TYPE_CHECKING:
    import pandas as pd


@click.command(cls=Command)
@click.argument("out", type=FOLDER)
@click.option(
    "--creators", default=2000, show_default=True, type=click.IntRange(1), help="How many creators."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="The same seed, the same market.",
)
@click.option(
    "--fee-exponent", default="0.7", show_default=True, type=click.Choice(["0.35", "0.7", "1.0"]),
    help="How fees grow with followers: sources disagree, so it is a scenario.",
)  # fmt: skip
@click.option(
    "--readings", default="mixed", show_default=True,
    type=click.Choice(["mixed", "sweep", "daily"]),
    help="When posts are read: at mixed ages, all once at the end (sweep), or every day.",
)  # fmt: skip
def simulate(out: Path, creators: int, seed: int, fee_exponent: str, readings: str) -> None:
    """Make a demo market in OUT: canonical tables, a prospect list, and the truth apart in
    OUT/truth.

    Nothing about real creators follows from it; what is trained on it says so in every answer.
    """
    from training.simulate.parameters import MarketParameters
    from training.simulate.simulate import write_market

    parameters = MarketParameters(fee_exponent=float(fee_exponent), readings=readings)
    with progress_bar() as bar:
        task = bar.add_task("simulating", total=1.0)

        def show(step: str, share: float) -> None:
            bar.update(task, description=step, completed=share)

        write_market(out, creators, seed, parameters, show)
    click.echo(f"{creators:,} creators of a demo market (simulated) are in {out}")


@click.command(cls=Command, name="import")
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", type=FILE_OR_FOLDER)
@click.option(
    "--out",
    type=FOLDER,
    required=True,
    help="Folder of the tables; what is there already is added to.",
)
@click.option("--kind", help="What the files are, where it is not recognised: see docs/import.md.")
@click.option(
    "--platform",
    help="Platform, where a spreadsheet does not tell: instagram, tiktok, youtube or x.",
)
@click.option(
    "--creator", help="Creator of records that do not say whose they are: an id, or @handle."
)
@click.option(
    "--observed-at",
    type=ReadingMoment(),
    help="When the counts were read. Default: the file's last change.",
)
@click.option(
    "--rates", type=FILE, help="File of currencies and usd_per_unit: fees in them become fee_usd."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Tell what would be imported, with the first rows; write nothing.",
)
@add_sheet_options
@click.pass_context
def import_(
    ctx: click.Context,
    paths: tuple[Path, ...],
    out: Path,
    kind: str | None,
    platform: str | None,
    creator: str | None,
    observed_at: pd.Timestamp | None,
    rates: Path | None,
    dry_run: bool,
    **sheet: Any,
) -> None:
    """Read exports of platforms, scrapers' JSON, and spreadsheets into canonical tables in OUT.

    What each FILE is, is recognised and told. Report: OUT/import.json; what was rejected:
    OUT/rejected.csv. Exit code 0: done; 3: done, some records rejected; 2: nothing done.
    """
    from features.tables.rates_file import read_rates
    from ingest.exports.import_job import ImportOptions
    from ingest.exports.importer import import_files
    from ingest.exports.report_text import format_report

    options = ImportOptions(
        kind,
        platform,
        creator,
        observed_at.to_pydatetime() if observed_at is not None else None,
        build_sheet_options(platform, **sheet),
        read_rates(rates) if rates else None,
    )
    with progress_bar() as bar:
        task = bar.add_task("reading", total=None)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total or None)

        report = import_files(list(paths), out, options, dry_run, show)
    click.echo(format_report(report, out, dry_run))
    if report.rejected:
        place = "not written" if dry_run else out / "rejected.csv"
        click.echo(f"rejected records, with the reasons: {place}", err=True)
        ctx.exit(3)


@click.command(cls=Command)
@click.argument("data", type=FOLDER)
@click.option(
    "--as-of", type=Moment(), help="The moment looked from; nothing later is used. Default: now."
)
@click.option("--out", type=FILE, required=True, help="Where the columns go, .parquet or .csv.")
def features(data: Path, as_of: pd.Timestamp | None, out: Path) -> None:
    """Derive every creator's features as of a moment, one row an account of DATA (columns:
    docs/columns.md).

    Tables larger than memory are split on disk, beside OUT, and derived part by part.
    """
    import pandas as pd

    from features.derive.catalog import COLUMNS
    from features.out_of_core import derive_folder

    moment = as_of or pd.Timestamp.now(tz="UTC")
    with progress_bar() as bar:
        task = bar.add_task("features", total=1.0)

        def show(step: str, share: float) -> None:
            bar.update(task, description=step, completed=share)

        accounts = derive_folder(data, moment, out, progress=show)
    click.echo(f"{accounts:,} accounts, {len(COLUMNS)} columns as of {moment:%Y-%m-%d} in {out}")


@click.command(cls=Command)
@click.argument("data", type=FOLDER)
@click.option(
    "--as-of", type=Moment(), help="The moment looked from; nothing later is used. Default: now."
)
@click.option("--out", type=FILE, required=True, help="Where the snapshot goes, an Arrow IPC file.")
@click.option(
    "--bundle", "version", help="Version of the bundle that will answer. Default: the champion."
)
def snapshot(data: Path, as_of: pd.Timestamp | None, out: Path, version: str | None) -> None:
    """Write what is known of every creator of DATA at a moment, for a service that answers about
    them by creator_id.

    A service maps the file into memory and answers as of that moment. It belongs to one bundle:
    write it anew after a promotion.
    """
    import pandas as pd

    from features.files.output_paths import output_fault
    from features.history.history import History
    from features.snapshot.snapshot_file import SnapshotError
    from features.snapshot.writer import write_snapshot
    from features.tables.folder import folder_places
    from models.bundle import load_bundle, load_version
    from models.champion import champion_folder

    inputs = {f"{place.name} of DATA": place for place in folder_places(data)} | input_files()
    if fault := output_fault({"the snapshot": out}, inputs):
        raise SnapshotError(fault)
    home = home_folder()
    bundle = load_version(home, version) if version else load_bundle(champion_folder(home))
    moment = as_of or pd.Timestamp.now(tz="UTC")
    history = History.from_tables(read_known_tables(data))
    with progress_bar() as bar:
        task = bar.add_task("snapshot", total=len(history.accounts))

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done)

        accounts = write_snapshot(history, bundle.reference, moment, out, bundle.version, show)
    click.echo(
        f"{accounts:,} accounts as of {moment:%Y-%m-%d}, for bundle {bundle.version}, in {out}"
    )
