"""Commands that train on tables, or test on them: train, log, backtest, report, curves."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.command_group import Command
from commands.environment import home_folder, progress_bar, report_progress, tracking_address
from commands.options import DASK, DASK_MINUTES, HORIZON, LEAD
from commands.parameter_types import FOLDER
from commands.registry import log_to_mlflow

if TYPE_CHECKING:
    from training.backend import Backend


@click.command(cls=Command)
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
    data: Path,
    per_post: int,
    seed: int,
    horizon_days: int,
    longest_lead_days: float,
    threads: int,
    no_log: bool,
    dask: str | None,
    dask_minutes: float,
) -> None:
    """Train on the tables in DATA: backtest, print the record, write a bundle, log and register it
    in MLflow.

    The store is artifacts/mlflow.db, or the server that MLFLOW_TRACKING_URI names.
    """
    from training.backtest.report_text import training_text
    from training.dataset import Sampling
    from training.fit import Recipe
    from training.registry import check_store
    from training.stopwatch import durations_text
    from training.train import train as train_bundle

    if not no_log:
        check_store(home_folder(), tracking_address())
    sampling = Sampling(per_post=per_post, longest_lead_days=longest_lead_days, seed=seed)
    recipe = Recipe(sampling=sampling, horizon_days=horizon_days, seed=seed, threads=threads)
    with training_backend(dask, dask_minutes, data) as backend:
        result = train_bundle(data, home_folder(), recipe, report_progress, backend)
    assert result.backtest is not None  # only bundles read from disk may have none
    click.echo(training_text(result.backtest, result.bundle.manifest))
    seconds = dict(result.note["seconds"])
    if not no_log:
        seconds["log"] = log_to_mlflow(result)
    click.echo(durations_text(seconds))
    click.echo(f"bundle {result.bundle.version}; creatorcast promote makes it the champion")


@click.command(cls=Command, name="log")
@click.argument("version", required=False)
def log_bundle(version: str | None) -> None:
    """Log and register the bundle VERSION (default: the newest) in MLflow, where training could
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
    data: Path,
    out: Path | None,
    cuts: int,
    target: str,
    horizon_days: int,
    longest_lead_days: float,
    per_post: int,
    seed: int,
) -> None:
    """Backtest on the tables in DATA: forecasts made at earlier moments, held against what came,
    beside every rule.

    Prints the record and writes it, with every score and pictures, into OUT. Nothing is promoted.
    """
    from training.backtest.files import publish_backtest
    from training.dataset import Sampling
    from training.fit import Recipe

    folder = out or home_folder() / "artifacts" / "backtests" / data.resolve().name
    sampling = Sampling(per_post=per_post, longest_lead_days=longest_lead_days, seed=seed)
    recipe = Recipe(sampling=sampling, horizon_days=horizon_days, seed=seed)
    with progress_bar() as bar:
        task = bar.add_task("backtest", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        text = publish_backtest(data, folder, recipe, cuts, target, report_progress, show)
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


def training_backend(
    dask: str | None, minutes: float, data: Path
) -> AbstractContextManager[Backend]:
    """Return a context with the backend of training: this process, or the Dask cluster named."""
    if dask is None:
        from training.backend import LOCAL

        return nullcontext(LOCAL)
    from training.distributed.dask_fit import dask_backend

    return dask_backend(dask, data, home_folder() / "artifacts", minutes)
