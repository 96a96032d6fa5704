"""The model in use, for GET /v1/model: its manifest, its backtest in short, its record and
its limits; for GET /v1/model/card: its model card as a file.
"""

from dataclasses import asdict

import numpy as np
import pandas as pd

from features.maturation.maturation import NO_CURVE, Maturation, MaturationCurve
from features.number_text import format_number
from features.tables.vocabulary import PLATFORMS
from models.bundle import Bundle
from models.model_card.text import UNKNOWABLE, card_text, limit_sentences
from models.model_record import MODEL_OLD_DAYS, OUR_MODEL, STARTER_LIMITS, model_record
from models.starter import is_starter

#: Keys of the manifest that only the loader uses.
_NOT_SHOWN = ("format", "columns", "sha256", "features_version")
#: What follows for a target on platforms without a curve.
_WITHOUT_CURVE = {
    "engagements": "they stay as they were read, and another horizon_days is refused",
    "views": "they stay as they were read, and are null where another horizon_days is asked for",
}
#: Kinds of the file of the model card, the usual one first, with their media types.
CARD_KINDS = {"markdown": "text/markdown", "html": "text/html"}
CARD_ENDINGS = {"markdown": ".md", "html": ".html"}
#: Days whose shares of the count of the last one the card gives.
SHARE_DAYS, SHARE_OF_DAYS = (1, 7, 14), 30
#: Figures of the backtest that the card repeats, by split: creators that trained the model, and
#: creators it never saw.
_SUMMARY_FIGURES = (
    *(
        "rows",
        "creators",
        "mae",
        "mae_low",
        "mae_high",
        "vs_median",
        "vs_median_low",
        "vs_median_high",
    ),
    *("spearman_within", "crps", "coverage_80", "coverage_90"),
)


def model_card(manifest: dict, bundle: Bundle | None = None) -> dict:
    """Return the body of GET /v1/model; what a bundle does not have is left out."""
    card = {key: value for key, value in manifest.items() if key not in _NOT_SHOWN}
    if "backtest" in manifest:
        rows = [row for row in manifest["backtest"]["table"] if row["forecaster"] == OUR_MODEL]
        card["summary"] = {
            row["split"]: {name: row.get(name) for name in _SUMMARY_FIGURES} for row in rows
        }
    if bundle is not None:
        card["maturation"] = _maturation(bundle.reference.maturation)
    return card | {"record": _record(manifest, bundle), "limits": _limits(manifest, bundle)}


def card_file(bundle: Bundle, kind: str) -> tuple[str, str]:
    """Return the model card as a file of one of CARD_KINDS, and its media type."""
    # imported here: the service need not wait for the reader of Markdown at its start
    from models.model_card.page import card_page

    text = card_text(bundle, {})
    return (card_page(text) if kind == "html" else text), CARD_KINDS[kind]


def _record(manifest: dict, bundle: Bundle | None) -> dict:
    record = model_record(manifest)
    return {
        "about": record.about,
        "tests": record.tests,
        "coverage": [asdict(check) for check in record.coverage],
        "limits": record.limits if bundle is None else limit_sentences(bundle),
        "unknowable": UNKNOWABLE,
    }


def _maturation(maturation: Maturation) -> dict[str, dict[str, dict]]:
    """Return by platform and measure the curve by which counts grow, what it rests on, and the
    share of the count of day SHARE_OF_DAYS that is reached by each of SHARE_DAYS.
    """
    return {
        platform: {measure: _curve(curve) for measure, curve in curves.items()}
        for platform, curves in maturation.curves.items()
    }


def _curve(fitted: MaturationCurve) -> dict:
    growth = fitted.curve.growth(SHARE_OF_DAYS, SHARE_DAYS)
    shares = zip(SHARE_DAYS, np.exp(growth).tolist(), strict=True)
    return {
        "basis": fitted.basis,
        "posts": fitted.posts,
        "tau_days": fitted.tau_days,
        "gamma": fitted.gamma,
        "theta": fitted.theta,
        "source": fitted.source,
        f"share_of_day_{SHARE_OF_DAYS}": {f"day_{day}": share for day, share in shares},
    }


def _limits(manifest: dict, bundle: Bundle | None) -> list[str]:
    limits = [
        "Forecasts are of what platforms show publicly; reach, sales and saves are not forecast."
    ]
    if is_starter(manifest):
        curves = [] if bundle is None else _curve_limits(bundle.reference.maturation)
        return [*limits, *STARTER_LIMITS, *curves]
    if manifest["trained_on"] == "simulated":
        limits.append(
            "It was trained on a simulated market: nothing about real creators follows from it."
        )
    if "recipe" in manifest:
        days = manifest["recipe"]["sampling"]["longest_lead_days"]
        limits.append(
            f"It was trained on starts up to {format_number(days)} days ahead; "
            "later ones carry lead_beyond_training."
        )
    if "until" in manifest:
        ends = f"{pd.Timestamp(manifest['until']):%Y-%m-%d}"
        limits.append(
            f"Its training ends on {ends}; "
            f"forecasts made {MODEL_OLD_DAYS} days later carry model_old."
        )
    for row in manifest.get("backtest", {}).get("coverage", ()):
        if row["fails"]:
            who = f"{row['platform']}, {row['band']}, {row['split']} creators, {row['evidence']}"
            limits.append(
                f"The 80 % interval held {row['coverage_80']:.0%} for {who}: "
                "do not rely on it there."
            )
    if bundle is not None and bundle.reference.sponsored_posts == 0:
        limits.append(
            "It has never seen a paid post: how payment changes engagement is unknown to it."
        )
    if bundle is not None:
        limits += _curve_limits(bundle.reference.maturation)
    if bundle is not None and bundle.benchmarks is None:
        limits.append("It has no benchmarks: answers have no cost verdict.")
    return limits


def _curve_limits(maturation: Maturation) -> list[str]:
    """Return what cannot be told of platforms without a curve."""
    every = np.arange(len(PLATFORMS), dtype=float)
    limits = []
    for target, consequence in _WITHOUT_CURVE.items():
        is_lacking = maturation.bases(target, every) == NO_CURVE
        if is_lacking.any():
            names = ", ".join(np.array(PLATFORMS)[is_lacking])
            limits.append(f"No curve tells how {target} grow on {names}: {consequence}.")
    return limits
