"""Commands that train on tables, or test on them: train, recipe, log, backtest, report, curves."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.command_group import Command
from commands.environment import home_folder, progress_bar, report_progress, tracking_address
from commands.options import DASK, DASK_MINUTES, HORIZON, add_recipe_options
from commands.parameter_types import FOLDER
from commands.registry import log_to_mlflow

if TYPE_CHECKING:
    from training.backend import Backend
    from training.recipe import Recipe

#: Digits of the id of a run that name it, at least.
RUN_ID_START = 6


@click.command(cls=Command)
@click.argument("data", type=FOLDER)
@add_recipe_options
@click.option("--no-log", is_flag=True, help="Write the bundle only, nothing to MLflow.")
@DASK
@DASK_MINUTES
def train(
    data: Path,
    recipe: Path | None,
    no_log: bool,
    dask: str | None,
    dask_minutes: float,
    **options: Any,
) -> None:
    """Train on the tables in DATA: backtest, print the record, write a bundle, log and register it
    in MLflow.

    The store is artifacts/mlflow.db, or the server that MLFLOW_TRACKING_URI names.
    """
    from training.backtest.report_text import training_text
    from training.registry import check_store
    from training.stopwatch import durations_text
    from training.train import train as train_bundle

    asked = asked_recipe(recipe, options)
    if not no_log:
        check_store(home_folder(), tracking_address())
    with training_backend(dask, dask_minutes, data) as backend:
        result = train_bundle(data, home_folder(), asked, report_progress, backend)
    assert result.backtest is not None  # only bundles read from disk may have none
    click.echo(training_text(result.backtest, result.bundle.manifest))
    seconds = dict(result.note["seconds"])
    if not no_log:
        seconds["log"] = log_to_mlflow(result)
    click.echo(durations_text(seconds))
    click.echo(f"bundle {result.bundle.version}; creatorcast promote makes it the champion")


@click.command(cls=Command)
@click.argument("version", required=False)
def recipe(version: str | None) -> None:
    """Print a recipe as a file for train --recipe, with what every key means: the default one, or
    that of the bundle VERSION.
    """
    from training.recipe_file import recipe_text

    if version is None:
        click.echo(recipe_text(default_recipe()), nl=False)
        return
    from models.bundle import check_bundle
    from models.bundle_folders import bundle_folder
    from training.promote.reforecast import recipe_from_manifest

    manifest = check_bundle(bundle_folder(home_folder(), version))
    text = recipe_text(recipe_from_manifest(manifest), f"The recipe of the bundle {version}.")
    click.echo(text, nl=False)


@click.command(cls=Command)
@click.argument("run")
@click.option(
    "--data", type=FOLDER, help="Folder of the tables. Default: the one that the training had."
)
@click.option("--threads", default=0, type=click.IntRange(0, 1024), help="Of LightGBM, a fit.")
@click.option(
    "--anyway", is_flag=True, help="Train also where it is not told by which code RUN was made."
)
@click.pass_context
def reproduce(ctx: click.Context, run: str, data: Path | None, threads: int, anyway: bool) -> None:
    """Train the bundle of RUN anew, in a folder that is removed, and compare it byte by byte.

    RUN is the id of a run in MLflow or its start, a number in its registry, or the version of a
    bundle (creatorcast bundles). Exit code 0: identical; 3: it differs, with the files, keys and
    the likely reason; 2: it cannot be trained anew.
    """
    from training.reproduce import reproduce as reproduce_bundle

    result = reproduce_bundle(
        home_folder(), bundle_named(run), data, report_progress, threads, anyway
    )
    click.echo(result.text())
    if not result.is_identical:
        ctx.exit(3)


@click.command(cls=Command)
@click.argument("data", type=FOLDER)
@click.option(
    "--minutes",
    default=20.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Time to search from now; a trial that has begun is brought to its end.",
)
@click.option("--trials", type=click.IntRange(1), help="At most so many trials from now.")
@add_recipe_options
@click.option("--no-log", is_flag=True, help="Log no runs to MLflow.")
def tune(
    data: Path,
    minutes: float,
    trials: int | None,
    recipe: Path | None,
    no_log: bool,
    **options: Any,
) -> None:
    """Search for a better recipe for the tables in DATA, inside of the training window.

    Writes artifacts/tuning/NAME.best.toml for train --recipe: the best recipe where it beats the
    default on later posts that no trial saw, else the default. The same command continues the
    search; Ctrl-C ends it with what was found. See docs/recipe.md.
    """
    from training.tune.tune import tune as search

    asked = asked_recipe(recipe, options)
    with progress_bar() as bar:
        task = bar.add_task("search", total=None)

        def show(done: float, total: float, text: str) -> None:
            bar.update(task, completed=min(done, total), total=total, description=text)

        report = report_progress if bar.disable else bar.console.print
        result = search(data, home_folder(), asked, minutes, report, show, trials)
    click.echo(result.text())
    if not no_log:
        from training.tune.search_runs import log_search

        run = log_search(result, home_folder(), tracking_address(), report_progress)
        click.echo(f"logged as the run {run}, a run of each trial below it")


@click.command(cls=Command, name="log")
@click.argument("version", required=False)
def log_bundle(version: str | None) -> None:
    """Log and register the bundle VERSION (default: the last made) in MLflow, where training could
    not.

    The store is artifacts/mlflow.db, or the server that MLFLOW_TRACKING_URI names.
    """
    from models.bundle_folders import latest_bundle
    from training.artifacts import read_artifacts

    home = home_folder()
    log_to_mlflow(read_artifacts(home, version or latest_bundle(home).name))


@click.command(cls=Command)
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
    "--target",
    default="engagements",
    show_default=True,
    type=click.Choice(["engagements", "views"]),
    help="What is forecast.",
)
@add_recipe_options
def backtest(
    data: Path, out: Path | None, cuts: int, target: str, recipe: Path | None, **options: Any
) -> None:
    """Backtest on the tables in DATA: forecasts made at earlier moments, held against what came,
    beside every rule.

    Prints the record and writes it, with every score and pictures, into OUT. Nothing is promoted.
    """
    from training.backtest.files import publish_backtest

    asked = asked_recipe(recipe, options)
    folder = out or home_folder() / "artifacts" / "backtests" / data.resolve().name
    with progress_bar() as bar:
        task = bar.add_task("backtest", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        text = publish_backtest(data, folder, asked, cuts, target, report_progress, show)
    click.echo(text)
    click.echo(f"\nthe record is in {folder}")


@click.command(cls=Command)
@click.argument("data", type=FOLDER)
@HORIZON
def report(data: Path, horizon_days: int) -> None:
    """Test on the tables in DATA what is often claimed: that small creators engage more and cost
    less, and focus.
    """
    from training.claims import claims_report

    click.echo(claims_report(data, report_progress, horizon_days))


@click.command(cls=Command)
@click.argument("data", type=FOLDER)
@click.option("--out", type=FOLDER, help="Where curves.csv, curves.txt and curves.png go.")
def curves(data: Path, out: Path | None) -> None:
    """Show how counts grow with the age of a post, by the tables in DATA: the share of the count of
    30 days that is reached at 1 hour, 6 hours, 24 hours, 3, 7, 14 and 90 days.

    Curves are fitted to posts that were read several times, and pulled to published figures by the
    number of those posts; without any, the published curves are shown.
    """
    from training.curves_report import publish_curves

    click.echo(publish_curves(data, out, report_progress))
    if out is not None:
        click.echo(f"\nthe table and the picture are in {out}")


def bundle_named(run: str) -> str:
    """Return the bundle that a run, a number of the registry or a version names.

    Raises training.registry.RegistryError where it is none of them.
    """
    from models.bundle_folders import bundle_versions
    from training.registry import RegistryError, registered_bundle, store_exists

    home, address = home_folder(), tracking_address()
    if run in bundle_versions(home):
        return run
    if run.isdecimal() and len(run) < RUN_ID_START:
        return registered_bundle(home, address, int(run))
    if not (re.fullmatch(rf"[0-9a-f]{{{RUN_ID_START},32}}", run) and store_exists(home, address)):
        raise RegistryError(
            f"{run!r} is neither a run, a number of the registry nor a bundle: creatorcast bundles "
            "lists the bundles with their numbers"
        )
    from training.tracking import bundle_of_run

    return bundle_of_run(home, address, run)


def default_recipe() -> Recipe:
    """Return the recipe where no file and no option says otherwise."""
    from training.recipe import Recipe

    return Recipe()


def asked_recipe(file: Path | None, options: dict[str, Any]) -> Recipe:
    """Return the recipe of a file, else the default one, with the options given in its place.

    Raises training.recipe_file.RecipeError.
    """
    from training.recipe_file import read_recipe, with_options

    return with_options(default_recipe() if file is None else read_recipe(file), options)


def training_backend(
    dask: str | None, minutes: float, data: Path
) -> AbstractContextManager[Backend]:
    """Return a context with the backend of training: this process, or the Dask cluster named."""
    if dask is None:
        from training.backend import LOCAL

        return nullcontext(LOCAL)
    from training.distributed.dask_fit import dask_backend

    return dask_backend(dask, data, home_folder() / "artifacts", minutes)
