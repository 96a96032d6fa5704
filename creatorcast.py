"""The command line: the one file that may import everything, and imports a part only when a command
needs it.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import nullcontext
from pathlib import Path

import click

#: Both report home unless told not to, from the moment of their import.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "1"}
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
PLACE = click.Path(path_type=Path)
HORIZON = click.option(
    "--horizon-days",
    default=7,
    show_default=True,
    type=click.IntRange(1, 365),
    help="When counts are mature.",
)
ENGINE = click.option(
    "--engine", default="auto", show_default=True, type=click.Choice(["auto", "lightgbm", "daal4py"]),
    envvar="CREATORCAST_ENGINE", show_envvar=True,
    help="What evaluates the trees; auto: daal4py (extra `fast`) for long lists where a check finds it equal.",
)  # fmt: skip
DASK = click.option(
    "--dask",
    metavar="ADDRESS",
    help="Have the workers of this Dask scheduler do it (docs/scale.md).",
)
DASK_MINUTES = click.option(
    "--dask-minutes", default=10.0, show_default=True, type=click.FloatRange(0, min_open=True),
    help="Minutes without progress after which a Dask cluster is given up.",
)  # fmt: skip
NO_REGISTRY = click.option("--no-log", is_flag=True, help="Leave MLflow's registry alone.")
LEAD = click.option(
    "--longest-lead-days", default=120.0, show_default=True, type=click.FloatRange(1, 365),
    help="How far ahead of a post it is asked about.",
)  # fmt: skip


class Command(click.Command):
    """A command that takes each option once: click itself would take the last."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, used = self.make_parser(ctx).parse_args(list(args))
        for number, option in enumerate(used):
            if isinstance(option, click.Option) and not option.is_eager and option in used[:number]:
                names = "/".join([*option.opts, *option.secondary_opts])
                raise click.UsageError(f"{names} is given twice: give it once", ctx)
        return super().parse_args(ctx, args)


class Commands(click.Group):
    """Turns the product's own errors into one message on standard error and exit code 2."""

    command_class = Command

    def invoke(self, ctx: click.Context):
        from features.errors import CreatorcastError

        try:
            return super().invoke(ctx)
        except CreatorcastError as error:
            click.echo(f"creatorcast: {error}", err=True)
            ctx.exit(2)


class Moment(click.ParamType):
    """A moment in ISO form; without a time it is midnight, without an offset UTC."""

    name = "date"

    def convert(self, value, param, ctx):
        import pandas as pd

        from features.tables.timestamps import TimestampError, parse_timestamp

        try:
            return pd.Timestamp(parse_timestamp(value))
        except TimestampError as error:
            self.fail(str(error), param, ctx)


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="creatorcast")
def main():
    """What a partnership with a creator will bring, how sure that is, and whether the fee is worth
    it.

    Models and runs are kept in artifacts/ under CREATORCAST_HOME (default: the working directory).
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def home() -> Path:
    """Give the folder that holds artifacts/."""
    return Path(os.environ.get("CREATORCAST_HOME") or ".")


def tracking_address() -> str | None:
    """Give the address of MLflow's store that the environment names."""
    return os.environ.get("MLFLOW_TRACKING_URI")


def say(text: str) -> None:
    """Tell the user how far the work is, on standard error."""
    click.echo(text, err=True)


