"""What the run and the model card of a recalibrated bundle say of its recalibration."""

import math
from collections.abc import Mapping
from typing import Any

from features.number_text import pluralize
from features.tables.vocabulary import PLATFORM_NAMES

#: Figures of the manifest that are metrics of the run.
METRICS = ("outcomes", "creators", "coverage_80_before", "coverage_80_after", "width_ratio")


def recalibration_of(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a manifest says of its recalibration, None where it was trained."""
    return manifest.get("recalibrated")


def recalibration_sentence(adjusted: Mapping[str, Any]) -> str:
    """Say from which bundle and by which outcomes it was made, and what that did."""
    outcomes = pluralize(f"{adjusted['outcomes']:,}", "outcome")
    creators = pluralize(f"{adjusted['creators']:,}", "creator")
    return (
        f"Recalibrated from {adjusted['from']} by {outcomes} of {creators}, posted from "
        f"{adjusted['since'][:10]}, read until {adjusted['until'][:10]} (digest "
        f"`{adjusted['digest'][:12]}`): the 80 % range held "
        f"{100 * adjusted['coverage_80_before']:.1f} % of them before and "
        f"{100 * adjusted['coverage_80_after']:.1f} % after, and is {adjusted['width_ratio']:.2f} "
        "times as wide as it was trained."
    )


def backtest_sentence(adjusted: Mapping[str, Any]) -> str:
    """Say which model the figures of the backtest are of."""
    return (
        f"The figures of the backtest are of {adjusted['trained']}, whose boosters it has, with "
        "the ranges as they were trained."
    )


def recalibration_table(adjusted: Mapping[str, Any]) -> list[str]:
    """Return a Markdown table of what was done to the ranges of each platform and evidence."""
    lines = [
        "| platform | evidence | outcomes | creators | forecasts | width |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in adjusted["tables"]:
        cells = (
            PLATFORM_NAMES.get(row["platform"], row["platform"]),
            row["evidence"],
            f"{row['outcomes']:,}",
            f"{row['creators']:,}",
            f"{100 * math.expm1(row['moved']):+.1f} %",
            f"x {row['stretched']:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def recalibration_metrics(adjusted: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of the run of a recalibrated bundle, by name."""
    return {f"recalibration/{name}": float(adjusted[name]) for name in METRICS}
