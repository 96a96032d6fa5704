"""A backtest in files: its text, its tables as JSON, its scores and its pictures."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from features.history.history import History
from training.backtest.age_table import age_table
from training.backtest.backtest import backtest
from training.backtest.plots import backtest_figures
from training.backtest.report_tables import BacktestResult, breakdowns, totals_table
from training.backtest.report_text import backtest_text
from training.fit import Recipe
from training.simulate.oracle import Oracle
from training.train import json_records, mature_end
from training.training_data import read_training_tables


def publish_backtest(
    data: Path,
    out: Path,
    recipe: Recipe,
    cuts: int,
    target: str,
    report: Callable[[str], None] = lambda text: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """Backtest the tables in `data`; write backtest.json, backtest.txt, scores.parquet and
    pictures.

    Returns the text. On simulated data with its truth, the tables have the oracle. Raises
    features.tables.frames.DataFolderError, features.tables.validate.InvalidTables or
    features.derive.reference.TooLittleData.
    """
    tables = read_training_tables(data)
    history = History.from_tables(tables)
    oracle = (
        Oracle.read(data) if (Path(data) / "truth").is_dir() and target == "engagements" else None
    )
    record, _ = backtest(
        history,
        mature_end(history, target),
        recipe,
        report,
        cuts,
        target,
        oracle,
        learning=True,
        progress=progress,
        totals=True,
    )
    about = {
        "target": target,
        "trained_on": tables.trained_on,
        "accounts": len(history.accounts),
        "posts": len(history.panel(target).time),
        "horizon_days": recipe.horizon_days,
        "longest_lead_days": recipe.sampling.longest_lead_days,
    }
    text = backtest_text(record, about)
    _write(record, about, text, history, out)
    return text


def _write(record: BacktestResult, about: dict, text: str, history: History, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    tables = {
        "table": record.table,
        "by_cut": record.by_cut.assign(cut=[cut.isoformat() for cut in record.by_cut["cut"]]),
        "platforms": record.by_platform,
        "breakdowns": breakdowns(record.scores),
        "age_at_reading": age_table(record.scores),
        "totals": totals_table(record.totals),
        "coverage": record.coverage,
        "learning": record.learning,
    }
    value = {
        **about,
        "maturation": record.curves,
        "cuts": {name: [cut.isoformat() for cut in cuts] for name, cuts in record.cuts.items()},
        **{name: json_records(frame) for name, frame in tables.items()},
    }
    (out / "backtest.json").write_text(json.dumps(value, indent=1, allow_nan=False) + "\n")
    (out / "backtest.txt").write_text(text + "\n")
    creators = history.accounts[record.scores["creator"]].to_numpy()
    posted = pd.to_datetime(record.scores["posted"], unit="us", utc=True)
    record.scores.assign(creator=creators, posted=posted).to_parquet(
        out / "scores.parquet", index=False
    )
    for name, figure in backtest_figures(record).items():
        figure.savefig(out / name, dpi=120)
