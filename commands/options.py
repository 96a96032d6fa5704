"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.parameter_types import FILE

if TYPE_CHECKING:
    from ingest.sheets.sheet_types import SheetOptions

# fmt: off
HORIZON = click.option(
    "--horizon-days", default=30, show_default=True, type=click.IntRange(1, 90),
    help="Days after posting to which counts are brought, and for which they are forecast.",
)
ENGINE = click.option(
    "--engine", default="auto", show_default=True,
    type=click.Choice(["auto", "lightgbm", "daal4py"]),
    envvar="CREATORCAST_ENGINE", show_envvar=True,
    help="What evaluates the trees; auto: daal4py (extra `fast`) for long lists where a check "
    "finds it equal.",
)
DASK = click.option(
    "--dask", metavar="ADDRESS",
    help="Have the workers of this Dask scheduler do it (docs/scale.md).",
)
DASK_MINUTES = click.option(
    "--dask-minutes", default=10.0, show_default=True, type=click.FloatRange(0, min_open=True),
    help="Minutes without progress after which a Dask cluster is given up.",
)
NO_REGISTRY = click.option("--no-log", is_flag=True, help="Leave MLflow's registry alone for now.")

#: A recipe file, and options that take the place of its keys (training/recipe_keys.py).
RECIPE_OPTIONS = (
    click.option(
        "--recipe", type=FILE,
        help="Recipe file; creatorcast recipe prints the default one. Options override it.",
    ),
    click.option(
        "--horizon-days", type=click.IntRange(1, 90),
        help="Days after posting to which counts are brought, and for which they are forecast. "
        "[default: the recipe's, 30]",
    ),
    click.option(
        "--longest-lead-days", type=click.FloatRange(1, 365),
        help="How far ahead of a post it is asked about. [default: the recipe's, 120]",
    ),
    click.option(
        "--per-post", type=click.IntRange(1, 20),
        help="Moments asked from, a post. [default: the recipe's, 3]",
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**31 - 1),
        help="Of sampling, folds, boosters and creators left out. [default: the recipe's, 0]",
    ),
    click.option(
        "--threads", type=click.IntRange(0, 1024),
        help="Of LightGBM, a fit; 0: one, fits side by side. [default: the recipe's, 0]",
    ),
)

#: How a spreadsheet is written, where that is not detected rightly.
SHEET_OPTIONS = (
    click.option(
        "--map", "columns", type=FILE,
        help="Map file that corrects guesses: source,column. Of two equal columns the second is "
        "'Followers (2)'.",
    ),
    click.option("--delimiter", help="Of a CSV file: one character, or tab."),
    click.option("--encoding", help="Of a CSV file, such as cp1252."),
    click.option(
        "--decimal", type=click.Choice([".", ","]), help="Decimal mark of the numbers.",
    ),
    click.option("--day-first/--month-first", default=None, help="What 01/02/2026 means."),
    click.option("--worksheet", help="Name of the worksheet. Default: the first with rows."),
    click.option("--header-row", type=click.IntRange(1), help="Line of the column names."),
)
# fmt: on


def add_sheet_options(command: Callable) -> Callable:
    """Add SHEET_OPTIONS to a command; help lists them in their order."""
    for option in reversed(SHEET_OPTIONS):
        command = option(command)
    return command


def add_recipe_options(command: Callable) -> Callable:
    """Add RECIPE_OPTIONS to a command; help lists them in their order."""
    for option in reversed(RECIPE_OPTIONS):
        command = option(command)
    return command


def build_sheet_options(
    platform: str | None,
    columns: Path | None,
    delimiter: str | None,
    worksheet: str | None,
    **detected: Any,
) -> SheetOptions:
    """Return the options as ingest.sheets takes them.

    `columns`: the map file; `detected`: encoding, decimal, day_first and header_row, None where
    they are to be detected. Raises ingest.sheets.SheetError for a map file that cannot be read.
    """
    from ingest.sheets.mapping_file import read_mapping
    from ingest.sheets.sheet_types import ColumnMapping, SheetOptions

    mapping: dict[str, str | ColumnMapping] = {}
    if columns:
        mapping.update(read_mapping(columns))
    return SheetOptions(
        delimiter="\t" if delimiter == "tab" else delimiter,
        sheet=worksheet,
        columns=mapping,
        platform=platform,
        **detected,
    )