def progress_bar():
    """Make a progress bar for a terminal, on standard error; elsewhere it shows nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


@main.command()
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
def simulate(out: Path, creators: int, seed: int, fee_exponent: str):
    """Make a demo market in OUT: canonical tables, a prospect list, and the truth apart in
    OUT/truth.

    Nothing about real creators follows from it; what is trained on it says so in every answer.
    """
    from training.simulate.parameters import MarketParameters
    from training.simulate.simulate import write_market

    with progress_bar() as bar:
        task = bar.add_task("simulating", total=1.0)
        write_market(
            out, creators, seed, MarketParameters(fee_exponent=float(fee_exponent)),
            lambda what, share: bar.update(task, completed=share, description=what),
        )  # fmt: skip
    click.echo(f"{creators:,} creators of a demo market (simulated) are in {out}")


class Reading(Moment):
    """A moment of reading; a date without a time is its end, so that posts of that day come before
    it.
    """

    def convert(self, value, param, ctx):
        import pandas as pd

        from features.tables.timestamps import is_date_only

        moment = super().convert(value, param, ctx)
        return (
            moment + pd.Timedelta(hours=23, minutes=59, seconds=59)
            if is_date_only(value)
            else moment
        )


def add_sheet_options(command):
    """Add the options that say how a spreadsheet is written, where it is not detected rightly."""
    options = (
        click.option(
            "--map",
            "columns",
            type=FILE,
            help="Map file that corrects guesses: source,column. Of two equal columns the second is 'Followers (2)'.",
        ),
        click.option("--delimiter", help="Of a CSV file: one character, or tab."),
        click.option("--encoding", help="Of a CSV file, such as cp1252."),
        click.option(
            "--decimal", type=click.Choice([".", ","]), help="Decimal mark of the numbers."
        ),
        click.option("--day-first/--month-first", default=None, help="What 01/02/2026 means."),
        click.option("--worksheet", help="Name of the worksheet. Default: the first with rows."),
        click.option("--header-row", type=click.IntRange(1), help="Line of the column names."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def build_sheet_options(
    platform, columns, delimiter, encoding, decimal, day_first, worksheet, header_row
):
    """Give the options of a spreadsheet as its reader takes them."""
    from ingest.sheets.mapping_file import read_mapping
    from ingest.sheets.sheet_types import SheetOptions

    return SheetOptions(
        delimiter={"tab": "\t"}.get(delimiter, delimiter), encoding=encoding, decimal=decimal, day_first=day_first,
        sheet=worksheet, header_row=header_row, columns=read_mapping(columns) if columns else {}, platform=platform,
    )  # fmt: skip


@main.command(name="import")
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
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
    type=Reading(),
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
    paths,
    out: Path,
    kind,
    platform,
    creator,
    observed_at,
    rates,
    dry_run: bool,
    **sheet,
):
    """Read exports of platforms, scrapers' JSON, and spreadsheets into canonical tables in OUT.

    What each FILE is, is recognised and told. Report: OUT/import.json; what was rejected:
    OUT/rejected.csv. Exit code 0: done; 3: done, some records rejected; 2: nothing done.
    """
    from features.tables.rates_file import read_rates
    from ingest.exports.import_job import ImportOptions
    from ingest.exports.importer import import_files
    from ingest.exports.report import format_report

    told = observed_at.to_pydatetime() if observed_at is not None else None
    known = read_rates(rates) if rates else None
    options = ImportOptions(
        kind, platform, creator, told, build_sheet_options(platform, **sheet), known
    )
    with progress_bar() as bar:
        task = bar.add_task("reading", total=None)
        report = import_files(
            list(paths), out, options, dry_run,
            lambda what, done, total: bar.update(task, description=what, completed=done, total=total or None),
        )  # fmt: skip
    click.echo(format_report(report, out, dry_run))
    if report.rejected:
        click.echo(
            f"rejected records, with the reasons: {'not written' if dry_run else out / 'rejected.csv'}",
            err=True,
        )
        ctx.exit(3)


@main.command()
@click.argument("data", type=FOLDER)
@click.option(
    "--per-post",
    default=3,
    show_default=True,
    type=click.IntRange(1, 20),
    help="Moments asked from, a post.",
)
@click.option("--seed", default=0, show_default=True, help="Of sampling, folds and boosters.")
@HORIZON
@LEAD
@click.option(
    "--threads", default=0, show_default=True, help="Of LightGBM, a fit; 0: one, fits side by side."
)
@click.option("--no-log", is_flag=True, help="Write the bundle only, nothing to MLflow.")
@DASK
@DASK_MINUTES
def train(
    data: Path, per_post: int, seed: int, horizon_days, longest_lead_days, threads: int, no_log: bool, dask,
    dask_minutes,
):  # fmt: skip
    """Train on the tables in DATA: backtest, print the record, write a bundle, log and register it
    in MLflow.

    The store is artifacts/mlflow.db, or the server that MLFLOW_TRACKING_URI names.
    """
    from training.backtest.report_text import training_text
    from training.dataset import Sampling
    from training.fit import Recipe
    from training.registry import check_store
    from training.train import train as run

    if not no_log:
        check_store(home(), tracking_address())
    sampling = Sampling(per_post=per_post, longest_lead_days=longest_lead_days, seed=seed)
    recipe = Recipe(sampling=sampling, seed=seed, threads=threads)
    with training_backend(dask, dask_minutes, data, horizon_days) as backend:
        trained = run(data, home(), recipe, say, horizon_days, backend)
    click.echo(training_text(trained.backtest, trained.bundle.manifest))
    if not no_log:
        log_to_mlflow(trained)
    click.echo(f"bundle {trained.bundle.version}; creatorcast promote makes it the champion")


def log_to_mlflow(trained) -> None:
    """Log and register what was trained, tell where, and have the alias of the champion follow
    where it fell behind.
    """
    from training.tracking import log_training

    say(f"logging the bundle {trained.bundle.version} to MLflow")
    logged = log_training(trained, home(), tracking_address(), say)
    if logged.is_new:
        click.echo(f"logged to {logged.tracking_uri}, registered as version {logged.model_version}")
    else:
        number = logged.model_version
        click.echo(
            f"{trained.bundle.version} is version {number} in the registry already: nothing was logged"
        )
    note = sync_champion_alias()
    if note is not None:
        say(note)


def sync_champion_alias() -> str | None:
    """Have the alias champion of the registry follow the champion; say so where it had not."""
    from training.tracking import point_alias_at_champion

    champion = point_alias_at_champion(home(), tracking_address(), report=say)
    if champion is None or not champion.alias_moved:
        return None
    now = f"it is now version {champion.model_version}, {champion.bundle}"
    return f"the alias champion of the registry had not followed the champion: {now}"


@main.command(name="log")
@click.argument("version", required=False)
def log_bundle(version: str | None):
    """Log and register the bundle VERSION (default: the newest) in MLflow, where training could
    not.

    The store is artifacts/mlflow.db, or the server that MLFLOW_TRACKING_URI names.
    """
    from models.bundle_folders import latest_bundle
    from training.artifacts import read_artifacts

    log_to_mlflow(read_artifacts(home(), version or latest_bundle(home()).name))


def training_backend(dask: str | None, minutes: float, data: Path, horizon_days: int):
    """Return a context with the backend of training: this process, or the Dask cluster named."""
    if dask is None:
        from training.backend import LOCAL

        return nullcontext(LOCAL)
    from training.distributed.dask_fit import dask_backend

    return dask_backend(dask, data, home() / "artifacts", horizon_days, minutes)


@main.command()
@click.argument("data", type=FOLDER)
@click.option(
    "--out",
    type=FOLDER,
    help="Where the record goes. Default: artifacts/backtests/ and the data's name.",
)
@click.option(
    "--cuts",
    default=5,
    show_default=True,
    type=click.IntRange(1, 8),
    help="Moments to be asked from.",
)
@click.option(
    "--target", default="engagements", show_default=True, type=click.Choice(["engagements", "views"]),
    help="What is forecast.",
)  # fmt: skip
@HORIZON
@LEAD
@click.option(
    "--per-post",
    default=3,
    show_default=True,
    type=click.IntRange(1, 20),
    help="Training rows, a post.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Of sampling, folds, boosters and creators left out.",
)
def backtest(
    data: Path, out: Path | None, cuts, target, horizon_days, longest_lead_days, per_post, seed
):
    """Backtest on the tables in DATA: forecasts made at earlier moments, held against what came,
    beside every rule.

    Prints the record and writes it, with every score and pictures, into OUT. Nothing is promoted.
    """
    from training.backtest.files import publish_backtest
    from training.dataset import Sampling
    from training.fit import Recipe

    folder = out or home() / "artifacts" / "backtests" / data.resolve().name
    sampling = Sampling(per_post=per_post, longest_lead_days=longest_lead_days, seed=seed)
    with progress_bar() as bar:
        task = bar.add_task("backtest", total=None)
        text = publish_backtest(
            data, folder, Recipe(sampling=sampling, seed=seed), cuts, target, horizon_days, say,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    click.echo(text)
    click.echo(f"\nthe record is in {folder}")


@main.command()
@click.argument("data", type=FOLDER)
@HORIZON
def report(data: Path, horizon_days: int):
    """Test on the tables in DATA what is often claimed: that small creators engage more and cost
    less, and focus.
    """
    from training.claims import claims_report as run

    click.echo(run(data, say, horizon_days))


@main.command()
@click.argument("version", required=False)
@click.option(
    "--data",
    type=FOLDER,
    help="Tables whose later posts both are asked about. Default: the bundle's own.",
)
@click.option("--force", is_flag=True, help="Promote even what is worse or cannot be compared.")
@click.option(
    "--dry-run", is_flag=True, help="Compare and tell what would be done; change nothing."
)
@NO_REGISTRY
@click.pass_context
def promote(
    ctx: click.Context,
    version: str | None,
    data: Path | None,
    force: bool,
    dry_run: bool,
    no_log: bool,
):
    """Make the bundle VERSION (default: the newest) the champion, after comparing both on what both
    were asked alike.

    VERSION is that of a bundle, or its number in MLflow's registry (creatorcast bundles lists
    both). Exit code 0: promoted; 3: refused, as it is worse or nothing is comparable; 2: unusable.
    See docs/promotion.md.
    """
    from training.promote.comparison import Comparison
    from training.promote.promote import PromotionRefused
    from training.promote.promote import promote as run
    from training.registry import registered_bundle

    if version is not None and version.isdecimal():
        version = registered_bundle(home(), tracking_address(), int(version))
    try:
        promotion = run(home(), version, force, data, dry_run, say)
    except PromotionRefused as refusal:
        if isinstance(refusal.comparison, Comparison):
            click.echo(str(refusal.comparison))
        click.echo(f"creatorcast: {refusal}", err=True)
        ctx.exit(3)
    if promotion.comparison is not None:
        click.echo(str(promotion.comparison))
    if dry_run:
        what = (
            "is the champion already"
            if promotion.bundle.version == promotion.previous_version
            else "would be the champion"
        )
        click.echo(f"{promotion.bundle.version} {what}; nothing was changed")
    else:
        announce_champion("now", promotion.bundle, no_log)


@main.command()
@click.option(
    "--dry-run", is_flag=True, help="Tell which bundle would be champion again; change nothing."
)
@NO_REGISTRY
def rollback(dry_run: bool, no_log: bool):
    """Make the champion before the present one champion again. Repeated, it goes back further."""
    from training.promote.promote import rollback as run

    bundle, current = run(home(), dry_run, say)
    if dry_run:
        click.echo(
            f"{bundle.version} would be the champion again, in place of {current}; nothing was changed"
        )
    else:
        announce_champion("again", bundle, no_log)


def announce_champion(when: str, bundle, no_log: bool) -> None:
    """Tell the champion, `now` or `again`, and give its version in the registry the alias, unless
    `no_log`.
    """
    from training.registry import RegistryError, store_exists

    line = f"champion is {when} {bundle.version} (trained on {bundle.manifest['trained_on']} data)"
    if no_log:
        click.echo(line)
        return
    if not store_exists(home(), tracking_address()):
        click.echo(f"{line}; MLflow has no store here: creatorcast log makes one and registers it")
        return
    from training.tracking import point_alias_at_champion

    try:
        champion = point_alias_at_champion(home(), tracking_address(), log_missing=True, report=say)
    except RegistryError:
        click.echo(
            f"{line}, but the alias champion of the registry is as it was; the next promote, train or log sets it"
        )
        raise
    if champion.bundle != bundle.version:
        click.echo(f"{line}; another command has since made {champion.bundle} the champion")
        return
    logged = ", which did not have it and has it now" if champion.logged else ""
    click.echo(f"{line}, version {champion.model_version} in the registry{logged}")


@main.command()
def bundles():
    """List the bundles, the newest first: data, record, version in MLflow's registry, and which one
    is the champion.
    """
    from models.champion import champion_version
    from training.bundle_list import bundles_text
    from training.registry import RegistryError, alias_bundle, registered_bundles

    registered, note = {}, None
    try:
        registered = registered_bundles(home(), tracking_address())
        alias, champion = alias_bundle(home(), tracking_address()), champion_version(home())
        if champion in registered.values() and alias != champion:
            note = sync_champion_alias()
    except RegistryError as error:
        note = str(error)
    click.echo(bundles_text(home(), registered, () if note is None else (note,)))


@main.command()
@click.argument("data", type=FOLDER)
@click.option(
    "--as-of", type=Moment(), help="The moment looked from; nothing later is used. Default: now."
)
@click.option("--out", type=FILE, required=True, help="Where the columns go, .parquet or .csv.")
def features(data: Path, as_of, out: Path):
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
        accounts = derive_folder(
            data, moment, out,
            progress=lambda what, share: bar.update(task, completed=share, description=what),
        )  # fmt: skip
    click.echo(f"{accounts:,} accounts, {len(COLUMNS)} columns as of {moment:%Y-%m-%d} in {out}")


@main.command()
@click.argument("data", type=FOLDER)
@click.option(
    "--as-of", type=Moment(), help="The moment looked from; nothing later is used. Default: now."
)
@click.option("--out", type=FILE, required=True, help="Where the snapshot goes, an Arrow IPC file.")
@click.option(
    "--bundle", "version", help="Version of the bundle that will answer. Default: the champion."
)
def snapshot(data: Path, as_of, out: Path, version: str | None):
    """Write what is known of every creator of DATA at a moment, for a service that answers about
    them by creator_id.

    A service maps the file into memory and answers as of that moment. It belongs to one bundle:
    write it anew after a promotion.
    """
    import pandas as pd

    from features.history.history import History
    from features.snapshot.writer import write_snapshot
    from models.bundle import load_bundle, load_version
    from models.champion import champion_folder

    bundle = load_version(home(), version) if version else load_bundle(champion_folder(home()))
    moment = as_of or pd.Timestamp.now(tz="UTC")
    history = History.from_tables(read_known_tables(data), bundle.reference.horizon_days)
    with progress_bar() as bar:
        task = bar.add_task("snapshot", total=len(history.accounts))
        accounts = write_snapshot(
            history,
            bundle.reference,
            moment,
            out,
            bundle.version,
            lambda done, _: bar.update(task, completed=done),
        )
    click.echo(
        f"{accounts:,} accounts as of {moment:%Y-%m-%d}, for bundle {bundle.version}, in {out}"
    )


@main.command()
@click.option("--platform", help="Only of this platform.")
@click.option("--band", help="Only of this follower band.")
@click.option("--niche", help="Only of this niche.")
@click.option("--measure", help="Only this measure, such as cpe_usd.")
@click.option(
    "--out", type=FILE, help="Write the cells there, .csv or .parquet, instead of printing them."
)
def benchmarks(out: Path | None, **only: str | None):
    """List what creators do by platform, band, niche and format, as the champion knows it:
    quartiles and how many.
    """
    from models.bundle import load_bundle
    from models.champion import champion_folder
    from serving.frame_file import check_ending, write_frame
    from serving.http.benchmark_listing import benchmarks_text, filter_benchmarks

    if out is not None:
        check_ending(out)
    found = filter_benchmarks(load_bundle(champion_folder(home())), **only)
    if out is None:
        click.echo(benchmarks_text(found))
    else:
        write_frame(found, out)
        click.echo(f"{len(found):,} cells in {out}")


@main.command()
@click.argument("prospects", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    required=True,
    help="Where the answers go: .csv, .parquet or .xlsx; - is standard output.",
)
@click.option("--data", type=FOLDER, help="Tables of the creators that rows name by creator_id.")
@click.option(
    "--rates", type=FILE, help="File of currencies and usd_per_unit, for fees that are not in USD."
)
@click.option(
    "--emv",
    type=FILE,
    help="Table of values a like, comment, share and view: gives earned media value.",
)
@click.option(
    "--as-of",
    type=Moment(),
    help="The moment of the forecast; nothing later is used. Default: now.",
)
@click.option(
    "--columns", "chosen", help="Columns of the answers, with commas between. Default: all."
)
@click.option(
    "--top", type=click.IntRange(1), default=None, help="Only so many of the best, best first."
)
@click.option(
    "--rank-by",
    help="What the best are chosen by. Default: the first of fee_headroom, cpe_usd_p50, engagements_p50 that any has.",
)
@click.option(
    "--quantiles",
    help="Of engagements and views, in place of the usual seven: 0.025,0.5,0.975 gives p02_5, p50, p97_5.",
)
@click.option("--explain", is_flag=True, help="Give the reasons of each forecast.")
@click.option(
    "--comparables",
    is_flag=True,
    help="Give the known creators most like each, with what they got.",
)
@ENGINE
@DASK
@DASK_MINUTES
@click.option("--resume", is_flag=True, help="Take up a run that was stopped.")
@click.option(
    "--platform", help="Platform of rows that name none: instagram, tiktok, youtube or x."
)
@add_sheet_options
@click.pass_context
def score(
    ctx: click.Context, prospects, out, data, rates, emv, as_of, chosen, top, rank_by, quantiles, explain, comparables,
    engine, dask, dask_minutes, resume, platform, **sheet,
):  # fmt: skip
    """Score the list PROSPECTS: every row back, scored or rejected with the reason.

    PROSPECTS is CSV or XLSX as people keep them, Parquet, a folder of Parquet files, or - for
    standard input. Exit code 0: all scored; 3: some rejected, see OUT.rejected.csv; 2: unusable.
    See docs/batch.md.
    """
    from rich.console import Console

    from features.files.change_guard import require_unchanged
    from serving.batch import STDIO, BatchOptions, parse_column_names, parse_quantiles, score_file
    from serving.batch.open_list import check_list
    from serving.batch.progress import console_reporter
    from serving.scoring.deal_terms import AnswerOptions

    names = () if chosen is None else parse_column_names(chosen)
    extras = AnswerOptions(
        explain, comparables, () if quantiles is None else parse_quantiles(quantiles)
    )
    if str(prospects) != STDIO:
        check_list(prospects)  # before the model is loaded, which takes seconds
    with require_unchanged(data, rates, emv):
        options = BatchOptions(
            names, top or 0, rank_by, extras, build_sheet_options(platform, **sheet), inputs_digest=inputs_digest(data, rates, emv),
            resume=resume, engine=engine, dask=dask, dask_minutes=dask_minutes,
        )  # fmt: skip
        scorer = build_scorer(data, rates, emv)
    with console_reporter(Console(stderr=True)) as watcher:
        tally = score_file(prospects, out, scorer, as_of, options, watcher)
    streamed = str(out) == STDIO
    blank = f" ({tally.blank:,} blank lines besides)" if tally.blank else ""
    counts = f"{tally.read:,} read = {tally.scored:,} scored + {tally.rejected:,} rejected{blank}"
    for line in (counts + ("" if streamed else f"; answers in {out}"), *tally.summary):
        click.echo(line, err=streamed)
    if tally.rejected:
        click.echo(f"rejected rows, with the reasons: {tally.rejected_path}", err=True)
        ctx.exit(3)


def build_scorer(data: Path | None, rates: Path | None, emv: Path | None):
    """Make the scorer of the champion over the files that are named."""
    from features.tables.rates_file import read_rates
    from models.bundle import load_bundle
    from models.champion import champion_folder
    from models.emv import read_value_table
    from serving.scoring.scorer import Scorer

    bundle = load_bundle(champion_folder(home()))
    known = read_known_tables(data)
    return Scorer(
        bundle, known, read_rates(rates) if rates else None, read_value_table(emv) if emv else None
    )


def inputs_digest(*files: Path | None) -> str:
    """Tell the files that answers depend on besides the list, from what they are now."""
    from serving.batch.open_list import content_digest

    return " ".join(
        content_digest(path) if path is not None and path.exists() else "-" for path in files
    )


def read_known_tables(data: Path | None):
    """Read and check the tables of known creators, None where no folder is named."""
    from features.tables.folder import read_tables
    from features.tables.validate import validate

    return None if data is None else validate(read_tables(data))


@main.command()
@click.option(
    "--data", type=PLACE, help="Folder of tables of the creators that callers name by creator_id."
)
@click.option(
    "--snapshot",
    type=PLACE,
    help="The same as a snapshot, for many creators: creatorcast snapshot.",
)
@click.option(
    "--rates", type=PLACE, help="File of currencies and usd_per_unit, for fees that are not in USD."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=3000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option("--insecure", is_flag=True, help="Answer whoever reaches HOST, without keys.")
def serve(
    data: Path | None,
    snapshot: Path | None,
    rates: Path | None,
    host: str,
    port: int,
    insecure: bool,
):
    """Answer POST /v1/predict over HTTP from the champion bundle, until interrupted.

    What keeps it from answering (no champion, tables that cannot be used, a port in use) is told
    before it starts. Another HOST than this machine's own needs a file of keys, which
    CREATORCAST_API_KEYS_FILE names (docs/deploy.md).
    """
    from serving.http.startup import check_start
    from serving.settings import (
        CHECKED,
        DATA,
        ENVIRONMENT,
        HOST,
        RATES,
        SNAPSHOT,
        serve_command,
        settings_from,
    )

    os.environ.update(ENVIRONMENT)
    if insecure:
        os.environ["CREATORCAST_INSECURE"] = "1"
    for name, path in ((DATA, data), (SNAPSHOT, snapshot), (RATES, rates)):
        if path is not None:
            os.environ[name] = str(path.resolve())
    host = HOST if host == "localhost" else host
    check_start(host, port, settings_from(os.environ))
    os.environ[CHECKED] = "1"
    command = serve_command(host, port)
    os.execv(command[0], command)


@main.command()
@click.option(
    "--folder", default="demo", type=FOLDER, show_default=True, help="Where everything is kept."
)
@click.option(
    "--creators",
    default=800,
    show_default=True,
    type=click.IntRange(50),
    help="Size of the market.",
)
@click.option(
    "--port",
    default=3210,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of the service.",
)
def demo(folder: Path, creators: int, port: int):
    """The whole way on a simulated market: simulate, train, promote, score, serve, ask."""
    began = time.monotonic()
    os.environ["CREATORCAST_HOME"] = str(folder)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    data, answers = folder / "data", folder / "scored.csv"
    run_command("simulate", str(data), "--creators", str(creators), "--seed", "7")
    run_command("train", str(data), "--per-post", "1")
    run_command("promote", "--force")
    prospects = str(data / "prospects.csv")
    run_command(
        "score", prospects, "--data", str(data), "--as-of", "2026-07-01", "--out", str(answers)
    )
    show_ranking(answers)
    ask_service(folder, data, port)
    click.echo(
        f"\nAll in {time.monotonic() - began:.0f} seconds, on simulated data: nothing about real creators follows.\n"
        f"Next:\n"
        f"  creatorcast import FILE... --out OUT, or your own tables (README: Your own data)\n"
        f"  creatorcast train OUT && creatorcast promote\n"
        f"  mlflow ui --backend-store-uri sqlite:///{folder}/artifacts/mlflow.db"
    )


def run_command(*arguments: str) -> None:
    """Run one command as a user would, showing it; raises SystemExit where it fails."""
    click.echo(f"\n$ creatorcast {' '.join(arguments)}")
    sys.stdout.flush()
    code = subprocess.run([sys.executable, "-m", "creatorcast", *arguments], check=False).returncode
    if code not in (0, 3):
        raise SystemExit(code)


def show_ranking(answers: Path) -> None:
    """Print the best prospects by cost per engagement."""
    import pandas as pd

    from serving.terminal_table import print_cheapest

    click.echo()
    print_cheapest(pd.read_csv(answers))


def ask_service(folder: Path, data: Path, port: int) -> None:
    """Start the service, ask one question over HTTP, show the answer, stop it."""
    asked = {**first_creator(data), "format": "video", "deliverables": 2, "fee_usd": 450}
    body = json.dumps({"as_of": "2026-07-01T00:00:00Z", "partnerships": [asked]})
    address = f"http://127.0.0.1:{port}"
    click.echo(f"\n$ CREATORCAST_HOME={folder} creatorcast serve --data {data} --port {port} &")
    command = [
        sys.executable,
        "-m",
        "creatorcast",
        "serve",
        "--data",
        str(data),
        "--port",
        str(port),
    ]
    with open(folder / "serve.log", "w") as log:
        service = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until_ready(address, service)
            click.echo(
                f"$ curl -s {address}/v1/predict -H 'Content-Type: application/json' -d '{body}'"
            )
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{address}/v1/predict", body.encode(), headers)
            with urllib.request.urlopen(request, timeout=30) as response:
                click.echo(json.dumps(json.load(response), indent=1))
        finally:
            service.terminate()
            service.wait(timeout=30)


def first_creator(data: Path) -> dict[str, str]:
    """Name a creator of the data set."""
    import pandas as pd

    row = pd.read_parquet(data / "posts.parquet", columns=["creator_id", "platform"]).iloc[0]
    return {"creator_id": row["creator_id"], "platform": row["platform"]}


def wait_until_ready(address: str, service: subprocess.Popen, seconds: float = 240.0) -> None:
    """Wait until the service answers; raises ClickException where it does not start."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and service.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    reason = (
        f"was not ready on {address} after {seconds:g} s" if service.poll() is None else "ended"
    )
    raise click.ClickException(f"the service {reason}: see serve.log in the demo folder")


if __name__ == "__main__":
    main()
