"""The record as text for a terminal."""

import numpy as np
import pandas as pd

from training.backtest import OURS, REFERENCE_RULE, Backtest


def record_text(record: Backtest, manifest: dict) -> str:
    """Say what was trained and how it stands against the usual rules."""
    lines = [
        f"trained on {manifest['trained_on']} data: {manifest['accounts']:,} accounts, {manifest['posts']:,} posts",
        f"with known engagements, {manifest['rows']['engagements']:,} rows; horizon {manifest['horizon_days']} days",
        f"backtest: asked on {record.cut:%Y-%m-%d} about the later posts, up to 120 days ahead;",
        "error is the mean absolute error of ln(1 + engagements)",
    ]
    for split, rows in record.table.groupby("split", sort=False):
        lines += ["", _split_title(split, rows.iloc[0]), *_split_lines(rows)]
    return "\n".join(lines)


def _split_title(split: str, row: pd.Series) -> str:
    who = "creators that trained the model" if split == "seen" else "creators that did not train the model"
    return f"{who}: {row['rows']:,} posts of {row['creators']:,} creators with 5 or more posts before"


def _split_lines(rows: pd.DataFrame) -> list[str]:
    lines = [f"  {'forecaster':<30} {'error':>6}  {'95 % interval':>15}  {'against median':>26}  {'rank':>5}"]
    for row in rows.sort_values("mae").itertuples():
        against = f"{row.vs_median:+.1%} ({row.vs_median_low:+.1%} to {row.vs_median_high:+.1%})"
        if row.forecaster == REFERENCE_RULE:
            against = "-"
        lines.append(
            f"  {row.forecaster:<30} {row.mae:>6.3f}  {row.mae_low:>6.3f} to {row.mae_high:.3f}  {against:>26}  "
            f"{'-' if np.isnan(row.spearman_within) else f'{row.spearman_within:.2f}':>5}"
        )
    ours = rows[rows["forecaster"] == OURS].iloc[0]
    lines.append(
        f"  {OURS}: CRPS {ours.crps:.3f}; the 80 % interval held {ours.coverage_80:.1%}, the 90 % "
        f"{ours.coverage_90:.1%}; rank: Spearman within platform and band"
    )
    return lines
