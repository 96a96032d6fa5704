"""creatorcast watch over a real ledger: forecasts and readings in, verdict and exit code out."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from watched_forecasts import watched_forecasts

from creatorcast import main
from features.history.arrays import DAY_US
from features.tables.model import Tables
from features.tables.validate import validate
from ledger.forecast_entry import ForecastEntry
from ledger.readings import add_readings
from ledger.store import open_ledger
from models.starter import STARTER_VERSION
from monitoring.watch_results import newest_result


def entries(frame, version=STARTER_VERSION):
    """Return the forecasts of a frame, each of a partnership of its own."""
    return [
        ForecastEntry(
            forecast_id=row.forecast_id,
            made_at=row.made_at,
            as_of=row.made_at,
            door="score",
            platform=row.platform,
            evidence="history",
            horizon_days=30.0,
            model_version=version,
            trained_on="real",
            features_version=1,
            features_digest="d",
            engagements=row.engagements,
            engagements_mean=row.engagements_mean,
            question={},
            creator_id=row.creator_id,
            partnership_id=f"p{row.forecast_id}",
            alternative_engagements=row.alternative_engagements,
            fee_usd=row.fee_usd,
            benchmark_cpe_usd=row.benchmark_cpe_usd,
            inputs=row.inputs,
        )
        for row in frame.itertuples()
    ]


def posts(frame):
    """Return tables with one reading of the post of each partnership, 30 days old."""
    posted = pd.to_datetime(frame["posted_at"].astype("int64"), unit="us", utc=True)
    likes = np.expm1(frame["outcome_ln"]).round()
    rows = pd.DataFrame(
        {
            "creator_id": frame["creator_id"],
            "platform": frame["platform"],
            "post_id": "post" + frame["forecast_id"],
            "posted_at": posted,
            "observed_at": posted + pd.Timedelta(days=30),
            "likes": likes,
            "comments": 0.0,
            "shares": 0.0,
        }
    )
    creators = frame[["creator_id", "platform"]].drop_duplicates()
    tables = validate(Tables(creators=creators, posts=rows))
    ids = dict(zip("post" + frame["forecast_id"], "p" + frame["forecast_id"], strict=True))
    tables.posts["partnership_id"] = tables.posts["post_id"].map(ids)
    return tables


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))
    monkeypatch.delenv("CREATORCAST_LEDGER", raising=False)
    (tmp_path / "artifacts").mkdir()
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["watch", *map(str, arguments)])


def fill(home, frame, version=STARTER_VERSION):
    now = int(frame["posted_at"].max()) + 60 * DAY_US
    with open_ledger(home) as ledger:
        ledger.append(entries(frame, version))
        add_readings(ledger, posts(frame), "outcomes.csv", now)


def test_an_empty_ledger_is_too_early(home):
    missing = run()
    assert (missing.exit_code, "there is no ledger at" in missing.output) == (2, True)
    open_ledger(home).close()
    result = run()
    assert result.exit_code == 0
    assert "Too early: 0 outcomes of this model matured, 200 are needed" in result.output


def test_the_verdict_is_told_kept_and_is_the_exit_code(home):
    shifted = watched_forecasts(300, shift=0.5)
    fill(home, shifted)
    result = run("--json", home / "watch.json")
    assert result.exit_code == 3, result.output
    assert result.stdout.startswith("Retrain: the alarm was raised")
    assert "the starter model is made of published figures" in result.stdout
    told = json.loads((home / "watch.json").read_text())
    with open_ledger(home) as ledger:
        assert newest_result(ledger) == told
    assert told["counts"]["matured"] == told["forecasts"] == 300
    table = told["scores"][0]
    expected = np.mean(
        [
            low <= value <= high
            for value, low, high in zip(
                np.log1p(np.expm1(shifted["outcome_ln"]).round()),
                [np.log1p(one[4]) for one in shifted["engagements"]],
                [np.log1p(one[-5]) for one in shifted["engagements"]],
                strict=True,
            )
        ]
    )
    assert table["coverage_80"] == pytest.approx(expected, abs=0.01)


def test_since_is_not_kept_and_an_unknown_model_is_refused(home):
    fill(home, watched_forecasts(120))
    result = run("--since", "2026-01-20", "--json", home / "late.json")
    assert result.exit_code == 0, result.output
    made = watched_forecasts(120)["made_at"]
    late = int((made >= pd.Timestamp("2026-01-20").value // 1000).sum())
    assert json.loads((home / "late.json").read_text())["forecasts"] == late
    with open_ledger(home) as ledger:
        assert newest_result(ledger) is None
    refused = run("--model", "20990101-000000-abcdef")
    assert refused.exit_code == 2
    assert "20990101-000000-abcdef" in refused.output
    missing = run("--json", home / "no" / "folder.json")
    assert missing.exit_code == 2
    assert "make it first" in missing.output
