"""How well the authenticity score finds the demo market's suspicious followers, at each grade of difficulty.

    python benchmarks/authenticity_auc.py [--creators 6000] [--seed 11]

AUC of 1 - score, suspicious against honest creators with posts, with a bootstrap interval; beside it the one-rule
baseline (engagement far below what followers suggest). The market is self-made: it shows that the parts read what
they were written to read, and says little about real fraud.
"""

import argparse

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from features.derive.derive import derive
from features.derive.fit_reference import fit_reference
from features.history.history import History
from training.simulate.parameters import AUTHENTICITY_GRADES
from training.simulate.simulate import simulate

AS_OF = pd.Timestamp("2026-06-30", tz="UTC")


def measure(creators: int, seed: int) -> pd.DataFrame:
    """Give one row a grade: n, AUC of the score and of the one rule, each with a 95 % interval."""
    tables, truth = simulate(creators, seed)
    history = History.from_tables(tables)
    reference = fit_reference(history, AS_OF)
    accounts = truth.creators[["creator_id", "platform", "grade"]]
    columns = derive(history, accounts.assign(as_of=AS_OF, start_at=AS_OF), reference)
    found = accounts.assign(
        score=1 - columns["authenticity_score"], rule=-columns["engagements_log_offset_by_prior"]
    )[columns["engagements_known_count"] > 0]
    honest = found[found["grade"] == "none"]
    rows = []
    for grade in AUTHENTICITY_GRADES[1:]:
        odd = found[found["grade"] == grade]
        both = pd.concat([honest, odd])
        row = {"grade": grade, "suspicious": len(odd), "honest": len(honest)}
        for name in ("score", "rule"):
            row |= _auc(name, (both["grade"] == grade).to_numpy(), both[name].to_numpy())
        rows.append(row)
    return pd.DataFrame(rows)


def _auc(name: str, odd: np.ndarray, value: np.ndarray) -> dict[str, float]:
    random = np.random.default_rng(0)
    draws = [
        roc_auc_score(odd[at], value[at]) for at in random.integers(len(odd), size=(200, len(odd)))
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    return {
        f"auc_{name}": roc_auc_score(odd, value),
        f"auc_{name}_low": low,
        f"auc_{name}_high": high,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--creators", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    print(measure(arguments.creators, arguments.seed).round(3).to_string(index=False))
