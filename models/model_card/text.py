"""The model card: what a model is for, what it rests on, how good it is, and what it cannot know
(Mitchell et al. 2019, https://doi.org/10.1145/3287560.3287596), as Markdown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from features.maturation.curve_text import curves_text
from features.number_text import pluralize
from features.tables.vocabulary import PLATFORM_NAMES
from models.bundle import Bundle
from models.model_card.parameters import recipe_parameters
from models.model_card.provenance import code_text
from models.model_card.recalibration_text import (
    backtest_sentence,
    recalibration_of,
    recalibration_sentence,
    recalibration_table,
)
from models.model_card.record_lines import headline_lines, period_lines
from models.model_record import (
    OUR_MODEL,
    PUBLISHED_FIGURES,
    SIMULATED,
    STARTER_LIMITS,
    model_record,
)
from models.starter.figures import figure_sources

#: Baselines of the table, the best first.
SHOWN_BASELINES = 8
RANGES_REPEATED = (
    "Its ranges come from the outcomes of the digest above: `creatorcast recalibrate` makes the "
    "same ones of the same ledger at the same moment."
)
CODE_LICENCE = "The code is licensed under the Apache License 2.0."
STARTER_SOURCES = (
    "Each figure stands below with its source; docs/starter.md says how they are put together "
    "and how often its ranges held."
)
UNKNOWABLE = (
    (
        "What a post brings that nobody can know before: whether it is picked up, what else "
        "happens on the day. The width of the ranges tells how much that is."
    ),
    "Reach, saves, clicks, sales and what people think of a brand: platforms do not show them.",
    (
        "What a partnership causes. Importances and effects describe the model: a creator who "
        "posts more, or at another hour, need not get what the effect of that column says."
    ),
    "Changes of a platform after the end of the data: how it chooses posts, what it counts.",
    "Whether engagements are bought. Odd accounts are marked, none is proved.",
)


def card_text(bundle: Bundle, note: Mapping[str, Any]) -> str:
    """Return the model card in Markdown.

    `note`: what training.artifacts keeps beside the bundle, empty where it is not at hand.
    """
    manifest = bundle.manifest
    if manifest["trained_on"] == PUBLISHED_FIGURES:
        return _joined([*_starter_parts(bundle)])
    parts = [
        [f"# Model card: creatorcast {manifest['version']}"],
        _purpose(manifest),
        *_recalibration(manifest),
        _data(manifest),
        _accuracy(manifest),
        _good_and_bad(manifest),
        _limits(bundle),
        _recipe(manifest),
        _reproduction(manifest, note),
    ]
    return _joined(parts)


def _starter_parts(bundle: Bundle) -> Iterator[list[str]]:
    """Yield the parts of the card of the starter model, which no training made."""
    record = model_record(bundle.manifest)
    yield [f"# Model card: creatorcast {bundle.version}"]
    yield _purpose(bundle.manifest)
    yield ["## What it rests on", "", *record.about, "", STARTER_SOURCES]
    yield ["## How good it is", "", *record.tests]
    yield _limits(bundle)
    yield ["## Figures and their sources", "", *_source_table()]
    yield ["## Licence", "", CODE_LICENCE]


def _source_table() -> list[str]:
    lines = ["| platform | figure | source |", "|---|---|---|"]
    for platform, figure, source in figure_sources():
        lines.append(f"| {PLATFORM_NAMES.get(platform, platform)} | {figure} | {source} |")
    return lines


def _joined(parts: Sequence[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _purpose(manifest: Mapping[str, Any]) -> list[str]:
    lines = [
        "## What it is for",
        "",
        (
            "It forecasts what a paid post of a creator will show publicly "
            f"{manifest['horizon_days']} days after posting: engagements, and views where the "
            "platform shows them, each as a whole distribution. It is made for choosing "
            "creators, for what to pay, and for planning a roster. It is not made for judging a "
            "person, and not for deciding about one person without a human reader."
        ),
    ]
    if manifest["trained_on"] == SIMULATED:
        lines += [
            "",
            "**It was trained on a simulated market: nothing about real creators follows.**",
        ]
    definitions = manifest.get("definitions", {})
    if definitions:
        lines += ["", "Engagements are:", ""]
        lines += [
            f"- {PLATFORM_NAMES.get(name, name)}: {text}" for name, text in definitions.items()
        ]
    return lines


def _recalibration(manifest: Mapping[str, Any]) -> list[list[str]]:
    adjusted = recalibration_of(manifest)
    if not adjusted:
        return []
    lines = ["## Recalibration", "", recalibration_sentence(adjusted), ""]
    return [[*lines, *recalibration_table(adjusted), "", backtest_sentence(adjusted)]]


def _data(manifest: Mapping[str, Any]) -> list[str]:
    return [
        "## Data",
        "",
        (
            f"{manifest['posts']:,} posts of {manifest['accounts']:,} accounts, "
            f"{manifest['trained_on']}, source: {manifest['source']}. "
            f"Digest of the tables: `{manifest['data_digest']}`."
        ),
        "",
        *period_lines(manifest),
        "",
        f"{curves_text(manifest['maturation'], 'engagements', manifest['horizon_days'])}.",
    ]


def _accuracy(manifest: Mapping[str, Any]) -> list[str]:
    backtest = manifest["backtest"]
    lines = [
        "## How good it is",
        "",
        (
            f"Tested on posts after {backtest['cut'][:10]} and earlier moments, each forecast with "
            "what was known at that moment. The error is the mean absolute error (MAE) of "
            "ln(1 + count); intervals are of 95 %, over creators."
        ),
        "",
        *headline_lines(manifest),
    ]
    for split in dict.fromkeys(row["split"] for row in backtest["table"]):
        rows = [row for row in backtest["table"] if row["split"] == split]
        lines += ["", f"### {split.capitalize()} creators, beside other ways to forecast", ""]
        lines += _forecaster_table(rows)
    platforms = [row for row in backtest.get("platforms", ()) if row.get("mae") is not None]
    if platforms:
        lines += ["", "### By platform", "", *_platform_table(platforms)]
    return lines


def _forecaster_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    ours = [row for row in rows if row["forecaster"].startswith(OUR_MODEL)]
    others = [row for row in rows if not row["forecaster"].startswith(OUR_MODEL)]
    best = sorted(others, key=lambda row: row["mae"])[:SHOWN_BASELINES]
    lines = [
        "| forecaster | MAE | 95 % interval | against the creator's median |",
        "|---|---:|---|---:|",
    ]
    for row in [*ours, *best]:
        against = row.get("vs_median")
        cells = (
            row["forecaster"],
            f"{row['mae']:.3f}",
            f"{row['mae_low']:.3f} to {row['mae_high']:.3f}",
            "" if against is None else f"{100 * against:+.1f} %",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _platform_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "| platform | creators | posts | n creators | MAE | 95 % interval | 80 % range held |",
        "|---|---|---:|---:|---:|---|---:|",
    ]
    for row in rows:
        cells = (
            PLATFORM_NAMES.get(row["platform"], row["platform"]),
            row["split"],
            f"{row['rows']:,}",
            f"{row['creators']:,}",
            f"{row['mae']:.3f}",
            f"{row['mae_low']:.3f} to {row['mae_high']:.3f}",
            f"{100 * row['coverage_80']:.1f} %",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _good_and_bad(manifest: Mapping[str, Any]) -> list[str]:
    cells = manifest["backtest"]["coverage"]
    judged = [cell for cell in cells if cell["judged"]]
    failing = [cell for cell in judged if cell["fails"]]
    lines = ["## Who it is good for, and who not", ""]
    if not judged:
        lines.append("No group of creators is large enough to be judged.")
    else:
        groups = pluralize(f"{len(judged)}", "group")
        lines.append(
            f"Of {groups} of platform, band, evidence and known or new creators that are large "
            f"enough to be judged, {len(judged) - len(failing)} hold their 80 % range within the "
            f"tolerance and {len(failing)} do not; {len(cells) - len(judged)} are too small."
        )
    lines += ["", *_listed("Do not rely on the ranges of", failing)]
    narrow = sorted(
        (cell for cell in judged if not cell["fails"]), key=lambda cell: cell["width_80"]
    )
    lines += _listed("Its ranges are narrowest, and hold, for", narrow[:3])
    lines += _listed("They are widest for", narrow[3:][-3:][::-1])
    return lines


def _listed(title: str, cells: Sequence[Mapping[str, Any]]) -> list[str]:
    if not cells:
        return []
    return [f"{title}:", "", *(f"- {_cell_text(cell)}" for cell in cells), ""]


def _cell_text(cell: Mapping[str, Any]) -> str:
    platform = PLATFORM_NAMES.get(cell["platform"], cell["platform"])
    return (
        f"{platform}, {cell['band']}, {cell['evidence']}, {cell['split']} creators: held "
        f"{100 * cell['coverage_80']:.0f} % ({100 * cell['coverage_80_low']:.0f} to "
        f"{100 * cell['coverage_80_high']:.0f}), width {cell['width_80']:.2f} in ln, "
        f"n = {cell['rows']:,} of {cell['creators']:,} creators"
    )


def limit_sentences(bundle: Bundle) -> list[str]:
    """Return what a model does not know, and where not to rely on it."""
    record = model_record(bundle.manifest)
    limits = list(record.limits)
    if record.trained_on == PUBLISHED_FIGURES:
        limits += STARTER_LIMITS
    elif bundle.reference.sponsored_posts == 0:
        limits.append("It has never seen a paid post: how payment changes engagement is unknown.")
    return limits


def _limits(bundle: Bundle) -> list[str]:
    return [
        "## Limits",
        "",
        *(f"- {text}" for text in limit_sentences(bundle)),
        "",
        "## What it cannot know",
        "",
        *(f"- {text}" for text in UNKNOWABLE),
    ]


def _recipe(manifest: Mapping[str, Any]) -> list[str]:
    lines = ["## Recipe", "", "| parameter | value |", "|---|---|"]
    return lines + [
        f"| `{name}` | {value} |" for name, value in recipe_parameters(manifest).items()
    ]


def _reproduction(manifest: Mapping[str, Any], note: Mapping[str, Any]) -> list[str]:
    adjusted = recalibration_of(manifest)
    version = adjusted["trained"] if adjusted else manifest["version"]
    made_with = manifest.get("made_with", {})
    versions = ", ".join(f"{name} {value}" for name, value in made_with.items())
    return [
        "## How to reproduce it",
        "",
        (
            f"Code: {code_text(note.get('code', {}), made_with)}. Made with: "
            f"{versions or 'not recorded'}. "
            f"Derived columns: version {manifest['features_version']}."
        ),
        "",
        (
            "With this code, these packages, the tables of the digest above and this recipe, "
            "`creatorcast train DATA --recipe FILE` makes "
            f"{f'the bundle {version}' if adjusted else 'the same bundle'}, byte by byte; "
            f"`creatorcast reproduce {version}` checks it."
        ),
        *([] if adjusted is None else ["", RANGES_REPEATED]),
        "",
        "## Licence",
        "",
        (
            f"{CODE_LICENCE} The model is made of the tables above: whoever owns them decides "
            "what may be done with it."
        ),
    ]
