"""The model in use, for GET /v1/model: its manifest, its backtest in short, and its limits."""

import pandas as pd

from features.number_text import format_number
from models.bundle import Bundle
from serving.scoring.warning_flags import MODEL_OLD_DAYS

#: Keys of the manifest that only the loader uses.
_NOT_SHOWN = ("format", "columns", "sha256", "features_version")
_OURS = "creatorcast"
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
        rows = [row for row in manifest["backtest"]["table"] if row["forecaster"] == _OURS]
        card["summary"] = {
            row["split"]: {name: row.get(name) for name in _SUMMARY_FIGURES} for row in rows
        }
    return card | {"limits": _limits(manifest, bundle)}


def _limits(manifest: dict, bundle: Bundle | None) -> list[str]:
    limits = [
        "Forecasts are of what platforms show publicly; reach, sales and saves are not forecast."
    ]
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
    if bundle is not None and bundle.benchmarks is None:
        limits.append("It has no benchmarks: answers have no cost verdict.")
    return limits
