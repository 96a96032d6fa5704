"""The registered model: what POST /v1/predict says, through MLflow, in processes that know nothing of creatorcast."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import QUIET, answers_of
from test_joint_forecast import odd_partnerships

from features.derive.catalog import COLUMNS
from features.derive.derive import derive
from features.errors import CreatorcastError
from features.history.history import History
from models.champion import champion_folder
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.registered_model.code_package import CodePackageError, code_package, moved_imports
from serving.registered_model.model import PartnershipModel
from serving.registered_model.packaging import (
    INPUT_EXAMPLE,
    PARAMS_EXAMPLE,
    PREDICTS_WITH,
    model_packaging,
)
from serving.registered_model.params import ModelParams
from serving.scoring.scorer import Scorer
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "registered_model.md").read_text()
AS_OF = "2026-11-01T00:00:00Z"
POSTS = [
    {"posted_at": f"2026-09-{day:02}T18:00:00Z", "observed_at": "2026-10-20T00:00:00Z", "format": "video"}
    | {"likes": 1000 + 10 * day, "comments": day, "views": 20_000 + day}
    for day in range(1, 9)
]  # fmt: skip
#: What MLflow's own code does that pandas and pydantic warn of.
OF_MLFLOW = pytest.mark.filterwarnings(
    "ignore:.*type hint is inferred as AnyType",
    "ignore:.*'str' dtypes are included by select_dtypes",
)
ROWS = [
    *INPUT_EXAMPLE,
    {"partnership_id": "posts", "platform": "tiktok", "followers": 48_000, "recent_posts": POSTS, "fee_usd": 300},
    {"partnership_id": "day 7", "platform": "youtube", "avg_views": 9_000.5, "horizon_days": 7, "confidence": 0.6},
    {"partnership_id": "list", "platform": "tiktok", "followers": 5_000, "package": [{"format": "short", "deliverables": 2}]},
    {"partnership_id": "negative", "platform": "x", "followers": -1},
    {"partnership_id": "a word", "platform": "x", "followers": "many", "format": "imge"},
    {"partnership_id": "unknown", "creator_id": "c7"},
    {"partnership_id": "nothing", "platform": "x"},
    {"partnership_id": "no rate", "platform": "x", "followers": 9_000, "fee": 5.0, "currency": "EUR"},
    {"partnership_id": "no zone", "platform": "x", "followers": 9_000, "start_at": "2026-12-01"},
    {"partnership_id": "story", "platform": "instagram", "followers": 9_000, "format": "story"},
    {"partnership_id": "bad posts", "platform": "x", "recent_posts": [{"likes": -3}]},
]  # fmt: skip


@pytest.fixture(scope="module")
def model_folder(home, tmp_path_factory):
    """Give the champion as `creatorcast train` logs it, in a folder of its own."""
    from training.log_model import save_model  # takes seconds, so no other test pays for it

    folder = tmp_path_factory.mktemp("registered") / "model"
    save_model(champion_folder(home), model_packaging(), folder)
    return folder


@pytest.fixture(scope="module")
def model(bundle):
    return PartnershipModel(bundle)


def over_http(home, rows):
    """Give the results of POST /v1/predict, with the names that columns have."""
    champion = ModelStore(Settings(home))
    champion.start()
    try:
        question = {"as_of": AS_OF, "partnerships": rows}
        results = TestClient(build_app(champion)).post("/v1/predict", json=question).json()["results"]  # fmt: skip
    finally:
        champion.stop()
    return [
        {
            f"{name}_{part}" if part else name: value
            for name, field in result.items()
            for part, value in (field if isinstance(field, dict) else {"": field}).items()
        }
        for result in results
    ]


def test_the_model_says_what_the_service_says_of_the_same_rows(model, home):
    rows = [*ROWS, *({**row, "partnership_id": f"o{n}"} for n, row in enumerate(odd_partnerships(200, seed=5)))]  # fmt: skip
    answers = model.predict(pd.DataFrame(rows), {"as_of": AS_OF}).to_dict("records")
    results = over_http(home, rows)
    assert len(answers) == len(results) == len(rows)
    for answer, result in zip(answers, results, strict=True):
        assert answer["partnership_id"] == result["partnership_id"]
        assert (answer["error"] == "") == ("errors" not in result)
        if answer["error"]:
            assert (answer["engagements_p50"], answer["verdict"]) == (None, "")
            continue
        for name, value in result.items():
            if isinstance(value, float):
                assert answer[name] == pytest.approx(value, rel=1e-9), name
            elif value is not None:
                assert answer[name] == value, name
        known = {name for name, value in answer.items() if value not in (None, "")}
        extra = {"columns_read", "model_version", "trained_on"}
        assert known - extra == {name for name, value in result.items() if value is not None}


def test_a_moment_without_a_zone_is_in_utc_as_in_the_command_line():
    now = datetime(2026, 12, 1, tzinfo=UTC)
    day = datetime(2026, 11, 1, tzinfo=UTC)
    for moment in ("2026-11-01", "2026-11-01T00:00:00Z", date(2026, 11, 1), pd.Timestamp(day)):
        assert ModelParams.of({"as_of": moment}, now).as_of == day
    assert ModelParams.of({"as_of": None}, now).as_of == now


def test_no_remedy_names_what_the_model_lacks(model):
    rows = [{"followers": 9000}, {"creator_id": "c1"}, {"creator_id": "c1", "followers": 9000}]
    rows += [{"creator_id": "c1", "platform": "instagram"}, {"platform": "instagram"}]
    for error in model.predict(pd.DataFrame(rows), {"as_of": AS_OF})["error"]:
        assert "give platform, and followers" in error or "give followers, averages" in error
        assert "creator of the tables" not in error
        assert "service" not in error


def test_each_row_that_cannot_be_scored_says_why(model):
    told = model.predict(pd.DataFrame(ROWS), {"as_of": AS_OF}).set_index("partnership_id")["error"]
    expected = {
        "negative": "followers -1 is below 0, the least possible (expected: a whole number from 0",
        "a word": "followers 'many' is not a number (expected: a whole number",
        "unknown": "the registered model has no tables, and knows no creator by an id: give platform",
        "nothing": "has nothing to go by: give followers, averages or recent posts",
        "no rate": "currency 'EUR' cannot be used: the registered model has no exchange rates: give fee_usd",
        "no zone": "start_at '2026-12-01' has no time zone: add Z or an offset",
        "story": "no public counts",
        "bad posts": "recent_posts[0].likes -3 is below 0",
    }
    for name, words in expected.items():
        assert words in told[name]
    assert "format 'imge' is not one of" in told["a word"]
    assert (told != "").sum() == len(expected)


def test_frames_as_people_have_them(model):
    """Whole numbers with gaps, times of pandas, empty columns, NumPy values, an index of one's own, ids that repeat."""
    frame = pd.DataFrame(
        {
            "partnership_id": [7, 7, None],
            "platform": ["instagram", "tiktok", "x"],
            "followers": pd.array([48_000, None, 900], dtype="Int64"),
            "avg_views": [np.nan, 9000, np.nan],
            "brand_niche": [np.nan] * 3,
            "verified": pd.array([True, None, False], dtype="boolean"),
            "start_at": pd.to_datetime(["2026-12-01T10:00Z", None, "2026-12-24T10:00Z"]),
            "recent_posts": [np.array(POSTS, dtype=object), None, None],
        },
        index=list("cab"),
    )
    answers = model.predict(frame, {"as_of": AS_OF, "quantiles": [0.5, 0.025], "horizon_days": 14})
    assert list(answers.index) == ["c", "a", "b"]
    assert (answers["error"] == "").all()
    assert answers["evidence"].tolist() == ["history", "profile", "profile"]
    assert answers["partnership_id"][["c", "a"]].tolist() == ["7", "7"]
    assert answers["start_at"].tolist() == ["2026-12-01T10:00:00Z", AS_OF, "2026-12-24T10:00:00Z"]
    assert answers["horizon_days"].tolist() == [14.0] * 3
    assert {"engagements_p02_5", "views_p50"} < {*answers}
    assert "engagements_p95" not in answers
    assert (answers["engagements_p02_5"] < answers["engagements_p50"]).all()
    assert answers["columns_read"]["c"].startswith("partnership_id, platform, followers")
    one_by_one = [model.predict(frame.iloc[[n]], {"as_of": AS_OF}) for n in range(3)]
    np.testing.assert_allclose(
        pd.concat(one_by_one)["engagements_p50"], model.predict(frame, {"as_of": AS_OF})["engagements_p50"]
    )  # fmt: skip
    none = model.predict(frame[:0])
    assert (len(none), list(none)) == (0, list(model.predict(frame)))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"quantiles": [1.5]}, "quantile 1.5 is beyond what is forecast"),
        ({"quantiles": []}, "param quantiles is empty: leave it out"),
        ({"quantiles": "p50"}, "param quantiles 'p50' is no list of numbers"),
        ({"as_of": "yesterday"}, "param as_of 'yesterday' is no date: write 2026-07-01 or"),
        ({"as_of": "01/02/2027"}, "param as_of '01/02/2027' means one day where the month"),
        ({"as_of": 20261101}, "param as_of 20261101 is no text: give an ISO date or time"),
        ({"horizon_days": 0}, "param horizon_days 0 is below 1, the least possible: give a whole"),
        ({"horizon_days": True}, "param horizon_days True is no number"),
        ({"days": 3}, "param 'days' is unknown: give quantiles, as_of, horizon_days"),
    ],
)
def test_a_param_that_cannot_be_used_is_one_error(model, params, message):
    with pytest.raises(CreatorcastError, match=re.escape(message)):
        model.predict(pd.DataFrame(INPUT_EXAMPLE), params)


