"""The watch over a model: verdict, drift, what is told and kept, and the figures of /metrics."""

import json
import logging
import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from watched_forecasts import BEGIN, MANIFEST, watched_forecasts

from features.history.arrays import DAY_US
from ledger.settings import ledger_settings
from ledger.store import open_ledger
from models.input_reference import fit_input_reference
from models.manifest_schema import Manifest
from monitoring.drift import input_drift, new_platforms, stability_index
from monitoring.summary import summary_lines
from monitoring.watch import watch
from monitoring.watch_results import keep_result, newest_result
from serving.http.metrics import Metrics
from serving.http.watch_answer import watch_answer
from serving.http.watch_figures import WatchFigures

NOW = BEGIN + 200 * DAY_US


def verdict(frame, manifest=MANIFEST, now=NOW):
    result = watch(frame, manifest, now)
    return result["verdict"], " ".join(result["reasons"])


def training_inputs(n=4000, creators=200, seed=5):
    """Give the derived columns of training rows, and their accounts."""
    random = np.random.default_rng(seed)
    account = random.integers(0, creators, n)
    x = pd.DataFrame(
        {
            "platform_code": (account % 3 == 0).astype(float),
            "format_code": 2.0,
            "niche_code": 14.0,
            "band_code": account % 2 + 1.0,
            "engagements_evidence_code": 0.0,
            "followers_log": random.normal(10, 1, creators)[account],
            "engagements_log_offset": 7.0,
            "lead_days": random.uniform(0, 60, n),
        }
    )
    return x, account


@pytest.fixture(scope="module")
def reference():
    return fit_input_reference(*training_inputs(), ("under_1k", "nano", "micro"))


def test_calibrated_forecasts_are_fine_and_a_short_record_is_too_early():
    assert verdict(watched_forecasts(500))[0] == "fine"
    early, reason = verdict(watched_forecasts(160, waiting=100))
    assert early == "too early"
    assert "60 outcomes of this model matured, 200 are needed: 140 more" in reason


def test_a_recalibration_that_is_due_and_cannot_be_made_yet_says_what_it_needs():
    result = watch(watched_forecasts(500, shift=0.4), MANIFEST, NOW)
    assert (result["verdict"], result["recalibration_lacks"]) == ("recalibrate", "")
    soon = watch(watched_forecasts(120, creators=25, shift=1.0), MANIFEST, NOW)
    assert soon["verdict"] == "recalibrate"
    lacks = "80 further outcomes and 5 further creators"
    assert f"needs {lacks} first (200 of 30 are needed)" in soon["reasons"][1]
    assert summary_lines(soon)[4] == (
        f"Read {lacks} with creatorcast outcomes; then creatorcast recalibrate, then creatorcast "
        "promote."
    )
    # of packages no single table is known, so that they cannot adjust one
    packages = watched_forecasts(500, shift=0.4, location=np.nan)
    assert watch(packages, MANIFEST, NOW)["recalibration_lacks"].startswith("200 further")
    # those of the model that it was recalibrated from count too
    manifest = {**MANIFEST, "recalibrated": {"from": "m0", "trained": "m0"}}
    both = pd.concat(
        [
            watched_forecasts(300, seed=1, model_version="m0"),
            watched_forecasts(120, creators=25, shift=1.0),
        ]
    )
    found = watch(both, manifest, NOW)
    assert (found["verdict"], found["recalibration_lacks"]) == ("recalibrate", "")


def test_a_shifted_centre_is_recalibrated_and_more_scatter_is_trained_anew():
    found, reason = verdict(watched_forecasts(500, shift=0.4))
    assert (found, "lie above the forecasts too often" in reason) == ("recalibrate", True)
    found, reason = verdict(watched_forecasts(500, scatter=2.0))
    assert (found, "recalibrating cannot mend it" in reason) == ("retrain", True)
    starter = {**MANIFEST, "trained_on": "published figures"}
    found, reason = verdict(watched_forecasts(500, shift=0.4), starter)
    assert (found, "cannot be recalibrated" in reason) == ("retrain", True)


def test_outcomes_in_another_order_than_the_forecasts_ask_for_a_training():
    frame = watched_forecasts(500)
    frame["outcome_ln"] = np.random.default_rng(1).permutation(frame["outcome_ln"])
    found, reason = verdict(frame)
    assert (found, "the order of the forecasts is lost" in reason) == ("retrain", True)


def test_an_old_model_and_inputs_that_training_did_not_have_ask_for_a_training(reference):
    found, reason = verdict(watched_forecasts(200), {**MANIFEST, "until": "2024-01-01T00:00Z"})
    assert (found, "the newest data of the training is" in reason) == ("retrain", True)
    manifest = {**MANIFEST, "input_reference": reference}
    strange = watched_forecasts(300, waiting=300)
    strange.loc[:60, "platform"] = "youtube"
    found, reason = verdict(strange, manifest)
    assert (found, "61 of 300 forecasts were made on youtube" in reason) == ("retrain", True)
    niches = watched_forecasts(300, waiting=300)
    niches["inputs"] = [{**one, "niche": "pets"} for one in niches["inputs"]]
    found, reason = verdict(niches, manifest)
    assert found == "retrain"
    assert "with a niche (pets) that training did not have" in reason


