"""What a run says: experiment, name, changes, what a model rests on, the model card, and the pages."""

import json
import re
import socket
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from creatorcast import main
from models.boosting import Boosting
from models.bundle_folders import read_note
from models.forecast import Forecaster
from models.model_card.page import card_page
from models.model_card.parameters import recipe_parameters, run_parameters
from models.model_card.text import card_text
from training.registry import store_address
from training.runs.card_file import training_pictures
from training.runs.card_pictures import card_pictures
from training.runs.description import EarlierRun, compare_runs, run_description, run_name
from training.runs.experiment import bundle_experiment, experiment_name
from training.runs.explanation import explain_forecaster
from training.runs.git_commit import git_commit
from training.runs.metrics import run_metrics
from training.tracking_pages import PagesError, pages_command


def test_an_experiment_is_of_one_data_set_and_stays_when_it_grows(tmp_path):
    market = {"source": "creatorcast demo market", "simulated": True, "seed": 7}
    name = experiment_name(market, tmp_path / "a" / "data")
    assert re.fullmatch(r"creatorcast demo market \(simulated\) [0-9a-f]{6}", name)
    assert experiment_name(market, tmp_path / "b" / "data") == name  # a copy elsewhere
    assert experiment_name({**market, "seed": 8}, tmp_path / "a" / "data") != name
    imported = {"source": "creatorcast import", "simulated": False, "timezone": "UTC"}
    names = [
        experiment_name(imported, tmp_path / part) for part in ("panel", "acme/data", "x/panel")
    ]
    assert [found[:-7] for found in names] == ["panel", "acme", "panel"]
    assert experiment_name({**imported, "name": " Acme \n 2026 "}, tmp_path) == "Acme 2026"
    manifest = {"source": "not told", "trained_on": "real"}
    assert bundle_experiment(manifest, {"experiment": "kept"}) == "kept"
    assert bundle_experiment(manifest, {"data": "/tables/of/acme/data"}).startswith("acme ")
    assert bundle_experiment(manifest, {}).startswith("not told ")


def earlier_run(manifest, **parameters):
    """Give the run of a manifest as MLflow would, with other parameters."""
    told = {name: str(value) for name, value in run_parameters(manifest).items()}
    return EarlierRun("before", {**told, **parameters}, {"data_digest": manifest["data_digest"]})


def test_a_run_says_what_changed_in_words(trained):
    manifest = trained.bundle.manifest
    assert run_name(manifest, compare_runs(manifest, None)).startswith("first run | until 2026-")
    same = compare_runs(manifest, earlier_run(manifest))
    assert (same.sentences, run_name(manifest, same)[:12]) == ((), "same again |")
    before = earlier_run(
        manifest, **{"location.trees": "9", "made_with.code": "x", "made_with.numpy": "1.0"}
    )
    before.parameters["gone"] = "1"
    changed = compare_runs(manifest, before)
    assert run_name(manifest, changed).startswith(
        "gone=not there, location.trees=30, new code, other versions | until "
    )
    told = run_description(manifest, trained.note, before, changed)
    assert "**Changed** against *before*:\n\n- gone: not there, before 1\n" in told
    assert "- location.trees: 30, before 9\n" in told
    assert f"- made_with.numpy: {manifest['made_with']['numpy']}, before 1.0" in told
    fewer = EarlierRun("b", {**before.parameters, "posts": "12"}, {"data_digest": "another"})
    (sentence, *_) = compare_runs(manifest, fewer).sentences
    assert sentence.endswith(f", before 12 of 150 until {manifest['until'][:10]}")


def test_every_parameter_of_the_recipe_is_told(trained):
    told = recipe_parameters(trained.bundle.manifest)

    def leaves(part):
        return sum(leaves(v) if isinstance(v, dict) else 1 for v in part.values())

    assert len(told) == leaves(trained.bundle.manifest["recipe"])
    assert {"seed", "sampling.seed", "folds", "scale.leaves", "targets", "left_out"} <= set(told)
    assert told["left_out"] == "none"


def test_no_metric_is_missing_its_n(trained):
    metrics = run_metrics(
        pd.DataFrame(trained.bundle.manifest["backtest"]["table"]), trained.backtest
    )
    groups = {name.split("/", 1)[1] for name in metrics if "/" in name and "/baseline/" not in name}
    assert {f"{part}/{group}" for part in ("rows", "creators") for group in groups} <= set(metrics)
    assert all(re.fullmatch(r"[a-z0-9_/]+", name) for name in metrics)
    assert not np.isnan(list(metrics.values())).any()
    rows = [metrics[f"rows/seen/platform/{name}"] for name in ("instagram", "tiktok", "youtube")]
    assert sum(rows) == metrics["seen_rows"]