def test_derived_columns_give_the_forecast_of_one_deliverable(model, bundle, tables):
    as_of = pd.Timestamp("2026-06-01", tz="UTC")
    asked = (
        tables.creators[["creator_id", "platform"]]
        .head(12)
        .assign(as_of=as_of, start_at=as_of, sponsored=True)
    )
    x = derive(History.from_tables(tables), asked, bundle.reference).reset_index(drop=True)
    found = model.predict(x.assign(creator_id=asked["creator_id"].to_numpy()))
    rows = [{**row, "start_at": as_of} for row in asked[["creator_id", "platform"]].to_dict("records")]  # fmt: skip
    expected, _ = answers_of(Scorer(bundle, tables), rows, as_of)
    for name in ("engagements_p05", "engagements_p50", "engagements_mean", "views_p50"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)
    for name in ("creator_id", "platform", "band", "evidence", "model_version"):
        assert found[name].tolist() == expected[name].tolist()
    assert found["cpe_usd_p50"].isna().all()
    odd = model.predict(x.assign(platform_code=[9.0, *x["platform_code"][1:]]))
    assert odd["error"][0].startswith("platform_code 9 is no platform")
    assert (odd["error"][1:] == "").all()
    assert odd["engagements_p50"][1:].notna().all()
    for wrong, message in (
        (x.drop(columns="lead_days"), "1 of .* derived columns are missing, the first is 'lead_days'"),
        (x.assign(fee_usd=9.0), "column 'fee_usd' stands beside derived columns"),
    ):  # fmt: skip
        with pytest.raises(CreatorcastError, match=message):
            model.predict(wrong)


