"""The name and the description of a run: data, period, size, headline figures, and what changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.number_text import pluralize
from models.model_card.parameters import recipe_parameters, run_parameters
from models.model_card.provenance import code_text
from models.model_card.recalibration_text import (
    backtest_sentence,
    recalibration_of,
    recalibration_sentence,
    recalibration_table,
)
from models.model_card.record_lines import headline_lines, period_lines

#: Changed parameters that a run's name tells one by one.
NAMED_CHANGES = 2
#: Prefix of the parameters that say what a model was made with, code and versions.
MADE_WITH = "made_with."


@dataclass(frozen=True)
class EarlierRun:
    """The run before in the same experiment: its name, parameters and tags, as MLflow has them."""

    name: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RunChanges:
    """What differs from the run before; all empty where nothing does.

    - `data`: a sentence, None where the tables are the same
    - `recipe`, `versions`: (name, before, now) of each parameter that differs
    """

    data: str | None
    recipe: tuple[tuple[str, str, str], ...]
    versions: tuple[tuple[str, str, str], ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it as sentences."""
        told = [] if self.data is None else [self.data]
        pairs = (*self.recipe, *self.versions)
        return (*told, *(f"{name}: {now}, before {before}" for name, before, now in pairs))


def compare_runs(manifest: Mapping[str, Any], earlier: EarlierRun | None) -> RunChanges | None:
    """Return what differs from the earlier run; None where there is none."""
    if earlier is None:
        return None
    now = {name: str(value) for name, value in run_parameters(manifest).items()}
    before = earlier.parameters
    recipe = set(recipe_parameters(manifest)) | _recipe_names(before, now)
    versions = {name for name in {*now, *before} if name.startswith(MADE_WITH)}
    return RunChanges(
        _data_change(manifest, earlier),
        tuple(_differences(before, now, recipe)),
        tuple(_differences(before, now, versions)),
    )


def run_name(manifest: Mapping[str, Any], changes: RunChanges | None) -> str:
    """Return a short name: what changed, the end of the data, and its size.

    The first words differ from run to run, as tables cut names at the right.
    """
    size = f"{manifest['accounts']:,} accounts, {manifest['posts']:,} posts"
    adjusted = recalibration_of(manifest)
    if adjusted:
        outcomes = pluralize(f"{adjusted['outcomes']:,}", "outcome")
        return f"recalibrated by {outcomes} | read until {adjusted['until'][:10]}, {size}"
    return f"{_short_change(changes)} | until {manifest['until'][:10]}, {size}"


def run_description(
    manifest: Mapping[str, Any],
    note: Mapping[str, Any],
    earlier: EarlierRun | None,
    changes: RunChanges | None,
) -> str:
    """Return the description in Markdown.

    `note`: what training.artifacts keeps beside the bundle.
    """
    simulated = " (a simulated market)" if manifest["trained_on"] == "simulated" else ""
    recipe = manifest["recipe"]
    data = (
        f"**Bundle** `{manifest['version']}`, {manifest['trained_on']} data{simulated}, "
        f"source {manifest['source']}, digest `{manifest['data_digest'][:12]}`"
    )
    adjusted = recalibration_of(manifest)
    told = [recalibration_sentence(adjusted), ""] if adjusted else []
    if adjusted:
        told += [*recalibration_table(adjusted), "", backtest_sentence(adjusted), ""]
    terms = (
        f"**Horizon** {manifest['horizon_days']} days; starts up to "
        f"{recipe['sampling']['longest_lead_days']:g} days ahead; seed {recipe.get('seed')}"
    )
    return "\n".join(
        [
            data,
            "",
            *told,
            *period_lines(manifest),
            "",
            *headline_lines(manifest),
            "",
            terms,
            "",
            f"**Code** {code_text(note.get('code', {}), manifest.get('made_with', {}))}",
            *([] if adjusted else ["", *_change_lines(earlier, changes)]),
        ]
    )


def _change_lines(earlier: EarlierRun | None, changes: RunChanges | None) -> list[str]:
    if earlier is None or changes is None:
        return ["**Changed**: nothing to compare with, it is the first run of this experiment"]
    told = changes.sentences
    if not told:
        return [f"**Changed** against *{earlier.name}*: nothing; same data, recipe and code"]
    return [f"**Changed** against *{earlier.name}*:", "", *(f"- {text}" for text in told)]


def _short_change(changes: RunChanges | None) -> str:
    if changes is None:
        return "first run"
    told = [] if changes.data is None else ["new data"]
    if len(changes.recipe) > NAMED_CHANGES:
        told.append(f"{len(changes.recipe)} parameters")
    else:
        told += [f"{name}={now}" for name, _, now in changes.recipe]
    if any(name == f"{MADE_WITH}code" for name, _, _ in changes.versions):
        told.append("new code")
    if any(name != f"{MADE_WITH}code" for name, _, _ in changes.versions):
        told.append("other versions")
    return ", ".join(told) or "same again"


def _data_change(manifest: Mapping[str, Any], earlier: EarlierRun) -> str | None:
    """Return a sentence about tables that are not the same, None where they are."""
    if earlier.tags.get("data_digest") == manifest["data_digest"]:
        return None
    before = earlier.parameters
    known = all(name in before for name in ("posts", "accounts", "until"))
    text = (
        f"data: {manifest['posts']:,} posts of {manifest['accounts']:,} accounts until "
        f"{manifest['until'][:10]}"
    )
    if not known:
        return text
    return (
        f"{text}, before {int(before['posts']):,} of {int(before['accounts']):,} until "
        f"{before['until'][:10]}"
    )


def _differences(
    before: Mapping[str, str], now: Mapping[str, str], names: set[str]
) -> Iterator[tuple[str, str, str]]:
    for name in sorted(names):
        values = before.get(name, "not there"), now.get(name, "not there")
        if values[0] != values[1]:
            yield name, *values


def _recipe_names(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    """Return the parameters that only the earlier run has, and that can be of its recipe."""
    about_data = ("rows_", "maturation.", MADE_WITH)
    return {name for name in before if name not in now and not name.startswith(about_data)}
