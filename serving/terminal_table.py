"""Answers as a table for a terminal."""

import pandas as pd
from rich.console import Console
from rich.table import Table

from features.number_text import format_amount
from serving.scoring.descriptive_columns import basis_text

EVIDENCE_WORDS = {"history": "past posts", "summary": "averages", "profile": "profile only"}


def print_cheapest(answers: pd.DataFrame, top: int = 12, console: Console | None = None) -> None:
    """Print the prospects with a fee, cheapest expected cost per engagement first."""
    priced = answers[answers["cpe_usd_p50"].notna()].sort_values("cpe_usd_p50").head(top)
    table = Table(
        title=f"Cheapest engagements among {len(answers):,} prospects ({_trained_on(answers)})",
        title_justify="left",
    )
    for name in ("creator", "where", "niche", "rests on"):
        table.add_column(name, no_wrap=True)
    for name in (
        "engagements",
        "80 % interval",
        "fee USD",
        "USD each",
        "80 % interval",
        "beats benchmark",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for row in priced.itertuples():
        name = row.creator_id if isinstance(row.creator_id, str) else row.partnership_id
        table.add_row(
            str(name),
            f"{row.platform}, {row.band}",
            row.niche,
            EVIDENCE_WORDS[row.evidence],
            f"{row.engagements_p50:,.0f}",
            f"{row.engagements_p10:,.0f} - {row.engagements_p90:,.0f}",
            format_amount(row.fee_usd),
            format_amount(row.cpe_usd_p50),
            f"{_cost(row.cpe_usd_p10)} - {_cost(row.cpe_usd_p90)}",
            "-" if pd.isna(row.probability_benchmark) else f"{row.probability_benchmark:.0%}",
        )
    (console or Console(width=140)).print(table)


def _cost(value: float) -> str:
    return "none" if pd.isna(value) else format_amount(value)


def _trained_on(answers: pd.DataFrame) -> str:
    return f"model {basis_text(answers['trained_on'].iloc[0])}" if len(answers) else "no answers"
