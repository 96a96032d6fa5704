"""The bundle that answers, its scorer over the files that a command names, and their digest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.environment import home_folder

if TYPE_CHECKING:
    from features.tables.model import Tables
    from models.bundle import Bundle
    from serving.scoring.scorer import Scorer


def build_scorer(data: Path | None, rates: Path | None, emv: Path | None) -> Scorer:
    """Return the scorer of the bundle that answers, and tell where that is the starter.

    `data`: folder of the tables of known creators; `rates`: file of currencies; `emv`: table of
    values of engagements. None where a command names none. Raises CreatorcastError for a file
    that cannot be used.
    """
    from features.tables.rates_file import read_rates
    from models.emv import read_value_table
    from serving.scoring.scorer import Scorer

    bundle = load_answering_bundle()
    tables = read_known_tables(data) if data else None
    usd_rates = read_rates(rates) if rates else None
    engagement_values = read_value_table(emv) if emv else None
    return Scorer(bundle, tables, usd_rates, engagement_values)


def load_answering_bundle() -> Bundle:
    """Return the champion, checked, or the starter bundle where there is none, and then print to
    standard error how to train on own data. Raises CreatorcastError for a broken champion.
    """
    from models.starter import answering_bundle, is_starter, starter_notice

    home = home_folder()
    bundle = answering_bundle(home)
    if is_starter(bundle.manifest):
        click.echo(starter_notice(home), err=True)
    return bundle


def input_files(
    data: Path | None = None, mapping: Path | None = None, **files: Path | None
) -> dict[str, Path]:
    """Return what a command reads besides its list -> its file or folder, for
    features.files.output_paths: what it writes must take the place of none of them.

    `data`: a folder of tables, of which the files that are read count; `mapping`: the map file;
    `files`: those of options, by the option's name. None where there is none. The bundles and the
    file that names the champion are among them.
    """
    from features.tables.folder import folder_places
    from models.bundle_folders import bundles_folder
    from models.champion_pointer import champion_file

    home = home_folder()
    inputs = {f"the file of --{name}": path for name, path in files.items()}
    inputs |= {"the map file": mapping, "the file of the champion": champion_file(home)}
    inputs["the folder of the bundles"] = bundles_folder(home)
    for place in [] if data is None else folder_places(data):
        inputs[f"{place.name} of --data"] = place
    return {what: path for what, path in inputs.items() if path is not None}


def inputs_digest(*paths: Path | None) -> str:
    """Return a digest of files and folders as they are now, "-" for each that is not there."""
    from serving.batch.open_list import content_digest

    return " ".join(
        content_digest(path) if path is not None and path.exists() else "-" for path in paths
    )


def read_known_tables(data: Path) -> Tables:
    """Return the tables of known creators, checked. Raises CreatorcastError for a broken rule."""
    from features.tables.folder import read_tables
    from features.tables.validate import validate

    return validate(read_tables(data))
