"""What training and promotion do in MLflow's registry, and the sentences that tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.environment import home_folder, report_progress, tracking_address

if TYPE_CHECKING:
    from models.bundle import Bundle
    from training.artifacts import TrainingResult


def log_to_mlflow(trained: TrainingResult) -> float:
    """Log and register a bundle, print where, and move the alias of the champion where it lags.

    Returns the seconds that logging took.
    """
    from serving.registered_model.packaging import model_packaging
    from training.tracking import log_training

    version = trained.bundle.version
    report_progress(f"logging the bundle {version} to MLflow")
    logged = log_training(
        trained, home_folder(), tracking_address(), model_packaging(), report_progress
    )
    if logged.is_new:
        click.echo(f"logged to {logged.tracking_uri}, registered as version {logged.model_version}")
    else:
        click.echo(
            f"{version} is version {logged.model_version} in the registry already: "
            "nothing was logged"
        )
    note = sync_champion_alias()
    if note is not None:
        report_progress(note)
    return logged.seconds


def sync_champion_alias() -> str | None:
    """Point the registry's alias `champion` at the champion; return a sentence if it was moved."""
    from training.tracking import point_alias_at_champion

    champion = point_alias_at_champion(home_folder(), tracking_address(), report=report_progress)
    if champion is None or not champion.alias_moved:
        return None
    return (
        "the alias champion of the registry had not followed the champion: it is now version "
        f"{champion.model_version}, {champion.bundle}"
    )


def announce_champion(when: str, bundle: Bundle, no_log: bool) -> None:
    """Print which bundle is the champion, and point the registry's alias at it unless `no_log`.

    `when`: "now" or "again".
    """
    from training.registry import RegistryError, store_exists

    line = f"champion is {when} {bundle.version} (trained on {bundle.manifest['trained_on']} data)"
    if no_log:
        click.echo(line)
        return
    if not store_exists(home_folder(), tracking_address()):
        click.echo(f"{line}; MLflow has no store here: creatorcast log makes one and registers it")
        return
    from serving.registered_model.packaging import model_packaging
    from training.tracking import point_alias_at_champion

    try:
        champion = point_alias_at_champion(
            home_folder(), tracking_address(), model_packaging(), report_progress
        )
    except RegistryError:
        click.echo(
            f"{line}, but the alias champion of the registry is as it was; "
            "the next promote, train or log sets it"
        )
        raise
    assert champion is not None  # it was just made so
    if champion.bundle != bundle.version:
        click.echo(f"{line}; another command has since made {champion.bundle} the champion")
        return
    logged = ", which did not have it and has it now" if champion.logged else ""
    click.echo(f"{line}, version {champion.model_version} in the registry{logged}")
