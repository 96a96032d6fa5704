"""The command that judges a model in use by its outcomes: watch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.command_group import Command
from commands.environment import home_folder
from commands.ledger_access import open_command_ledger
from commands.parameter_types import FILE, Moment

if TYPE_CHECKING:
    import pandas as pd

    from ledger.store import Ledger
    from models.bundle import Bundle


@click.command(cls=Command)
@click.option(
    "--model",
    "version",
    help="The bundle whose forecasts are judged. Default: the one that answers, the champion.",
)
@click.option(
    "--since",
    type=Moment(),
    help="Only forecasts that were made from this moment on. Default: all of the ledger.",
)
@click.option(
    "--json", "out", type=FILE, help="Write the whole result there as JSON, with every figure."
)
@click.pass_context
def watch(
    ctx: click.Context, version: str | None, since: pd.Timestamp | None, out: Path | None
) -> None:
    """Judge the model in use by the outcomes that the ledger has, and say what to do.

    Five lines for managers, then tables: coverage of the intervals, CRPS, bias and money against
    the usual rule, with 95 % intervals (bootstrap over creators), by month, platform, band,
    evidence and model; the alarm; drift of inputs. Only matured outcomes count, and of each
    partnership only its latest forecast. The result is kept in the ledger, where GET /metrics of
    the service finds it. Exit code 0: fine, or too early to say; 3: recalibrate or retrain; 2:
    unusable. See docs/watch.md.
    """
    from rich.console import Console

    from monitoring.summary import summary_lines
    from monitoring.verdict import RECALIBRATE, RETRAIN
    from monitoring.watch_tables import print_watch
    from serving.scoring.prospect_batch import microseconds

    if out is not None:
        _check_out(out)
    bundle = _watched_bundle(version)
    result = _result(bundle, None if since is None else microseconds(since))
    if out is not None:
        _write(result, out)
    for line in summary_lines(result):
        click.echo(line)
    print_watch(result, Console(width=140))
    if result["verdict"] in (RECALIBRATE, RETRAIN):
        ctx.exit(3)


def _watched_bundle(version: str | None) -> Bundle:
    """Return a bundle of the home by its version, default the one that answers."""
    from commands.scorer_inputs import load_answering_bundle
    from models.bundle import load_version
    from models.starter import STARTER_VERSION

    if version is None or version == STARTER_VERSION:
        return load_answering_bundle()
    return load_version(home_folder(), version)


def _result(bundle: Bundle, since: int | None) -> dict[str, Any]:
    """Return what is found, which the ledger keeps where it covers all forecasts."""
    import time

    from ledger.growth import growth_of_manifest
    from ledger.matched_forecasts import match_forecasts
    from ledger.readings import read_readings
    from monitoring.watch import watch as watch_model

    now = time.time_ns() // 1000
    with open_command_ledger(reads=True) as ledger:
        forecasts, readings = ledger.forecasts(since=since), read_readings(ledger)
        growth = growth_of_manifest(bundle.manifest)
        matched = match_forecasts(forecasts, readings, now, growth)
        result = watch_model(matched, bundle.manifest, now)
        if since is None:
            _keep(ledger, result)
    return result


def _keep(ledger: Ledger, result: dict[str, Any]) -> None:
    """Keep a result; a ledger that may only be read costs no result, which is told."""
    from ledger.errors import LedgerError
    from monitoring.watch_results import keep_result

    try:
        keep_result(ledger, result)
    except LedgerError as error:
        click.echo(f"the result is not kept, and GET /metrics does not tell it: {error}", err=True)


def _check_out(out: Path) -> None:
    """Raise FileError, before any work, where the result cannot be written."""
    from commands.scorer_inputs import input_files
    from features.files.output_paths import output_fault
    from serving.frame_file import FileError

    if fault := output_fault({"the result": out}, input_files()):
        raise FileError(fault)


def _write(result: dict[str, Any], out: Path) -> None:
    import json

    from features.files.atomic import replace_text

    replace_text(out, json.dumps(result, indent=1, allow_nan=False) + "\n")
