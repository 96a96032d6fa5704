"""How good the forecasts of a model were, in sentences for readers without statistics, and the
figures of the picture of it: all from the manifest of its bundle.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.number_text import format_number, pluralize
from features.tables.vocabulary import PLATFORM_NAMES

#: What a manifest says that a model was trained on, where no data set trained it.
PUBLISHED_FIGURES = "published figures"
SIMULATED = "simulated"
#: Days after the end of training from which a model is old: until then its accuracy was measured
#: (docs/method.md).
MODEL_OLD_DAYS = 180
#: Ranges whose coverage a backtest tells, in percent.
LEVELS = (80, 90)
#: Earlier posts of the creators that the headline of a backtest is about
#: (training.backtest.report_tables.ENOUGH_POSTS).
ENOUGH_POSTS = 5
#: The test of the starter model, by docs/starter.md: its manifest holds no record.
STARTER_TEST = (
    "It has no record of its own. On 32,844 public Instagram posts of 416 creators its 80 % "
    "range held 78 % where past posts were known and 77 % where only averages were; where only "
    "the profile was known, 81 %."
)
#: What the starter model cannot do.
STARTER_LIMITS = (
    (
        "It is no trained model: its levels are published engagement rates, its ranges the "
        "measured spread of other creators' posts. Train on your own data to replace it "
        "(docs/starter.md)."
    ),
    (
        "Published rates disagree by a factor of three to four on Instagram; figures for YouTube "
        "and X, and for views outside of TikTok, rest on few sources or on assumptions."
    ),
    "It does not tell formats, dates or paid posts apart, and niches only on Instagram and TikTok.",
)
#: The name of the model itself in the table of a backtest.
OUR_MODEL = "creatorcast"
_SPLITS = {
    "seen": "of {creators} whose earlier posts it had learned from",
    "unseen": "of {creators} that it had never seen",
}
_SPLIT_LABELS = {"seen": "known creators", "unseen": "new creators"}
_EVIDENCE = {
    "history": "past posts were known",
    "summary": "only averages were known",
    "profile": "only the profile was known",
}
#: Of the normal distribution, for intervals of 95 %.
_Z_95 = 1.959964


@dataclass(frozen=True)
class CoverageCheck:
    """What share of later posts lay inside of their range.

    `label`: of which posts; `level`: percent that should lie inside; `share`: that did, in 0 to 1;
    `low`, `high`: its 95 % interval (Wilson 1927), counted as if every creator had one post, which
    is wide rather than narrow; `posts`, `creators`: how many.
    """

    label: str
    level: int
    share: float
    low: float
    high: float
    posts: int
    creators: int


@dataclass(frozen=True)
class ModelRecord:
    """What is known of a model.

    `trained_on`: real, simulated or published figures, None where no model is; `about`: which
    model it is and what it was trained on; `tests`: how good its forecasts were, empty where no
    test was made; `limits`: what it does not know; `coverage`: the figures of the picture, empty
    without a test.
    """

    trained_on: str | None
    about: tuple[str, ...]
    tests: tuple[str, ...]
    limits: tuple[str, ...]
    coverage: tuple[CoverageCheck, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, in order."""
        return (*self.about, *self.tests, *self.limits)


def model_record(manifest: Mapping[str, Any]) -> ModelRecord:
    """Return what is known of the model whose bundle has this manifest; what the manifest does not
    have is left out.
    """
    return ModelRecord(
        manifest["trained_on"],
        tuple(_about(manifest)),
        tuple(_tests(manifest)),
        tuple(_limits(manifest)),
        tuple(coverage_checks(manifest)),
    )


def _about(manifest: Mapping[str, Any]) -> Iterator[str]:
    version, trained_on = manifest["version"], manifest["trained_on"]
    if trained_on == PUBLISHED_FIGURES:
        yield (
            f"The forecasts are by the starter model {version}. It rests on published figures of "
            "the market, not on past campaigns."
        )
        if "until" in manifest:
            yield f"The figures are of {_day(manifest['until'])} or earlier."
        return
    extent = ""
    if "accounts" in manifest and "posts" in manifest:
        accounts = pluralize(f"{manifest['accounts']:,}", "account")
        posts = pluralize(f"{manifest['posts']:,}", "post")
        extent = f" on {posts} of {accounts}"
    until = f", until {_day(manifest['until'])}" if "until" in manifest else ""
    yield f"The forecasts are by the model {version}, trained{extent}{until}."
    adjusted = manifest.get("recalibrated")
    if adjusted:
        outcomes = pluralize(f"{adjusted['outcomes']:,}", "outcome")
        yield (
            f"Its ranges were adjusted by {outcomes} read until {_day(adjusted['until'])}; the "
            "test below is of the model before that."
        )
    if trained_on == SIMULATED:
        yield "It was trained on a simulated market: nothing about real creators follows."


def _tests(manifest: Mapping[str, Any]) -> Iterator[str]:
    if manifest["trained_on"] == PUBLISHED_FIGURES:
        yield STARTER_TEST
        return
    rows = _headline_rows(manifest)
    if not rows:
        yield "No test of it is recorded: how good its forecasts are is not known."
    for row in rows:
        yield _coverage_sentence(row)
        if row.get("mae") is not None:
            yield _error_sentence(row)
    yield from _evidence_sentences(manifest)


