"""The derived columns that a forecaster of one target uses, as its parameters."""

from typing import Any

from features.derive.catalog import COLUMNS, LEARNED_COLUMNS
from features.tables.vocabulary import EVIDENCE, PLATFORMS


def forecaster_columns(target: str) -> dict[str, Any]:
    """Return the parameters of models.forecast.Forecaster that name columns, by name."""
    return {
        "offset": f"{target}_log_offset",
        "evidence": f"{target}_evidence_code",
        "evidences": len(EVIDENCE),
        "platform": "platform_code",
        "platforms": len(PLATFORMS),
        "centred": (EVIDENCE.index("history"), EVIDENCE.index("summary")),
        "posts": f"{target}_known_count",
        "mad": f"{target}_log_mad",
        "leave_out": tuple(name for name in COLUMNS if name not in LEARNED_COLUMNS),
        "codes": tuple(name for name in LEARNED_COLUMNS if name.endswith("_code")),
    }
