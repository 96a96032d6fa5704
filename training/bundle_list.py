"""The bundles of a home as a table: training data, backtest results, and the champion."""

from pathlib import Path

import pandas as pd

from features.maturation.curve_text import CurveEntries
from features.maturation.maturation import FITTED, NO_CURVE, PUBLISHED
from features.tables.vocabulary import TARGETS
from models.bundle import check_bundle
from models.bundle_files import BundleError
from models.bundle_folders import bundle_versions, bundles_folder, created_at
from models.champion import champion_version, forced_promotions, previous_champion
from models.champion_history import ChampionHistoryError
from training.backtest.evaluate import OUR_MODEL

CHAMPION, PREVIOUS = "champion", "before"
LIST_COLUMNS = {
    "version": "version",
    "registry": "registry",
    "role": "",
    "trained_on": "trained on",
    "source": "source",
    "digest": "data",
    "until": "until",
    "made": "made",
    "posts": "posts",
    "horizon": "horizon",
    "curves": "curves",
    "error": "error",
    "against_median": "against median",
    "coverage_80": "80 % held",
}
#: Columns whose cells are figures, and stand at the right.
NUMERIC_LIST_COLUMNS = {"registry", "posts", "horizon", "error", "against_median", "coverage_80"}
NOTE = (
    "data: start of the digest of the tables; made: the last training, in UTC; curves: by which "
    "counts are brought to\nthe horizon; error: the backtest's MAE of ln(1 + count), creators that "
    "trained the bundle; against median:\nbeside the error of the creator's median; 80 % held: how "
    "often the 80 % interval held"
)


def bundles_text(home: Path, registered: dict[int, str], faults: tuple[str, ...] = ()) -> str:
    """Return the bundles of a home as text, the last made first.

    `registered`: the bundle of each version of the registry; `faults`: what could not be read,
    which is said at the end.
    """
    versions = bundle_versions(home)
    if not versions:
        return "\n".join(
            [
                f"no bundle in {str(bundles_folder(home))!r}: run creatorcast train DATA first",
                *faults,
            ]
        )
    roles, unknown = _roles(home)
    rows = [bundle_row(home, version, registered, roles.get(version, "")) for version in versions]
    missing = [
        f"{role} {version}: there is no such bundle"
        for version, role in roles.items()
        if version not in versions
    ]
    forced = [] if unknown else forced_lines(home)
    return "\n".join([*_table(rows), NOTE, *forced, *missing, *unknown, *faults])


def forced_lines(home: Path) -> list[str]:
    """Return a line for each promotion by force: when, why, and what the bundle failed."""
    return [_forced_line(line) for line in forced_promotions(home)]


def _forced_line(line: dict) -> str:
    failed = line["forced"].get("failed") or []
    more = f" and {len(failed) - 1:,} more" if len(failed) > 1 else ""
    state = " (rolled back)" if "rolled_back" in line else ""
    return (
        f"{line['version']} was promoted by force on {str(line.get('since'))[:10]}: "
        f"{line['forced'].get('reason')}{state}; it failed: {''.join(failed[:1])}{more}"
    )


def bundle_row(home: Path, version: str, registered: dict[int, str], role: str) -> dict[str, str]:
    """Return the cells of one bundle by LIST_COLUMNS, after a check of its files.

    A broken one has the reason as `broken`.
    """
    numbers = [str(number) for number, bundle in registered.items() if bundle == version]
    cells_known = {"version": version, "registry": ", ".join(numbers) or "-", "role": role}
    try:
        manifest = check_bundle(bundles_folder(home) / version)
        made = created_at(home, version)[:16].replace("T", " ")
        return cells_known | {"made": made or "-"} | _described(manifest)
    except BundleError as error:
        return cells_known | {"broken": str(error)}
    except (KeyError, TypeError, ValueError) as error:
        return cells_known | {"broken": f"its manifest is not whole ({error!r})"}


def _roles(home: Path) -> tuple[dict[str, str], list[str]]:
    """Return champion and previous champion by version, and why the latter is not known."""
    champion = champion_version(home)
    roles = {} if champion is None else {champion: CHAMPION}
    try:
        earlier = previous_champion(home)
    except ChampionHistoryError as error:
        return roles, [str(error)]
    return ({earlier: PREVIOUS} if earlier else {}) | roles, []


def _described(manifest: dict) -> dict[str, str]:
    headline = [
        row
        for row in manifest["backtest"]["table"]
        if row["forecaster"] == OUR_MODEL and row["split"] == "seen"
    ]
    record = headline[0] if headline else {}
    return {
        "trained_on": manifest["trained_on"],
        "source": manifest["source"],
        "digest": manifest["data_digest"][:6],
        "until": f"{pd.Timestamp(manifest['until']):%Y-%m-%d}",
        "posts": f"{manifest['posts']:,}",
        "horizon": f"{manifest['horizon_days']} days",
        "curves": _curves(manifest.get("maturation", {})),
        "error": _figure(record.get("mae"), ".3f"),
        "against_median": _figure(record.get("vs_median"), "+.1%"),
        "coverage_80": _figure(record.get("coverage_80"), ".1%"),
    }


def _curves(curves: CurveEntries) -> str:
    """Return what the curves of engagements rest on; the platforms of the fitted ones, if some."""
    entries = {name: measures.get(TARGETS[0]) for name, measures in curves.items()}
    bases = {name: NO_CURVE if curve is None else curve["basis"] for name, curve in entries.items()}
    fitted = [name for name, basis in bases.items() if basis == FITTED]
    if fitted:
        return FITTED if len(fitted) == len(bases) else f"{FITTED}: {', '.join(fitted)}"
    return PUBLISHED if PUBLISHED in bases.values() else NO_CURVE


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _table(rows: list[dict[str, str]]) -> list[str]:
    rows = [LIST_COLUMNS, *rows]
    widths = {name: max(len(row.get(name, "")) for row in rows) for name in LIST_COLUMNS}
    return [_row_text(row, widths) for row in rows]


def _row_text(row: dict[str, str], widths: dict[str, int]) -> str:
    names = [name for name in LIST_COLUMNS if name in row]
    cells = [
        row[name].rjust(widths[name])
        if name in NUMERIC_LIST_COLUMNS
        else row[name].ljust(widths[name])
        for name in names
    ]
    return "  ".join([*cells, *([f"broken: {row['broken']}"] if "broken" in row else [])]).rstrip()