def test_importances_and_effects_find_what_the_outcome_depends_on():
    chance = np.random.default_rng(0)
    x = pd.DataFrame(chance.normal(size=(2000, 4)), columns=["level", "step", "slope", "noise"])
    y = x["level"] + np.where(x["step"] > 0, 0.5, 0.0) + 0.2 * x["slope"]
    y += chance.normal(scale=0.05, size=len(x))
    forecaster = Forecaster(
        offset="level",
        location=Boosting(trees=60, leaves=7, learning_rate=0.2),
        folds=2,
        threads=1,
    )
    told = explain_forecaster(forecaster.fit(x, y), x)
    assert set(told["columns"][:2]) == {"step", "slope"}
    assert sum(told["gain"]) == pytest.approx(1, abs=1e-3)
    step = told["effects"]["step"]
    ends = [
        effect for value, effect in zip(step["value"], step["ln"], strict=True) if abs(value) > 0.5
    ]
    assert ends[-1] - ends[0] == pytest.approx(0.5, abs=0.12)
    slope = told["effects"]["slope"]
    rise = (slope["ln"][-1] - slope["ln"][0]) / (slope["value"][-1] - slope["value"][0])
    assert rise == pytest.approx(0.2, abs=0.05)
    assert "level" not in told["effects"]
    json.dumps(told, allow_nan=False)


class Seen(HTMLParser):
    """Collects the elements of a page and the addresses that it would load."""

    def __init__(self):
        super().__init__()
        self.elements, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def test_the_card_is_one_page_without_scripts_and_says_the_figures(trained, home):
    kept = read_note(home, trained.bundle.version)
    assert kept["explanations"] == trained.note["explanations"]
    text = card_text(trained.bundle, kept)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == [
        *("What it is for", "Data", "How good it is", "Who it is good for, and who not", "Limits"),
        *("What it cannot know", "Recipe", "How to reproduce it", "Licence"),
    ]
    row = trained.backtest.table.iloc[0]
    assert f"MAE of ln {row['mae']:.3f} (95 % interval " in text
    assert f"n = {row['rows']:,} posts of {row['creators']:,} creators" in text
    assert trained.bundle.manifest["data_digest"] in text
    assert "nothing about real creators follows" in text
    page = card_page(
        text + "\n<script>alert(1)</script>\n", card_pictures(training_pictures(trained))
    )
    seen = Seen()
    seen.feed(page)
    assert "script" not in seen.elements
    tables = re.findall(r"^\|---", text, re.MULTILINE)
    assert (seen.elements.count("table"), seen.elements.count("img")) == (len(tables), 7)
    assert all(address.startswith("data:image/png;base64,") for address in seen.addresses)


def test_the_commit_is_told_and_whether_files_differ_from_it(tmp_path):
    def git(*arguments):
        identity = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.invalid",
            "-c",
            "commit.gpgsign=false",
        ]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert git_commit(tmp_path) == {"commit": None, "is_changed": None}
    git("init", "-q")
    assert git_commit(tmp_path) == {"commit": None, "is_changed": None}
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.py").write_text("1")
    git("add", "-A")
    git("commit", "-qm", "first")
    (tmp_path / "notes.txt").write_text("decides nothing")
    assert git_commit(tmp_path) == {"commit": git("rev-parse", "HEAD"), "is_changed": False}
    assert git_commit(tmp_path / "models") == {"commit": None, "is_changed": None}
    (tmp_path / "models" / "b.py").write_text("2")
    assert git_commit(tmp_path)["is_changed"] is True


def test_pages_are_of_a_store_that_is_there_and_of_a_free_port(tmp_path):
    with pytest.raises(PagesError, match=r"mlflow.db' does not exist: .* creatorcast train DATA"):
        pages_command(tmp_path, None, 5000)
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PagesError, match=rf"port {port} of 127.0.0.1 is in use: .* by --port"):
            pages_command(tmp_path, None, port)
    command = pages_command(tmp_path, None, port)
    assert command[:4] == [sys.executable, "-m", "mlflow", "server"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--backend-store-uri") + 1] == store_address(tmp_path, None)


def test_the_card_as_a_command(home, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    version = trained.bundle.version

    def run(*arguments):
        return CliRunner().invoke(main, ["card", *map(str, arguments)], prog_name="creatorcast")

    assert run(version, "--out", tmp_path / "card.md").exit_code == 0
    assert (tmp_path / "card.md").read_text().startswith(f"# Model card: creatorcast {version}\n")
    for out, reason in (
        (tmp_path / "card.pdf", "ends in neither .html nor .md"),
        (tmp_path / "none" / "card.md", "does not exist: make it first"),
    ):
        refused = run(version, "--out", out)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert reason in refused.stderr
