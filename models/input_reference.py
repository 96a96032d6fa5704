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
    and `words` (by name the share of each word). Each account weighs the same, as in a list of
    creators, however many posts it has.

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
    _, code, count = np.unique(account, return_inverse=True, return_counts=True)
    weight = 1 / (count[code] * len(count))
    numbers = {}
    for name in MONITORED_NUMBERS:
        values = x[name].to_numpy()
        known = np.isfinite(values)
        quantiles: list[float] = []
        if known.any():
            quantiles = np.quantile(
                values[known], REFERENCE_LEVELS, weights=weight[known], method="inverted_cdf"
            ).tolist()
        numbers[name] = {
            "missing": round(float(weight[~known].sum()), 6),
            "quantiles": [round(value, 4) for value in quantiles],
        }
    lists = {
        "platform": PLATFORMS,
        "format": FORMATS,
        "niche": NICHES,
        "band": bands,
        "evidence": EVIDENCE,
    }
    words = {}
    for name in MONITORED_WORDS:
        codes = x[_CODES[name]].fillna(len(lists[name])).to_numpy(int)
        names = np.array([*lists[name], UNKNOWN])[codes]
        shares = pd.Series(weight).groupby(names).sum()
        words[name] = {
            str(word): min(round(float(share), 6), 1.0) for word, share in shares.items()
        }
    return {"rows": len(x), "accounts": len(count), "numbers": numbers, "words": words}
