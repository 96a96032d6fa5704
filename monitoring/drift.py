"""Drift of inputs: whether the forecasts that are asked for are about other creators and posts than
the model was trained on.

By platform and input the shares of the classes among the training rows are compared with those
among the forecasts by the population stability index (PSI), the sum of (p - q) ln(p / q). Numbers
have ten classes of equal share in training, and one more for those that are missing. By an old
rule of credit scoring 0.1 is a small change and 0.25 a large one. The index is above 0 by chance
alone: it is called drift only where it is also above what it has in 99 of 100 draws of as many
creators from the training shares.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.input_reference import REFERENCE_LEVELS, UNKNOWN
from models.monitored_inputs import MONITORED_NUMBERS, MONITORED_WORDS
from monitoring.scores import creator_codes

SMALL, LARGE = 0.1, 0.25
#: What is added to each class of shares, so that an empty one has a finite index.
FLOOR = 0.001
CLASSES = 10
DRAWS = 500
#: Creators below which nothing is said of a platform.
ENOUGH_CREATORS = 20
#: Not compared: training shows each evidence in shares of its own choice, and platforms are apart.
_LEFT_OUT = ("evidence", "platform")
#: Training chooses its leads evenly: only those beyond its range count.
_RANGE_ONLY = ("lead_days",)


@dataclass(frozen=True)
class InputDrift:
    """The drift of one input on one platform.

    `index`: the PSI, `by_chance`: what it is at most in 99 of 100 draws without drift; `kind`:
    none, small, large, or "by range" where only `outside` counts; `outside`: the share of forecasts
    beyond the range of the training rows, or with a word that these do not have; `new_words`: those
    words
    """

    platform: str
    name: str
    forecasts: int
    creators: int
    index: float
    by_chance: float
    kind: str
    outside: float
    new_words: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self) | {"new_words": list(self.new_words)}


@dataclass(frozen=True)
class _Compared:
    """The forecasts of a platform that are compared, and the sizes that chance depends on."""

    platform: str
    forecasts: int
    creators: int
    accounts: int
    random: np.random.Generator

    def drift(
        self,
        name: str,
        expected: np.ndarray,
        counts: np.ndarray,
        outside: float,
        new_words: tuple[str, ...] = (),
    ) -> InputDrift:
        """Return the drift from `expected` shares to `counts`, (classes,) each."""
        index = stability_index(expected, counts / max(counts.sum(), 1))
        expected = expected / expected.sum()
        draws = [
            stability_index(
                self.random.multinomial(self.accounts, expected) / self.accounts,
                self.random.multinomial(self.creators, expected) / self.creators,
            )
            for _ in range(DRAWS)
        ]
        by_chance = float(np.quantile(draws, 0.99))
        kind = "by range" if name in _RANGE_ONLY else "none"
        if kind == "none" and index > max(SMALL, by_chance):
            kind = "large" if index > LARGE else "small"
        size = self.forecasts, self.creators
        return InputDrift(self.platform, name, *size, index, by_chance, kind, outside, new_words)


def input_drift(
    rows: pd.DataFrame, reference: Mapping[str, Any], seed: int = 0
) -> list[InputDrift]:
    """Return the drift of each input by platform, of platforms with enough creators.

    `rows`: of the ledger, with `inputs`; `reference`: the entry `input_reference` of the manifest.
    """
    random = np.random.default_rng(seed)
    found = []
    for platform, trained in reference.get("platforms", {}).items():
        chosen = rows[rows["platform"] == platform]
        creators = len(np.unique(creator_codes(chosen))) if len(chosen) else 0
        if creators < ENOUGH_CREATORS:
            continue
        inputs = pd.DataFrame(list(chosen["inputs"]))
        accounts = max(int(trained["accounts"]), 1)
        compared = _Compared(platform, len(chosen), creators, accounts, random)
        for name in MONITORED_NUMBERS:
            if name in inputs and trained["numbers"].get(name, {}).get("quantiles"):
                found.append(_number_drift(compared, name, inputs[name], trained["numbers"][name]))
        for name in MONITORED_WORDS:
            if name in inputs and name not in _LEFT_OUT and trained["words"].get(name):
                found.append(_word_drift(compared, name, inputs[name], trained["words"][name]))
    return found


def new_platforms(rows: pd.DataFrame, reference: Mapping[str, Any]) -> dict[str, int]:
    """Return how many forecasts were made for each platform that training had no row of."""
    known = reference.get("platforms", {})
    counts = rows["platform"].value_counts()
    return {str(name): int(count) for name, count in counts.items() if name not in known}


def stability_index(expected: np.ndarray, observed: np.ndarray) -> float:
    """Return the population stability index of shares (classes,), each with FLOOR added."""
    p, q = _floored(expected), _floored(observed)
    return float(((q - p) * np.log(q / p)).sum())


def _floored(shares: np.ndarray) -> np.ndarray:
    return (shares + FLOOR) / (shares + FLOOR).sum()


def _number_drift(
    compared: _Compared, name: str, values: pd.Series, trained: Mapping[str, Any]
) -> InputDrift:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    quantiles = np.array(trained["quantiles"], dtype=float)
    edges = np.unique(np.quantile(quantiles, np.arange(1, CLASSES) / CLASSES, method="lower"))
    up_to = REFERENCE_LEVELS[np.searchsorted(quantiles, edges, side="right") - 1]
    shares = np.diff(np.concatenate([[0.0], up_to, [1.0]])) * (1 - trained["missing"])
    known = numbers[np.isfinite(numbers)]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(shares))
    beyond = (known < quantiles[0]) | (known > quantiles[-1])
    return compared.drift(
        name,
        np.append(shares, trained["missing"]),
        np.append(counts, len(numbers) - len(known)),
        float(beyond.mean()) if len(known) else 0.0,
    )


def _word_drift(
    compared: _Compared, name: str, values: pd.Series, trained: Mapping[str, float]
) -> InputDrift:
    words = values.astype("object").where(values.notna(), UNKNOWN)
    new = sorted(set(words) - {*trained, UNKNOWN})
    names = [*trained, *new] if UNKNOWN in trained else [*trained, *new, UNKNOWN]
    counts = np.array([(words == word).sum() for word in names])
    expected = np.array([trained.get(word, 0.0) for word in names])
    outside = float(words.isin(new).mean())
    return compared.drift(name, expected, counts, outside, tuple(map(str, new)))