def _coverage_sentence(row: Mapping[str, Any]) -> str:
    creators = pluralize(f"{row['creators']:,}", "creator")
    posts = pluralize(f"{row['rows']:,} later", "post")
    held = " and ".join(
        f"the {level} % range held {_percent(row[f'coverage_{level}'])}" for level in LEVELS
    )
    return f"In a test on {posts} {_SPLITS[row['split']].format(creators=creators)}, {held}."


def _error_sentence(row: Mapping[str, Any]) -> str:
    """Word the error: as a factor, and against the creator's own median."""
    factor = f"{math.exp(row['mae']):.1f}"
    text = (
        f"There the forecast of a post and its outcome differed by a factor of {factor} on average"
    )
    against = row.get("vs_median")
    if against is None:
        return f"{text}."
    low, high = (100 * row[f"vs_median_{end}"] for end in ("low", "high"))
    word, ends = ("below", (-high, -low)) if against < 0 else ("above", (low, high))
    interval = f"95 % interval {ends[0]:.1f} to {ends[1]:.1f} %"
    doubt = ", so the two may be equal" if low <= 0 <= high else ""
    return (
        f"{text}; its error was {abs(100 * against):.1f} % {word} that of the creator's own median "
        f"({interval}{doubt})."
    )


def _evidence_sentences(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Word the coverage by what was known of the creators, known and new ones together."""
    for evidence, text in _EVIDENCE.items():
        cells = [cell for cell in _cells(manifest) if cell["evidence"] == evidence]
        forecasts = sum(cell["rows"] for cell in cells)
        if forecasts:
            held = sum(cell["rows"] * cell["coverage_80"] for cell in cells) / forecasts
            noun = pluralize(f"{forecasts:,}", "forecast")
            yield f"Where {text} ({noun}), the 80 % range held {_percent(held)}."


def _limits(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield "Forecasts are of what platforms show publicly: reach, saves and sales are not forecast."
    if _headline_rows(manifest):
        yield (
            f"The test is of creators with {ENOUGH_POSTS} or more earlier posts; of the others "
            "less is known."
        )
    if manifest["trained_on"] == PUBLISHED_FIGURES:
        return
    if "recipe" in manifest:
        days = format_number(manifest["recipe"]["sampling"]["longest_lead_days"])
        yield f"Posts that start more than {days} days ahead are beyond what it was trained on."
    if "until" in manifest:
        yield (
            f"Its data ends on {_day(manifest['until'])}: from {MODEL_OLD_DAYS} days later on its "
            "accuracy is unknown."
        )
    untested = [
        PLATFORM_NAMES.get(name, name)
        for name, platform in manifest.get("platforms", {}).items()
        if not platform.get("backtest")
    ]
    if untested:
        yield f"On {', '.join(untested)} its forecasts were not tested."
    for cell in _cells(manifest):
        if cell.get("fails"):
            yield (
                f"The 80 % range held {_percent(cell['coverage_80'])} for {_cell_text(cell)}: do "
                "not rely on it there."
            )


def coverage_checks(manifest: Mapping[str, Any]) -> Iterator[CoverageCheck]:
    """Yield the coverage of all later posts and of each platform's, known creators first."""
    platforms = manifest.get("backtest", {}).get("platforms", ())
    for row in _headline_rows(manifest):
        label = _SPLIT_LABELS[row["split"]].capitalize()
        yield from _checks(label, row)
        parts = [part for part in platforms if part["split"] == row["split"] and part["rows"]]
        if len(parts) > 1:
            for part in parts:
                name = PLATFORM_NAMES.get(part["platform"], part["platform"])
                yield from _checks(f"{label}, {name}", part)


def _checks(label: str, row: Mapping[str, Any]) -> Iterator[CoverageCheck]:
    for level in LEVELS:
        share = row[f"coverage_{level}"]
        low, high = wilson_interval(share, row["creators"])
        yield CoverageCheck(label, level, share, low, high, row["rows"], row["creators"])


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n (Wilson 1927).

    >>> low, high = wilson_interval(0.8, 100)
    >>> f"{low:.3f} {high:.3f}"
    '0.711 0.867'
    """
    middle = share + _Z_95**2 / (2 * n)
    half = _Z_95 * math.sqrt(share * (1 - share) / n + _Z_95**2 / (4 * n**2))
    scale = 1 + _Z_95**2 / n
    return (middle - half) / scale, (middle + half) / scale


def _headline_rows(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the model's own rows of the table of the backtest: known creators, then new ones."""
    rows = manifest.get("backtest", {}).get("table", ())
    own = {row["split"]: row for row in rows if row["forecaster"] == OUR_MODEL and row["rows"]}
    return [own[split] for split in _SPLITS if split in own]


def _cells(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(manifest.get("backtest", {}).get("coverage", ()))


def _cell_text(cell: Mapping[str, Any]) -> str:
    platform = PLATFORM_NAMES.get(cell["platform"], cell["platform"])
    band = "" if cell["band"] == "unknown" else f" {cell['band']}"
    return (
        f"{_SPLIT_LABELS[cell['split']]} on {platform},{band} where {_EVIDENCE[cell['evidence']]}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _day(moment: str) -> str:
    """Return the day of a moment in ISO form."""
    return moment[:10]
