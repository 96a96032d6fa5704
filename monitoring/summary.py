"""What the watch found, in five lines for the people who pay for the partnerships."""

import math
from datetime import UTC, datetime
from typing import Any

from features.number_text import choose_verb, count_text, format_money
from monitoring.verdict import CLOSER, FINE, RECALIBRATE, RETRAIN, TOO_EARLY

LATER = "creatorcast recalibrate, then creatorcast promote."
#: What to do, by verdict.
ADVICE = {
    FINE: "Nothing is to be done.",
    TOO_EARLY: "Nothing is to be done yet: read outcomes with creatorcast outcomes as they come.",
    RECALIBRATE: f"Run {LATER}",
    RETRAIN: "Train on newer data with creatorcast train, then run creatorcast promote.",
}


def summary_lines(result: dict[str, Any]) -> list[str]:
    """Return the lines: verdict, coverage, centre, money, what to do."""
    everything = result["scores"][0] if result["scores"] else None
    reasons = "; ".join(result["reasons"])
    lines = [
        f"{result['verdict'].capitalize()}: {reasons}.",
        f"{_counts_text(result)} {_coverage_text(everything)}",
        _centre_text(everything, result["expected_all"]),
        _money_text(everything, result["expected_all"]),
        _advice(result),
    ]
    return lines


def _advice(result: dict[str, Any]) -> str:
    if result["verdict"] == RECALIBRATE and result["recalibration_lacks"]:
        lacks = result["recalibration_lacks"]
        return f"Read {lacks} with creatorcast outcomes; then {LATER}"
    notes = [note for note in result["notes"] if CLOSER in note]
    if result["verdict"] == FINE and notes:
        return f"Nothing has to be done; but {notes[0]}."
    return ADVICE[result["verdict"]]


def _counts_text(result: dict[str, Any]) -> str:
    outcomes = result["scores"][0]["outcomes"] if result["scores"] else 0
    asked = count_text(result["forecasts"], "forecast")
    first = result["first_forecast"]
    since = "" if first is None else f" since {datetime.fromtimestamp(first / 1e6, UTC):%Y-%m-%d}"
    outcomes_text = count_text(outcomes, "matured outcome")
    return f"{outcomes_text} of {asked} by model {result['model_version']}{since}."


def _coverage_text(row: dict[str, Any] | None) -> str:
    if row is None:
        return "80 of 100 are expected to lie inside of the 80 % interval."
    outcomes = row["outcomes"]
    inside = round(outcomes * row["coverage_80"])
    return (
        f"{inside:,} of {count_text(outcomes, 'outcome')} {choose_verb(inside, 'lies', 'lie')} "
        f"inside of the 80 % interval: {row['coverage_80']:.0%}"
        f"{_range(row, 'coverage_80', lambda share: f'{share:.0%}')}, 80% is promised."
    )


def _centre_text(row: dict[str, Any] | None, expected: dict[str, Any]) -> str:
    if row is None:
        if not expected["forecasts"]:
            return "No forecasts of this model are in the ledger."
        return (
            "The upper end of the 80 % interval is usually "
            f"{expected['width_80_factor']:.1f} times the lower one."
        )
    change = math.expm1(row["bias"])
    side = "above" if change >= 0 else "below"
    ends = _range(row, "bias", lambda value: f"{math.expm1(value):+.0%}")
    ratio = row["crps_ratio"]
    return (
        f"On average outcomes are {abs(change):.0%} {side} the middle of their forecasts{ends}; "
        "errors are "
        f"{ratio:.2f} times as large as the forecasts expect"
        f"{_range(row, 'crps_ratio', lambda value: f'{value:.2f}')}."
    )


def _money_text(row: dict[str, Any] | None, expected: dict[str, Any]) -> str:
    if row is None or not row["differ_from_rule"]:
        if not expected.get("with_money"):
            return "Money: nothing to say yet: no forecast has a fee and an average of known posts."
        if not expected["differ_from_rule"]:
            return "Money: forecast and usual rule advised the same wherever a fee was known."
        return (
            "Money: following the forecasts and not the usual rule is expected to "
            f"{'save' if expected['saved_usd'] >= 0 else 'lose'} "
            f"{format_money(abs(expected['saved_usd']))} over the "
            f"{count_text(expected['differ_from_rule'], 'partnership')} on which they differ; no "
            "outcome of these has matured."
        )
    saved = row["saved_usd"]
    what = "saved" if saved >= 0 else "lost"
    return (
        f"Money: over the {count_text(row['differ_from_rule'], 'partnership')} on which forecast "
        f"and usual rule differed, following the forecast {what} {format_money(abs(saved))}"
        f"{_range(row, 'saved_usd', format_money)}; {format_money(row['expected_saved_usd'])} "
        "was expected."
    )


def _range(row: dict[str, Any], name: str, words: Any) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if low is None else f" ({words(low)} to {words(high)})"
