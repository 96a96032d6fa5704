"""Bundles whose checksums are right and whose content is not: each is refused in one sentence before it answers."""

import contextlib
import hashlib
import json
import re
import shutil
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest

from features.tables.vocabulary import PLATFORMS
from models.bundle import load_bundle
from models.bundle_files import MANIFEST_FILE, BundleError
from models.bundle_trial_queries import check_answers
from models.fee import FeeModel, MarketFee


def sealed(folder):
    """Write the checksums that the files of a bundle have now into its manifest."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    manifest["sha256"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in manifest["sha256"]
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))


def in_json(name, place, value=..., raw=None):
    """Give what sets (or, with no value, takes out) a place of a JSON file; `raw`: JSON text to put there."""

    def damage(folder):
        document = json.loads((folder / name).read_text())
        *steps, last = place
        inner = document
        for step in steps:
            inner = inner[step]
        if raw is not None:
            inner[last] = "@raw@"
        elif value is ...:
            del inner[last]
        else:
            inner[last] = value
        (folder / name).write_text(json.dumps(document).replace('"@raw@"', raw or ""))

    return damage


def in_text(name, pattern, replacement):
    def damage(folder):
        text, count = re.subn(pattern, replacement, (folder / name).read_text(), count=1)
        assert count == 1
        (folder / name).write_text(text if "sizes" in pattern else with_right_sizes(text))

    return damage


def with_right_sizes(text):
    """Write the sizes that the trees of a booster have now into its header."""
    head, body = text.split("\n\n", 1)
    trees = re.split("(?=Tree=)", body.partition("end of trees")[0])[1:]
    return f"{re.sub('tree_sizes=.*', 'tree_sizes=' + ' '.join(str(len(tree)) for tree in trees), head)}\n\n{body}"


def whole(name, content):
    return lambda folder: (folder / name).write_bytes(content(folder / name))


def swapped_columns(folder):
    state = json.loads((folder / "engagements.json").read_text())
    state["features"][3:5] = state["features"][4:2:-1]
    (folder / "engagements.json").write_text(json.dumps(state))


REFERENCE, STATE, LOCATION, SCALE = (
    "reference.json",
    "engagements.json",
    "engagements_location.txt",
    "views_scale.txt",
)
DAMAGES = {
    "version missing": in_json(MANIFEST_FILE, ["version"]),
    "version null": in_json(MANIFEST_FILE, ["version"], None),
    "version a number": in_json(MANIFEST_FILE, ["version"], 7),
    "version a path": in_json(MANIFEST_FILE, ["version"], "../../outside"),
    "version absolute": in_json(MANIFEST_FILE, ["version"], "/outside"),
    "version of two lines": in_json(MANIFEST_FILE, ["version"], "one\ntwo"),
    "version empty": in_json(MANIFEST_FILE, ["version"], ""),
    "trained_on a list": in_json(MANIFEST_FILE, ["trained_on"], ["real"]),
    "trained_on missing": in_json(MANIFEST_FILE, ["trained_on"]),
    "until text": in_json(MANIFEST_FILE, ["until"], "soon"),
    "until without zone": in_json(MANIFEST_FILE, ["until"], "2026-01-01T00:00:00"),
    "until far": in_json(MANIFEST_FILE, ["until"], "9999-01-01T00:00:00+00:00"),
    "recipe missing": in_json(MANIFEST_FILE, ["recipe"]),
    "lead text": in_json(MANIFEST_FILE, ["recipe", "sampling", "longest_lead_days"], "long"),
    "lead NaN": in_json(MANIFEST_FILE, ["recipe", "sampling", "longest_lead_days"], raw="NaN"),
    "lead negative": in_json(MANIFEST_FILE, ["recipe", "sampling", "longest_lead_days"], -1),
    "horizon null": in_json(MANIFEST_FILE, ["horizon_days"], None),
    "horizon huge": in_json(MANIFEST_FILE, ["horizon_days"], raw="1" + "0" * 40),
    "horizon of another reference": in_json(MANIFEST_FILE, ["horizon_days"], 14),
    "curves missing": in_json(REFERENCE, ["maturation"]),
    "curves of no platform": in_json(REFERENCE, ["maturation"], {"myspace": {}}),
    "curve of no measure": in_json(REFERENCE, ["maturation", "tiktok", "sales"], {}),
    "gamma missing": in_json(REFERENCE, ["maturation", "tiktok", "views", "gamma"]),
    "gamma negative": in_json(REFERENCE, ["maturation", "tiktok", "views", "gamma"], -0.02),
    "gamma huge": in_json(REFERENCE, ["maturation", "tiktok", "views", "gamma"], 1e9),
    "tau 0": in_json(REFERENCE, ["maturation", "tiktok", "views", "tau_days"], 0),
    "tau NaN": in_json(REFERENCE, ["maturation", "tiktok", "views", "tau_days"], raw="NaN"),
    "theta text": in_json(REFERENCE, ["maturation", "tiktok", "views", "theta"], "much"),
    "posts of a curve negative": in_json(REFERENCE, ["maturation", "tiktok", "views", "posts"], -1),
    "targets unknown": in_json(MANIFEST_FILE, ["targets", 0], "sales"),
    "targets null": in_json(MANIFEST_FILE, ["targets"], None),
    "targets twice": in_json(MANIFEST_FILE, ["targets"], ["engagements", "engagements"]),
    "targets a list in a list": in_json(MANIFEST_FILE, ["targets", 0], ["engagements"]),
    "backtest a list": in_json(MANIFEST_FILE, ["backtest"], [1]),
    "coverage text": in_json(MANIFEST_FILE, ["backtest", "coverage", 0, "coverage_80"], "much"),
    "platforms null": in_json(MANIFEST_FILE, ["platforms"], None),
    "platform's record text": in_json(
        MANIFEST_FILE, ["platforms", "instagram", "backtest"], "many"
    ),
    "half a surrogate": in_json(MANIFEST_FILE, ["source"], raw=r'"\ud800"'),
    "told nested deeply": in_json(MANIFEST_FILE, ["more"], raw="[" * 600 + "]" * 600),
    "manifest a list": whole(MANIFEST_FILE, lambda path: b"[1]"),
    "manifest cut": whole(MANIFEST_FILE, lambda path: path.read_bytes()[:-20]),
    "reference a list": whole(REFERENCE, lambda path: b"[]"),
    "reference nested deeply": whole(REFERENCE, lambda path: b"[" * 100_000),
    "reference NaN": in_json(REFERENCE, ["engagements", "trust"], raw="NaN"),
    "reference infinite": in_json(
        REFERENCE, ["engagements", "priors", "all", "slope"], raw="1e400"
    ),
    "reference null": in_json(REFERENCE, ["views", "priors", "all", "intercept"], None),
    "reference text": in_json(REFERENCE, ["effects", "sponsored", "instagram"], "0.1"),
    "reference without priors": in_json(REFERENCE, ["engagements", "priors", "all"]),
    "reference of other niches": in_json(REFERENCE, ["niches", 0], "other"),
    "reference with an unknown field": in_json(REFERENCE, ["more"], 1),
    "reference zero trust": in_json(REFERENCE, ["engagements", "trust"], 0),
    "norms without a sign": in_json(REFERENCE, ["norms", "all", "gap"]),
    "bands descending": in_json(REFERENCE, ["band_edges", "nano"], 10**9),
    "classifier short": in_json(REFERENCE, ["niche_classifier", "base"], [0.5]),
    "classifier without a niche": in_json(REFERENCE, ["niche_classifier", "seeds", "35mm"], []),
    "columns reordered": swapped_columns,
    "offset unknown": in_json(STATE, ["offset"], "nothing"),
    "state null": in_json(STATE, ["conformal", "z", 0, 50], None),
    "state text": in_json(STATE, ["correlation", 0], "0"),
    "state short": in_json(STATE, ["totals", 0, 0, 0], [0.0]),
    "state ragged": in_json(STATE, ["linear", 0, "slope"], [0.0]),
    "state descending": in_json(STATE, ["conformal", "z", 0, 50], 900),
    "state names a table that is not": in_json(STATE, ["conformal", "place", 0, 0], 99),
    "state negative table": in_json(STATE, ["conformal", "place", 0, 0], -1),
    "state zero scale": in_json(STATE, ["linear", 0, "scale", 0], 0),
    "state bool": in_json(STATE, ["median"], True),
    "booster empty": whole(LOCATION, lambda path: b""),
    "booster cut": whole(LOCATION, lambda path: path.read_bytes()[: path.stat().st_size // 2]),
    "booster cut at its end": whole(LOCATION, lambda path: path.read_bytes()[:-100]),
    "booster no ASCII": whole(LOCATION, lambda path: b"\xff" + path.read_bytes()[1:]),
    "booster with a letter for a digit": in_text(SCALE, r"(?<=threshold=)\d", "x"),
    "booster of another name": in_text(SCALE, r"left_child", "left_chald"),
    "booster of other columns": in_text(SCALE, r"max_feature_idx=\d+", "max_feature_idx=7"),
    "booster of renamed columns": in_text(SCALE, "Column_5 ", "Calumn_5 "),
    "booster splits a column that is not": in_text(SCALE, r"(?<=split_feature=)\d+", "999"),
    "booster with a wrong child": in_text(SCALE, r"(?<=left_child=)-?\d+", "99"),
    "booster with a loop": in_text(SCALE, r"(?<=left_child=)-?\d+", "0"),
    "booster of many leaves": in_text(SCALE, r"(?<=num_leaves=)\d+", "2000000000"),
    "booster sizes wrong": in_text(SCALE, r"(?<=tree_sizes=)\d+", "5"),
    "booster sizes huge": in_text(SCALE, r"(?<=tree_sizes=)\d+", "999999999"),
    "booster of another objective": in_text(SCALE, r"objective=\w+", "objective=poisson"),
    "booster NaN": in_text(SCALE, r"(?<=leaf_value=)[-.e\d]+", "nan"),
    "booster huge leaf": in_text(SCALE, r"(?<=leaf_value=)[-.e\d]+", "1e300"),
    "booster categorical": in_text(SCALE, r"(?<=decision_type=)\d+", "1"),
    "benchmarks text": in_json("benchmarks.json", ["quantiles", "views", 3, 0], "many"),
    "benchmarks negative": in_json("benchmarks.json", ["creators", "views", 3], -1),
    "benchmarks short": in_json("benchmarks.json", ["cells"], []),
    "benchmarks unknown niche": in_json(
        "benchmarks.json", ["cells", 3], ["instagram", "", "cheese", ""]
    ),
    "benchmarks lack a measure": in_json("benchmarks.json", ["quantiles", "views"]),
    "card negative": in_json("market_fee.json", ["card", "figures", 0, 0], -5),
    "card out of order": in_json("market_fee.json", ["card", "figures", 0], [9, 5, 1]),
    "card of an unknown band": in_json("market_fee.json", ["card", "places", 0, 1], "giant"),
    "source missing": in_json(MANIFEST_FILE, ["source"]),
    "digest missing": in_json(MANIFEST_FILE, ["data_digest"]),
    "posts missing": in_json(MANIFEST_FILE, ["posts"]),
    "figure of the record text": in_json(MANIFEST_FILE, ["backtest", "table", 0, "mae"], "0.5"),
    "source of two lines": in_json(MANIFEST_FILE, ["source"], "a\nb"),
    "source with colours": in_json(MANIFEST_FILE, ["source"], "\x1b[31mred"),
    "source long": in_json(MANIFEST_FILE, ["source"], "x" * 501),
    "band of two lines": in_json(MANIFEST_FILE, ["backtest", "coverage", 0, "band"], "a\r"),
    "lead huge": in_json(MANIFEST_FILE, ["recipe", "sampling", "longest_lead_days"], 1e18),
    "until of the reference far": in_json(REFERENCE, ["until"], "2200-01-01T00:00:00+00:00"),
    "until of no platform": in_json(REFERENCE, ["platforms_until"], {}),
    "niche far above": in_json(
        REFERENCE, ["engagements", "priors", "all", "niche_effects", "gaming"], 1000
    ),
    "niche far below": in_json(
        REFERENCE, ["engagements", "priors", "all", "niche_effects", "gaming"], -1000
    ),
    "without followers far above": in_json(
        REFERENCE, ["engagements", "priors", "all", "without_followers"], 1000
    ),
    "shares of parts all whole": in_json(
        REFERENCE, ["part_shares", "tiktok"], {"likes": 1.0, "comments": 1.0, "shares": 1.0}
    ),
    "benchmarks huge": in_json("benchmarks.json", ["quantiles", "engagements", 0], [1e18] * 7),
    "benchmarks zero": in_json("benchmarks.json", ["quantiles", "views", 0], [0] * 7),
    "card tiny": in_json("market_fee.json", ["card", "figures", 0, 0], 1e-300),
    "fee learned without its booster": in_json(
        "market_fee.json",
        ["learned"],
        {
            "middle": [0, 0],
            "line": [0, 0, 0, 0],
            "residual": [0, 0, 0],
            "fees": 1,
            "creators": 1,
            "error": 0,
            "platforms": [],
        },
    ),
}


def several_deliverables(value):
    """Give what sets the totals of four and more deliverables."""

    def damage(folder):
        state = json.loads((folder / STATE).read_text())
        for scale in (scale for table in state["totals"] for scale in table):
            scale[3:] = [[value] * len(curve) for curve in scale[3:]]
        (folder / STATE).write_text(json.dumps(state))

    return damage


def means_everywhere(folder):
    state = json.loads((folder / STATE).read_text())
    state["log_mean"] = [[600.0] * len(row) for row in state["log_mean"]]
    (folder / STATE).write_text(json.dumps(state))


#: What can be loaded and does not answer.
UNANSWERED = {
    "prior far above": in_json(REFERENCE, ["engagements", "priors", "all", "intercept"], 900),
    "prior far below": in_json(REFERENCE, ["engagements", "priors", "all", "slope"], -900),
    "mean far above": in_json(STATE, ["log_mean", 0], [900.0] * 20),
    "mean far above everywhere": means_everywhere,
    "totals of several overflow": several_deliverables(900.0),
    "totals of several far above": several_deliverables(30.0),
    "mean above its ceiling": in_json(STATE, ["log_mean", 0], [9.0] * 20),
    "niche within the limit": in_json(
        REFERENCE, ["engagements", "priors", "all", "niche_effects", "gaming"], 40
    ),
    "without followers within the limit": in_json(
        REFERENCE, ["engagements", "priors", "all", "without_followers"], 40
    ),
    "steep line": in_json(STATE, ["linear", 0, "slope", 0], 1e9),
    "large leaf": in_text("engagements_scale.txt", r"(?<=leaf_value=)[-.e\d]+", "99"),
}


@pytest.fixture
def folder(trained, tmp_path):
    """Give a copy of the trained bundle that may be spoiled."""
    return shutil.copytree(trained.folder, tmp_path / trained.folder.name)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_bundle_that_is_wrong_inside_is_refused_in_one_sentence(folder, name):
    DAMAGES[name](folder)
    with contextlib.suppress(ValueError, TypeError):  # where the manifest is no longer one
        sealed(folder)
    with pytest.raises(BundleError) as refused:
        load_bundle(folder)
    text = str(refused.value)
    assert text.startswith(repr(str(folder))[:-1])
    assert "differs from what the manifest says" not in text
    assert "\n" not in text
    assert len(text) < 500 + len(str(folder))
    assert re.search(
        r"retrain|restore it|format 4|outside of itself|cannot be read|two (horizons|moments)", text
    ), text


@pytest.mark.parametrize("name", UNANSWERED)
def test_a_bundle_that_loads_and_does_not_answer_is_refused(folder, name):
    UNANSWERED[name](folder)
    sealed(folder)
    bundle = load_bundle(folder)
    with pytest.raises(
        BundleError,
        match=r"of a creator with ([0-9,]+|an unknown number of) followers on .* it forecasts"
        r"|can be .*, expected at most",
    ):
        check_answers(bundle)


@pytest.mark.parametrize("line", [[200, 0, 0, 0], [0, 30, 0, 0]])
def test_a_market_fee_that_nobody_pays_is_refused(trained, line):
    model = FeeModel(
        np.zeros(2),
        np.array(line, float),
        booster_of_zero(columns=9),
        np.array([-0.1, 0, 0.1]),
        PLATFORMS,
        1,
        1,
        0.0,
    )
    bundle = load_bundle(trained.folder)
    with pytest.raises(BundleError, match=r"its market fees can be .* at most 1e\+09"):
        check_answers(replace(bundle, market_fee=MarketFee(bundle.market_fee.card, model)))


def booster_of_zero(columns):
    """Give a booster that adds nothing."""
    data = lgb.Dataset(np.zeros((20, columns)), np.zeros(20))
    return lgb.train({"verbosity": -1}, data, num_boost_round=1)
