"""The aliases of the registry follow artifacts/champion and its history.

Those two alone say who is champion, and who was before. What the registry should tell follows from
them (training.registry.wanted_marks), so a command that was killed is mended by the next one, which
compares and sets what differs.

Importing mlflow takes seconds, so callers import this module lazily.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from models.bundle_files import BundleError
from models.champion import champion_version
from models.model_packaging import ModelPackaging
from training.mlflow_store import open_store, store_errors_named
from training.registry import (
    ALIASES,
    CHAMPION,
    FORCED_TAG,
    REGISTERED_MODEL,
    RegistryMarks,
    store_address,
    wanted_marks,
)
from training.tracking import bundles_of_versions, log_missing


@dataclass(frozen=True)
class RegistryInStep:
    """The registry after it was brought in step.

    - `champion`: the bundle that artifacts/champion names; None where there is none
    - `model_version`: its version in the registry; None where it has none
    - `logged`: whether it was logged just now
    - `changes`: what was changed, in words
    """

    champion: str | None
    model_version: int | None
    logged: bool
    changes: tuple[str, ...]


def bring_in_step(
    home: Path,
    tracking_uri: str | None,
    packaging: ModelPackaging,
    report: Callable[[str], None] = lambda text: None,
) -> RegistryInStep:
    """Log the champion where it is not registered; set the aliases champion, previous and
    challenger, and the tags of forced promotions, where they differ from what artifacts/champion
    and its history say.

    Raises training.registry.RegistryError where the store cannot be read or changed.
    """
    with open_store(home, tracking_uri, report) as uri:
        champion = champion_version(home)
        logged, changes = False, []
        try:
            logged = champion is not None and log_missing(champion, home, uri, packaging)
        except BundleError as error:
            changes.append(f"the champion cannot be registered: {error}")
        bundles = bundles_of_versions()
        wanted = wanted_marks(home, bundles)
        if logged:
            number = wanted.aliases[CHAMPION]
            changes.append(f"{champion}, which was not registered, is now version {number}")
        changes += [*_set_tags(wanted, bundles), *_set_aliases(wanted.aliases, bundles)]
        return RegistryInStep(champion, wanted.aliases.get(CHAMPION), logged, tuple(changes))


def query_marks(home: Path, tracking_uri: str | None) -> RegistryMarks:
    """Return the same as `training.registry.registry_marks`, read through MLflow's client.

    Raises training.registry.RegistryError where the store cannot be read.
    """
    uri = store_address(home, tracking_uri)
    mlflow.set_tracking_uri(uri)
    with store_errors_named(uri):
        return RegistryMarks(_aliases(), _forced(bundles_of_versions()))


def _set_tags(wanted: RegistryMarks, bundles: dict[int, str]) -> list[str]:
    """Set the tags of forced promotions; return what was changed."""
    if not wanted.forced:
        return []
    found, changes = _forced(bundles), []
    for number, text in wanted.forced.items():
        if found.get(number) != text:
            client = mlflow.MlflowClient()
            client.set_model_version_tag(REGISTERED_MODEL, str(number), FORCED_TAG, text)
            changes.append(f"version {number} tells why it was forced")
    return changes


def _set_aliases(wanted: dict[str, int], bundles: dict[int, str]) -> list[str]:
    """Set the aliases; return what was changed.

    No step leaves the model without a champion that had one and shall have one, or one version with
    two aliases: an alias that leaves the new champion is deleted first, then the champion is set,
    then the others.
    """
    client, found = mlflow.MlflowClient(), _aliases()
    champion = wanted.get(CHAMPION)
    others = [alias for alias in ALIASES if alias != CHAMPION]
    leaving = [a for a in others if a in found and found[a] != wanted.get(a)]
    for alias in leaving:
        if alias not in wanted or found[alias] == champion:
            client.delete_registered_model_alias(REGISTERED_MODEL, alias)
    if CHAMPION in found and champion is None:
        client.delete_registered_model_alias(REGISTERED_MODEL, CHAMPION)
    for alias in (CHAMPION, *others):
        if alias in wanted and found.get(alias) != wanted[alias]:
            client.set_registered_model_alias(REGISTERED_MODEL, alias, str(wanted[alias]))
    return [
        _change_text(alias, wanted.get(alias), bundles)
        for alias in ALIASES
        if found.get(alias) != wanted.get(alias)
    ]


def _change_text(alias: str, number: int | None, bundles: dict[int, str]) -> str:
    if number is None:
        return f"alias {alias} names none"
    return f"alias {alias} is now version {number}, {bundles[number]}"


def _aliases() -> dict[str, int]:
    try:
        model = mlflow.MlflowClient().get_registered_model(REGISTERED_MODEL)
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            return {}
        raise
    return {a: int(version) for a, version in model.aliases.items() if a in ALIASES}


def _forced(bundles: dict[int, str]) -> dict[int, str]:
    """Return the text of FORCED_TAG by version, of versions that are bundles."""
    client = mlflow.MlflowClient()
    tags = {n: client.get_model_version(REGISTERED_MODEL, str(n)).tags for n in bundles}
    return {n: values[FORCED_TAG] for n, values in tags.items() if FORCED_TAG in values}