def test_drift_is_told_beyond_chance_alone(reference):
    frame = watched_forecasts(300, creators=100)
    calm = {(one.platform, one.name): one for one in input_drift(frame, reference)}
    assert calm["instagram", "niche"].kind == "none"
    assert calm["instagram", "followers_log"].kind == "none"
    # training chooses its leads: that all of these are 10 days is no drift
    assert calm["instagram", "lead_days"].kind == "by range"
    assert calm["instagram", "lead_days"].outside == 0
    frame["inputs"] = [
        {**one, "followers_log": one["followers_log"] + 1} for one in frame["inputs"]
    ]
    moved = {(one.platform, one.name): one for one in input_drift(frame, reference)}
    assert moved["instagram", "followers_log"].kind == "large"
    assert new_platforms(frame, reference) == {}
    assert stability_index(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0


def test_the_reference_is_what_a_manifest_may_hold(reference):
    manifest = {
        **MANIFEST,
        "horizon_days": 30,
        "targets": ["engagements"],
        "columns": [],
        "sha256": {},
        "recipe": {"sampling": {"longest_lead_days": 120.0}},
        "source": "invented",
        "data_digest": "0",
        "posts": 1,
    }
    Manifest.model_validate({**manifest, "input_reference": reference})
    broken = json.loads(json.dumps(reference))
    broken["platforms"]["tiktok"]["numbers"]["lead_days"]["quantiles"].reverse()
    with pytest.raises(ValueError, match="must not descend"):
        Manifest.model_validate({**manifest, "input_reference": broken})


def test_every_forecast_of_the_model_is_counted_once_and_the_result_is_json():
    frame = watched_forecasts(300, waiting=40)
    frame.loc[:9, "is_latest"] = False
    frame.loc[10:14, "status"] = "not scored"
    frame.loc[15:19, "status"] = "partial"
    frame.loc[20:59, "door"] = "track"
    frame.loc[60:69, "model_version"] = "m0"
    result = watch(frame, MANIFEST, NOW)
    assert sum(result["counts"].values()) == result["forecasts"] == 290
    assert result["scores"][0]["outcomes"] == 190
    assert result["running"][0]["outcomes"] == 40
    assert [row["cell"] for row in result["versions"]] == ["m0", "m1"]
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_a_bundle_without_reference_says_that_drift_is_not_told():
    result = watch(watched_forecasts(120), MANIFEST, NOW)
    assert "drift of inputs is not told" in " ".join(result["notes"])


def test_five_lines_tell_both_directions_alike():
    lost = watched_forecasts(300)
    gained = summary_lines(watch(lost, MANIFEST, NOW))
    assert len(gained) == 5
    assert "following the forecast saved" in gained[3]
    # what came is what the rule had said
    lost["outcome_ln"] = np.log1p(lost["alternative_engagements"])
    assert "following the forecast lost" in summary_lines(watch(lost, MANIFEST, NOW))[3]
    none = summary_lines(watch(lost[:0], MANIFEST, NOW))
    assert (len(none), none[2]) == (5, "No forecasts of this model are in the ledger.")
    assert none[3].startswith("Money: nothing to say yet")
    waiting = summary_lines(watch(watched_forecasts(50, waiting=50), MANIFEST, NOW))
    assert "is expected to save" in waiting[3]


def series(figures):
    registry = CollectorRegistry()
    registry.register(figures)
    lines = generate_latest(registry).decode().splitlines()
    pairs = [line.rpartition(" ")[::2] for line in lines if line[0] != "#"]
    return {name: float(value) for name, value in pairs}


def test_metrics_tell_the_newest_result_and_know_their_series_from_the_start(tmp_path):
    (tmp_path / "artifacts").mkdir()
    settings = ledger_settings(tmp_path, {"CREATORCAST_LEDGER": "on"})
    figures = WatchFigures(settings, logging.getLogger("test"))
    before = series(figures)
    assert math.isnan(before['creatorcast_watch_coverage{level="80",platform="all"}'])
    with open_ledger(tmp_path) as ledger:
        assert newest_result(ledger) is None
        keep_result(ledger, watch(watched_forecasts(300, waiting=300), MANIFEST, NOW))
        figures._look()
        early = series(figures)
        assert early['creatorcast_watch_outcomes{platform="all"}'] == 0
        assert early['creatorcast_watch_expected_crps{platform="all"}'] > 0
        result = watch(watched_forecasts(300, shift=0.6), MANIFEST, NOW)
        keep_result(ledger, result)
        assert newest_result(ledger) == result
    figures._look()
    after = series(figures)
    assert set(before) < set(after)
    coverage = after['creatorcast_watch_coverage{level="80",platform="all"}']
    assert coverage == pytest.approx(result["scores"][0]["coverage_80"])
    assert after['creatorcast_watch_verdict{verdict="recalibrate"}'] == 1
    assert after['creatorcast_watch_verdict{verdict="fine"}'] == 0
    assert after["creatorcast_watch_alarm"] == 1
    assert after['creatorcast_watch_model_info{version="m1"}'] == 1
    assert math.isnan(after['creatorcast_watch_crps{platform="x"}'])
    told = watch_answer(True, figures.newest)["found"]
    assert told["model_version"] == "m1"
    assert told["made_at"] == datetime.fromtimestamp(NOW / 1e6, UTC).isoformat(timespec="seconds")
    assert (told["verdict"], told["outcomes"]) == ("recalibrate", 300)
    assert told["sentences"] == summary_lines(result)
    assert watch_answer(False, None) == {"has_ledger": False, "found": None}
    metrics = Metrics(["/a"])
    metrics.register(figures)
    assert b"creatorcast_watch_age_seconds" in metrics.text()


def test_a_ledger_that_fails_leaves_the_last_figures_and_is_told_once(tmp_path, caplog):
    (tmp_path / "file").touch()
    address = f"sqlite:///{tmp_path}/file/ledger.db"
    settings = ledger_settings(tmp_path, {"CREATORCAST_LEDGER": address})
    figures = WatchFigures(settings, logging.getLogger("test"))
    figures._look()
    figures._look()
    assert caplog.text.count("figures do not tell the newest creatorcast watch") == 1
    assert math.isnan(series(figures)["creatorcast_watch_alarm"])
