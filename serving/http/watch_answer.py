"""What `creatorcast watch` found last, in words: for GET /v1/watch."""

from datetime import UTC, datetime
from typing import Any

from monitoring.summary import summary_lines


def watch_answer(has_ledger: bool, result: dict[str, Any] | None) -> dict[str, Any]:
    """Return the body of GET /v1/watch. `result`: that of monitoring.watch, None without one."""
    return {"has_ledger": has_ledger, "found": None if result is None else _found(result)}


def _found(result: dict[str, Any]) -> dict[str, Any]:
    made_at = datetime.fromtimestamp(result["made_at"] / 1e6, UTC)
    scores = result["scores"]
    return {
        "made_at": made_at.isoformat(timespec="seconds"),
        "model_version": result["model_version"],
        "verdict": result["verdict"],
        "sentences": summary_lines(result),
        "notes": result["notes"],
        "forecasts": result["forecasts"],
        "outcomes": scores[0]["outcomes"] if scores else 0,
    }
