"""What training and promotion do in MLflow's registry, and the sentences that tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.environment import home_folder, report_progress, tracking_address

if TYPE_CHECKING:
    from models.bundle import Bundle
    from training.artifacts import TrainingResult


def log_to_mlflow(trained: TrainingResult) -> float:
    """Log and register a bundle, print where, and set the aliases.

    Returns the seconds that logging took.
    """
    from features.address_login import hide_login
    from serving.registered_model.packaging import model_packaging
    from training.tracking import log_training

    version = trained.bundle.version
    report_progress(f"logging the bundle {version} to MLflow")
    logged = log_training(
        trained, home_folder(), tracking_address(), model_packaging(), report_progress
    )
    if logged.is_new:
        store = hide_login(logged.tracking_uri)
        click.echo(f"logged to {store}, registered as version {logged.model_version}")
    else:
        click.echo(
            f"{version} is version {logged.model_version} in the registry already: "
            "nothing was logged"
        )
    note = bring_registry_in_step()
    if note is not None:
        report_progress(note)
    return logged.seconds


def bring_registry_in_step() -> str | None:
    """Log the champion where it is not registered, and set the aliases and tags by
    artifacts/champion; return what changed, if anything did.
    """
    from serving.registered_model.packaging import model_packaging
    from training.registry_aliases import bring_in_step

    registry = bring_in_step(home_folder(), tracking_address(), model_packaging(), report_progress)
    if not registry.changes:
        return None
    return f"the registry follows artifacts/champion: {'; '.join(registry.changes)}"


def announce_champion(when: str, bundle: Bundle, no_log: bool) -> None:
    """Print which bundle is the champion, and have the registry follow unless `no_log`.

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
    click.echo(f"{line}; the registry follows")  # which takes MLflow seconds
    from serving.registered_model.packaging import model_packaging
    from training.registry_aliases import bring_in_step

    try:
        registry = bring_in_step(
            home_folder(), tracking_address(), model_packaging(), report_progress
        )
    except RegistryError:
        click.echo(
            "the aliases of the registry are as they were; "
            "the next promote, rollback, train, log or bundles sets them"
        )
        raise
    if registry.champion != bundle.version:
        click.echo(f"another command has since made {registry.champion} the champion")
        return
    logged = ", which did not have it and has it now" if registry.logged else ""
    click.echo(f"it is version {registry.model_version} in the registry{logged}")