def test_imports_are_moved_and_nothing_else():
    source = (
        "import numpy as np\nfrom features.errors import (\n    x,\n)\n"
        "def f():\n    from  models.fee import y; import serving.settings as s, json\n"
        "    return 'from features.errors import x'  # models\n"
    )
    moved = (
        source.replace("from features.errors import (", "from own.features.errors import (")
        .replace("from  models", "from  own.models")
        .replace("import serving", "import own.serving")
    )
    assert moved_imports(source, "own", "a.py") == moved
    with pytest.raises(CodePackageError, match=r"a.py, line 1: import models.fee binds a name"):
        moved_imports("import models.fee\n", "own", "a.py")


def test_the_code_of_a_model_is_what_it_needs_with_all_its_packages():
    package = code_package()
    folders = {tuple(path.split("/")[:2]) for path in package.files}
    packages = {"features", "ingest", "ledger", "models", "serving"}
    assert {one[0] for one in folders} == {"__init__.py", *packages}
    assert ("ledger", "store.py") not in folders  # of the ledger only how a campaign may be named
    assert not {("serving", "batch"), ("serving", "plan"), ("serving", "report")} & folders
    assert {"features/niche/niche_seeds.csv", "models/rate_card.csv"} <= {*package.files}
    imported = set()
    for path, content in package.files.items():
        for node in ast.walk(ast.parse(content)) if path.endswith(".py") else ():
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    others = imported - {*sys.stdlib_module_names, package.name}
    needed = {name.replace("scikit-learn", "sklearn") for name in PREDICTS_WITH}
    # pydantic's own core; MLflow, which loads it; and an engine that is used only where it is asked for
    assert others == needed | {"pydantic_core", "mlflow", "daal4py"}


