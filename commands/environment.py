"""What commands take from the environment, and what they tell while they work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress

#: MLflow and BentoML report usage unless told not to, from the moment of their import.
NO_TELEMETRY = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
}


def disable_telemetry() -> None:
    """Set NO_TELEMETRY, except for variables that the user has set."""
    for name, value in NO_TELEMETRY.items():
        os.environ.setdefault(name, value)


def home_folder() -> Path:
    """Return the folder that holds artifacts/: CREATORCAST_HOME, else the working directory."""
    return Path(os.environ.get("CREATORCAST_HOME") or ".")


def tracking_address() -> str | None:
    """Return the address of MLflow's store, None where MLFLOW_TRACKING_URI is not set.

    Raises CreatorcastError for one whose user and password cannot be told from the rest.
    """
    from features.address_login import login_fault
    from features.errors import CreatorcastError

    address = os.environ.get("MLFLOW_TRACKING_URI")
    if address and (fault := login_fault(address)):
        raise CreatorcastError(f"MLFLOW_TRACKING_URI {fault}")
    return address


def report_progress(text: str) -> None:
    """Print how far the work is to standard error."""
    click.echo(text, err=True)


def progress_bar() -> Progress:
    """Return a progress bar on standard error, which shows nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)
