"""Lines of a model's record for model cards and runs: periods of the data, and headline figures."""

from collections.abc import Mapping
from typing import Any

from features.number_text import pluralize
from features.tables.vocabulary import PLATFORM_NAMES
from models.model_record import OUR_MODEL

_SPLITS = {"seen": "creators that trained it", "unseen": "creators it had never seen"}


def period_lines(manifest: Mapping[str, Any]) -> list[str]:
    """Return a Markdown table of the platforms: accounts, posts, and the period of the posts."""
    lines = ["| platform | accounts | posts | first post | until |", "|---|---:|---:|---|---|"]
    for name, platform in manifest["platforms"].items():
        first = (platform.get("first_post") or "not recorded")[:12]
        cells = (
            PLATFORM_NAMES.get(name, name),
            f"{platform['accounts']:,}" if "accounts" in platform else "",
            f"{platform['posts']:,}" if "posts" in platform else "",
            first if first == "not recorded" else first[:10],
            platform["until"][:10],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def headline_lines(manifest: Mapping[str, Any]) -> list[str]:
    """Return the headline figures of the backtest, each with its interval and n."""
    rows = [row for row in manifest["backtest"]["table"] if row["forecaster"] == OUR_MODEL]
    if not rows:
        return ["The backtest had no creators with enough posts: nothing is known of the accuracy."]
    return [f"- {headline_text(row)}" for row in rows]


def headline_text(row: Mapping[str, Any]) -> str:
    """Return the figures of a row of the backtest's table as a sentence."""
    creators = pluralize(f"{row['creators']:,}", "creator")
    against = (
        ""
        if row.get("vs_median") is None
        else (
            f", {100 * row['vs_median']:+.1f} % against the creator's median "
            f"({100 * row['vs_median_low']:+.1f} to {100 * row['vs_median_high']:+.1f})"
        )
    )
    return (
        f"{row['split']} ({_SPLITS.get(row['split'], row['split'])}): MAE of ln {row['mae']:.3f} "
        f"(95 % interval {row['mae_low']:.3f} to {row['mae_high']:.3f}){against}; "
        f"CRPS {row['crps']:.3f}; the 80 % range held {100 * row['coverage_80']:.1f} %; "
        f"n = {row['rows']:,} posts of {creators}"
    )