#: Loads models with own modules of the same names on the path, and without creatorcast; prints what they say.
STRANGER = """
import json, sys, warnings
sys.path[1:1] = sys.argv[1:3]
import models  # the caller's own, which stays so
import mlflow.pyfunc, pandas as pd
warnings.simplefilter("error")
rows, params = json.loads(sys.argv[3])
told = {}
for folder in sys.argv[4:]:
    answers = mlflow.pyfunc.load_model(folder).predict(pd.DataFrame(rows), params)
    told[folder] = [answers.to_dict("records"), type(answers).__module__]
import features
assert models.OWN == features.OWN == 1
own = [name for name in sys.modules if name.split(".")[0] in ("features", "models", "serving", "ingest", "ledger")]
print(json.dumps([told, own]))
"""


def other_version(model_folder, folder):
    """Copy a model to another place as one of another version: its code has another name and says another error."""
    shutil.copytree(model_folder, folder)
    [code] = (folder / "code").iterdir()
    other = code.with_name("creatorcast_code_0123456789ab")
    for file in [folder / "MLmodel", *code.rglob("*.py")]:
        file.write_text(file.read_text().replace(code.name, other.name))
    code.rename(other)
    file = other / "serving" / "registered_model" / "model.py"
    file.write_text(file.read_text().replace("no exchange rates", "no rates in this version"))
    return folder


