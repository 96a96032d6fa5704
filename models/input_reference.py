"""How the MONITORED_INPUTS were distributed among the rows that a model was trained on.

The manifest keeps it as `input_reference`, by platform; `creatorcast watch` holds the forecasts of
the ledger against it.
"""

from typing import Any

import numpy as np
import pandas as pd

from features.tables.vocabulary import EVIDENCE, FORMATS, NICHES, PLATFORMS
from models.monitored_inputs import MONITORED_NUMBERS, MONITORED_WORDS

#: Probabilities of the quantiles that are kept of a number.
REFERENCE_LEVELS = np.round(np.linspace(0, 1, 21), 2)
#: What stands for a word that is not known.
UNKNOWN = "unknown"
_CODES = {
    "platform": "platform_code",
    "format": "format_code",
    "niche": "niche_code",
    "band": "band_code",
    "evidence": "engagements_evidence_code",
}


def fit_input_reference(
    x: pd.DataFrame, account: np.ndarray, bands: tuple[str, ...]
) -> dict[str, Any]:
    """Return the entry `input_reference` of a manifest: of each platform `rows`, `accounts`,
    `numbers` (by name the share `missing`, and `quantiles` at REFERENCE_LEVELS of the known ones)
    and `words` (by name the share of each word).

    `x`: derived columns of n training rows; `account`: codes (n,); `bands`: names of the bands.
    """
    platform = x["platform_code"].to_numpy()
    return {
        "levels": REFERENCE_LEVELS.tolist(),
        "platforms": {
            PLATFORMS[int(code)]: _describe(x[platform == code], account[platform == code], bands)
            for code in np.unique(platform[np.isfinite(platform)])
        },
    }


def _describe(x: pd.DataFrame, account: np.ndarray, bands: tuple[str, ...]) -> dict[str, Any]:
    numbers = {}
    for name in MONITORED_NUMBERS:
        values = x[name].to_numpy()
        known = values[np.isfinite(values)]
        quantiles = np.quantile(known, REFERENCE_LEVELS).round(4).tolist() if len(known) else []
        numbers[name] = {"missing": round(1 - len(known) / len(x), 6), "quantiles": quantiles}
    lists = {
        "platform": PLATFORMS,
        "format": FORMATS,
        "niche": NICHES,
        "band": bands,
        "evidence": EVIDENCE,
    }
    words = {}
    for name in MONITORED_WORDS:
        codes = x[_CODES[name]].to_numpy()
        names = [UNKNOWN if np.isnan(code) else lists[name][int(code)] for code in codes]
        shares = pd.Series(names).value_counts(normalize=True).sort_index()
        words[name] = {str(word): round(float(share), 6) for word, share in shares.items()}
    return {
        "rows": len(x),
        "accounts": len(np.unique(account)),
        "numbers": numbers,
        "words": words,
    }
