"""What `creatorcast watch` found, kept in the ledger: the newest is what /metrics tells."""

import json
from typing import Any

from sqlalchemy import insert, select

from ledger.store import Ledger
from ledger.tables import WATCH_RESULTS


def keep_result(ledger: Ledger, result: dict[str, Any]) -> None:
    """Keep a result of monitoring.watch. Raises LedgerError where the database fails."""
    row = {
        "made_at": result["made_at"],
        "model_version": result["model_version"],
        "verdict": result["verdict"],
        "result": json.dumps(result, allow_nan=False),
    }
    with ledger.writing() as connection:
        connection.execute(insert(WATCH_RESULTS), [row])


def newest_result(ledger: Ledger) -> dict[str, Any] | None:
    """Return the result that was kept last, None where there is none. Raises LedgerError."""
    newest = select(WATCH_RESULTS.c.result).order_by(WATCH_RESULTS.c.watch_id.desc()).limit(1)
    with ledger.reading() as connection:
        text = connection.execute(newest).scalar()
    return None if text is None else json.loads(text)