def test_two_versions_load_where_the_caller_has_modules_of_the_same_names(
    model_folder, model, tmp_path
):
    moved = shutil.copytree(model_folder, tmp_path / "moved" / "model")
    second = other_version(model_folder, tmp_path / "second")
    own = tmp_path / "own"
    for name in ("features", "models"):
        (own / name).mkdir(parents=True)
        (own / name / "__init__.py").write_text("OWN = 1\n")
    for name in ("serving", "ledger", "monitoring", "ingest"):
        (own / f"{name}.py").write_text(f"raise RuntimeError('the caller has a {name}')\n")
    rows = [*INPUT_EXAMPLE, {"platform": "x", "followers": 9_000, "fee": 5.0, "currency": "EUR"}]
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    command = [
        # without the project: -S leaves out what an editable install puts on the path
        *(sys.executable, "-S", "-c", STRANGER),
        *(str(own), packages, json.dumps([rows, PARAMS_EXAMPLE]), str(moved), str(second)),
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
    done = subprocess.run(command, cwd=own, env=environment, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    told, modules = json.loads(done.stdout.splitlines()[-1])
    assert sorted(modules) == ["features", "models"]
    expected = model.predict(pd.DataFrame(rows), PARAMS_EXAMPLE).to_dict("records")
    (first, first_module), (other, other_module) = told.values()
    assert first_module == f"{code_package().name}.serving.registered_model.answer_frame"
    assert other_module.startswith("creatorcast_code_0123456789ab.")
    assert first[2]["error"].endswith("no exchange rates: give fee_usd")
    assert other[2]["error"].endswith("no rates in this version: give fee_usd")
    for answers in (first, other):
        for answer, wanted in zip(answers[:2], expected, strict=False):
            for name in ("engagements_p10", "cpe_usd_p50", "break_even_fee_usd"):
                assert answer[name] == pytest.approx(wanted[name], rel=1e-12)
            assert answer["verdict"] == wanted["verdict"]


@OF_MLFLOW
def test_it_loads_beside_creatorcast_and_its_signature_and_example_fit(model_folder, model):
    import mlflow.pyfunc

    loaded = mlflow.pyfunc.load_model(str(model_folder))
    assert type(loaded.predict(pd.DataFrame(INPUT_EXAMPLE))) is not type(model.predict(pd.DataFrame(INPUT_EXAMPLE)))  # fmt: skip
    schema = loaded.metadata.signature
    assert schema.inputs.required_input_names() == []
    assert {*COLUMNS, "followers", "recent_posts"} < {*schema.inputs.input_names()}
    answers = loaded.predict(loaded.input_example, PARAMS_EXAMPLE)
    assert (answers["error"] == "").all()
    assert (answers["verdict"] != "").all()
    usual = loaded.predict(pd.DataFrame({"platform": ["x"], "followers": [900]}))
    assert list(usual) == schema.outputs.input_names()
    described = loaded.metadata.metadata["columns"]
    assert described["followers"].startswith("followers at the reading; missing where unknown")
    assert {*described} >= {*schema.inputs.input_names()} - {*COLUMNS}


@pytest.fixture(scope="module")
def invocations(model_folder, tmp_path_factory):
    """Give the address of a real `mlflow models serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("served_model")
    command = [
        *(sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model_folder), "--env-manager", "local"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]  # fmt: skip
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **QUIET, "PATH": path}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(600):
            assert server.poll() is None, (folder / "log").read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        server.terminate()
        server.wait(timeout=30)


def asked_of(address, body):
    """Give status and answer, read as JSON that has no NaN."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    return status, json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_mlflow_models_serve_answers_every_form(invocations, model_folder, model):
    rows = [{"platform": "tiktok", "followers": 48_000, "fee_usd": 900.0, "recent_posts": POSTS}]
    params = {"as_of": AS_OF}
    expected = model.predict(pd.DataFrame(rows), params).to_dict("records")
    split = {"columns": list(rows[0]), "data": [list(rows[0].values())]}
    for form in ({"dataframe_split": split}, {"dataframe_records": rows}, {"inputs": rows}):
        status, answer = asked_of(invocations, {**form, "params": params})
        assert status == 200
        [told] = answer["predictions"]
        for name in ("engagements_p05", "views_p95", "cpe_usd_p50", "break_even_fee_usd"):
            assert told[name] == pytest.approx(expected[0][name], rel=1e-9)
        assert (told["verdict"], told["cpe_p50"]) == (expected[0]["verdict"], None)
    status, answer = asked_of(
        invocations, (model_folder / "serving_input_example.json").read_bytes()
    )
    assert (status, [one["error"] for one in answer["predictions"]]) == (200, ["", ""])
    mixed = [*rows, {"platform": "x", "folowers": 5}, {"platform": "x", "followers": "many"}]
    status, answer = asked_of(invocations, {"dataframe_records": mixed})
    assert (status, len(answer["predictions"])) == (200, 3)
    good, slip, wrong = answer["predictions"]
    assert good["error"] == ""
    assert slip["error"].endswith("has nothing to go by: give followers, averages or recent posts")
    assert "folowers" not in slip["columns_read"]
    assert wrong["error"].startswith("followers 'many' is not a number")
    for body, words in (
        ({"dataframe_records": rows, "params": {"quantiles": [7]}}, "quantile 7.0 is beyond"),
        ({"dataframe_records": [{"lead_days": 3}]}, "derived columns are missing"),
    ):
        status, answer = asked_of(invocations, body)
        assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert words in answer["message"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@OF_MLFLOW
def test_the_page_is_true(invocations, model_folder, capsys):
    """What the page shows runs as it stands, but for the address of the model."""
    python = blocks("python")[0].replace("models:/creatorcast@champion", str(model_folder))
    exec(compile(python, "registered_model.md", "exec"), {})
    assert "break_even_fee_usd" in capsys.readouterr().out
    [body] = re.findall(r"-d '(\{.*?\})'", PAGE, re.DOTALL)
    status, answer = asked_of(invocations, json.loads(body))
    assert status == 200
    [shown] = blocks("json")
    assert {*json.loads(shown)["predictions"][0]} <= {*answer["predictions"][0]}
