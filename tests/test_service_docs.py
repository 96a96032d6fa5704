"""docs/service.md against the service: its addresses, measures, figures, and the examples that it shows."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.routing import Route

from serving.http.metrics import Metrics
from serving.http.routes import build_app
from serving.page.routes import is_page_path
from serving.scoring.measures import RANKING_MEASURES

TEXT = (Path(__file__).parents[1] / "docs" / "service.md").read_text()


def test_the_table_holds_every_address():
    routes = {
        (next(iter(r.methods - {"HEAD"})), r.path.replace(":path}", "}"))
        for r in build_app().routes
        if isinstance(r, Route) and not is_page_path(r.path)
    }
    assert set(re.findall(r"^\| `(GET|POST)` \| `([^`]+)` \|", TEXT, re.MULTILINE)) == routes


def test_the_table_holds_every_measure_with_its_best_end():
    told = re.findall(r"^\| `(\w+)` \| (highest|lowest) \| (.+) \|$", TEXT, re.MULTILINE)
    assert told == [
        (n, "highest" if m.is_highest_best else "lowest", m.meaning)
        for n, m in RANKING_MEASURES.items()
    ]


def test_the_table_holds_every_code_of_an_error():
    sources = (Path(__file__).parents[1] / "serving" / "http").glob("*.py")
    texts = {path.stem: path.read_text() for path in sources}
    raised = set(re.findall(r'RequestRefused\(\s*\d+, "(\w+)"', "".join(texts.values())))
    for module in (
        "auth",
        "creator_profile",
        "load_shedding",
        "model_store",
        "routes",
        "strict_http",
    ):
        raised |= set(re.findall(r'ErrorDetail\(\s*"(\w+)"', texts[module]))
    raised |= {"none_scored", "not_json", "repeated_key", "unknown_path", "wrong_method"}
    raised |= {"too_large", "no_champion", "internal"}
    # of a part of the address, in a malformed request; and of whatever Starlette refuses
    raised -= {"not_accepted", "confusable_id", "refused"}
    assert {"which_platform", "busy", "no_key", "not_json_type", "too_slow"} <= raised
    assert raised <= set(re.findall(r"`(\w+)`", TEXT.split("## Errors")[1].split("## Codes")[0]))


def test_the_table_holds_every_figure():
    metrics = Metrics([])
    metrics.model({"version": "v1", "trained_on": "simulated"})
    shown = set(re.findall(r"^# TYPE (creatorcast_\w+)", metrics.text().decode(), re.MULTILINE))
    assert shown == set(re.findall(r"^\| `(creatorcast_\w+)[{`]", TEXT, re.MULTILINE))


def test_the_curl_works_as_it_stands(served):
    (command,) = re.findall(r"```console\n\$ (curl .*?)```", TEXT, re.DOTALL)
    command = command.replace("http://127.0.0.1:3000", served)
    answer = json.loads(subprocess.check_output(["bash", "-c", command], timeout=60))
    assert {one["partnership_id"] for one in answer["results"]} == {"a", "b"}
    assert [one["rank"] for one in answer["results"]] == [1, 2]


def node(served, followers="25000", **environment):
    """Run the JavaScript of the page as it stands, but for the address and the followers."""
    (code,) = re.findall(r"```javascript\n(.*?)```", TEXT, re.DOTALL)
    code = code.replace("http://127.0.0.1:3000", served).replace(
        "followers: 25000", f"followers: {followers}"
    )
    return subprocess.run(
        ["node", "--input-type=module"],
        input=code, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
def test_the_javascript_works_as_it_stands(served):
    for environment in ({}, {"CREATORCAST_KEY": "k" * 20}):
        told = node(served, **environment)
        assert (told.returncode, told.stderr) == (0, "")
        assert re.fullmatch(r"1 \d+\.\d+\n", told.stdout)
    told = node(served, '"many"')
    assert (told.returncode, told.stdout) == (1, "")
    assert "Error: partnerships[0].followers is not a number" in told.stderr
