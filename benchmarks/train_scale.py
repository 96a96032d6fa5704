"""Fitting at scale: seconds and peak memory of a million question rows.

    python benchmarks/train_scale.py [--base FOLDER] [--json FILE]

With --base the same is measured by another checkout too (benchmarks/two_checkouts.py).

The columns are those of a simulated market's questions, drawn with replacement and jittered, ready
in memory before the clock starts; fitted is the default estimator, folds, both heads and intervals
included. The aim is under 6 minutes on two cores and under 6 GB (VmHWM of the whole process;
Linux).
"""

import argparse
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
from moved_names import fit_reference
from two_checkouts import compare_script, write_json

from features.history.history import History
from training.backend import LOCAL
from training.dataset import Sampling, sample_training_rows, training_weights
from training.fit import Recipe, make_forecaster
from training.platform_times import to_timestamp
from training.simulate.simulate import simulate

TARGET = "engagements"
AIM_MINUTES, AIM_GB = 6.0, 6.0


def training_rows(
    creators: int, rows: int, seed: int = 0
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Return columns, y, weight and creator of `rows` questions."""
    history = History.from_tables(simulate(creators, seed)[0])
    until = int(history.posts_with_engagements.time.max())
    sampling = Sampling()
    reference = fit_reference(history, to_timestamp(until))
    history = reference.at_horizon(history)
    labelled = sample_training_rows(history, TARGET, until, sampling)
    x = LOCAL.derive(history, labelled.queries, reference)
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(x), rows)
    names, values = list(x), x.to_numpy()[drawn]
    deviations = [column for column, name in enumerate(names) if "_dev_" in name]
    values[:, deviations] += random.normal(0, 0.01, (rows, len(deviations)))
    weight = training_weights(labelled, np.full(len(labelled), until), sampling)[drawn]
    return pd.DataFrame(values, columns=names), labelled.y[drawn], weight, labelled.account[drawn]


def peak_gb() -> float:
    """Return the largest resident size that the process has had."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1e6


def fit_figures(rows: int, creators: int) -> dict[str, float]:
    """Measure once, print, and return minutes, processor minutes and GB."""
    x, y, weight, account = training_rows(creators, rows)
    ready = peak_gb()
    start, busy = time.perf_counter(), time.process_time()
    make_forecaster(TARGET, Recipe()).fit(x, y, sample_weight=weight, groups=account)
    minutes = (time.perf_counter() - start) / 60
    processor = (time.process_time() - busy) / 60
    met = minutes < AIM_MINUTES and peak_gb() < AIM_GB
    print(
        f"{rows:,} rows x {x.shape[1]} columns: {minutes:.1f} minutes, "
        f"{processor:.1f} of the processor"
    )
    print(f"peak {peak_gb():.1f} GB (with the rows ready {ready:.1f})")
    print(f"aim {AIM_MINUTES:g} minutes, {AIM_GB:g} GB: {'met' if met else 'missed'}")
    return {"minutes": minutes, "processor minutes": processor, "GB": peak_gb()}


def main() -> None:
    """Measure this checkout, or it beside another one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--creators", type=int, default=1_500)
    parser.add_argument("--base", type=Path, help="Another checkout.")
    parser.add_argument("--rounds", type=int, default=1, help="With --base.")
    parser.add_argument("--json", type=Path, help="File for the figures.")
    arguments = parser.parse_args()
    if arguments.base is None:
        write_json(arguments.json, fit_figures(arguments.rows, arguments.creators))
        return
    size = ["--rows", str(arguments.rows), "--creators", str(arguments.creators)]
    found = compare_script(arguments.base, arguments.rounds, Path(__file__), size)
    write_json(arguments.json, found)


if __name__ == "__main__":
    main()
