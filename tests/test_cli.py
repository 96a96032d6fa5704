"""The command line: what each command says, and its exit code: 0 done, 2 unusable, 3 some rows rejected."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from commands.parameter_types import Moment
from creatorcast import main
from features.tables.parse_columns import NO_TIME_ZONE
from features.tables.validate import UNKNOWN_CREATOR
from models.champion import champion_folder
from serving.scoring.answer_table import ANSWER_COLUMNS

COMMANDS = [[], *([name] for name in main.commands)]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty working directory; give the result."""
    monkeypatch.chdir(tmp_path)
    # the command sets these for its own process; they must not outlive the test
    for name in ("MLFLOW_DISABLE_TELEMETRY", "BENTOML_DO_NOT_TRACK", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, os.environ.get(name, "true"))

    def invoke(*arguments):
        result = CliRunner().invoke(
            main, [str(argument) for argument in arguments], prog_name="creatorcast"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


@pytest.fixture
def with_champion(home, trained, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))


def left_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_the_commands_are_those_of_the_contract():
    assert {"simulate", "import", "train", "promote", "score", "serve", "demo"} <= set(
        main.commands
    )


@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda command: " ".join(command) or "creatorcast"
)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself(run, command, flag):
    result = run(*command, flag)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    assert len(result.stdout.splitlines()) > 5


def test_help_imports_nothing_heavy(tmp_path):
    heavy = {
        "numpy",
        "pandas",
        "mlflow",
        "bentoml",
        "lightgbm",
        "sklearn",
        "matplotlib",
        "pandera",
        "rich",
    }
    check = (
        "import sys, creatorcast\n"
        "try:\n"
        "    creatorcast.main(['--help'])\n"
        "finally:\n"
        f"    print('heavy:', sorted({heavy} & set(sys.modules)))\n"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", check],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[0].startswith("Usage: ")
    assert done.stdout.splitlines()[-1] == "heavy: []"
    assert done.stderr == ""
    assert left_in(tmp_path) == []


def test_the_version_is_told(run):
    assert run("--version").stdout.startswith("creatorcast, version ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["simulate", "out", "--creators", 0], "0 is not in the range x>=1"),
        (["score", "list.csv"], "Missing option '--out'"),
        (
            ["score", "list.csv", "--out", "o.csv", "--as-of", "banana"],
            "'banana' is no date: write 2026-07-01 or",
        ),
        (
            ["score", "list.csv", "--out", "o.csv", "--as-of", "2026-02-30"],
            "'2026-02-30' is no date",
        ),
        (["score", "list.csv", "--out", "o.csv", "--as-of", "NaT"], "'NaT' is no date"),
        (["score", "list.csv", "--out", "o.csv", "--as-of", ""], "'' is no date"),
        (["serve", "--port", 0], "0 is not in the range"),
        (["serve", "--port", 3001, "--port", 3002], "--port is given twice: give it once"),
        (
            ["score", "l.csv", "--out", "o.csv", "--quantiles", "0.1", "--quantiles=0.9"],
            "--quantiles is given twice",
        ),
        (
            ["score", "l.csv", "--out", "o.csv", "--explain", "--explain"],
            "--explain is given twice",
        ),
        (
            ["import", "l.csv", "--out", "o", "--day-first", "--month-first"],
            "--day-first/--month-first is given twice",
        ),
        (
            ["train", "missing", "--no-log"],
            "'missing' is no folder: expected one with creators.parquet or creators.csv",
        ),
        (
            ["promote", "--no-log"],
            "no bundle in 'artifacts/bundles': run creatorcast train DATA first",
        ),
        (["promote", "v1", "--no-log"], "'v1' is no bundle of 'artifacts/bundles'"),
        (
            ["import", "missing", "--out", "out"],
            "'missing' does not exist: name an export, or a folder with the panel",
        ),
        (
            ["import", "missing", "--kind", "instagram-panel", "--out", "out"],
            "'missing' is no folder: expected one with posts.csv.gz",
        ),
        (
            ["import", "missing", "--kind", "tables", "--out", "out"],
            "'tables' is no kind: expected one of youtube-api, ",
        ),
    ],
)
def test_what_cannot_be_done_is_told_in_one_message(run, tmp_path, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert left_in(tmp_path) == []


def test_every_option_that_takes_a_moment_takes_it_by_one_rule():
    names = ("-at", "-of", "-on", "date", "until", "since")
    options = [
        (name, option) for name, command in main.commands.items() for option in command.params
    ]
    dated = {(name, option.opts[0]) for name, option in options if option.opts[0].endswith(names)}
    assert dated == {
        *((name, "--observed-at") for name in ("import", "outcomes")),
        *((name, "--as-of") for name in ("features", "plan", "score", "snapshot", "track")),
        *((name, "--since") for name in ("recalibrate", "watch")),
    }
    assert dated == {
        (name, option.opts[0]) for name, option in options if isinstance(option.type, Moment)
    }


@pytest.mark.parametrize("names", ["", " , "])
def test_columns_that_name_none_are_not_all(run, with_champion, names):
    result = run("score", "list.csv", "--out", "o.csv", "--columns", names)
    assert (result.exit_code, result.stderr) == (
        2,
        f"creatorcast: columns {names!r} name none: leave the option out to have all\n",
    )


@pytest.mark.parametrize("how", [(), ("--day-first",), ("--month-first",)])
@pytest.mark.parametrize(
    "command",
    [
        ("score", "list.csv", "--out", "o.csv", "--as-of"),
        ("import", "list.csv", "--out", "data", "--observed-at"),
    ],
)
def test_the_order_of_the_days_of_a_list_says_nothing_of_options(run, command, how):
    result = run(*command, "01/02/2027", *how)
    assert result.exit_code == 2
    assert "'01/02/2027' means one day where the month comes first" in result.stderr
    assert "write 2027-02-01 or 2027-01-02" in " ".join(result.stderr.split())


def test_simulate_and_score_a_list(run, with_champion, tmp_path):
    made = run("simulate", "market", "--creators", 30, "--seed", 1)
    assert (made.exit_code, made.stdout.strip()) == (
        0,
        "30 creators of a demo market (simulated) are in market",
    )
    arguments = [
        "market/prospects.csv",
        "--data",
        "market",
        "--as-of",
        "2026-07-01",
        "--out",
        "scored.csv",
    ]
    scored = run("score", *arguments)
    answers = pd.read_csv("scored.csv")
    size = len(pd.read_csv("market/prospects.csv"))
    assert scored.exit_code == 0
    assert scored.stderr == "encoding: UTF-8; cells separated by: comma; header in line 1\n"
    counts, *summary = scored.stdout.splitlines()
    assert counts == f"{size} read = {size} scored + 0 rejected; answers in scored.csv"
    assert [line.split(":")[0].split(",")[0] for line in summary] == [
        "band", "evidence", "verdict", "cost per engagement",
    ]  # fmt: skip
    assert tuple(answers)[-len(ANSWER_COLUMNS) :] == ANSWER_COLUMNS
    assert set(answers["as_of"]) == {"2026-07-01T00:00:00Z"}
    assert set(answers["trained_on"]) == {"simulated"}
    assert left_in(tmp_path) == ["market", "scored.csv"]


def test_score_names_the_rejected_rows_and_exits_with_3(run, with_champion, tmp_path):
    (tmp_path / "list.csv").write_text("platform,followers\ninstagram,5000\nmyspace,5\n")
    result = run("score", "list.csv", "--out", "o.parquet")
    assert result.exit_code == 3
    assert result.stdout.startswith("2 read = 1 scored + 1 rejected; answers in o.parquet\n")
    assert "rejected rows, with the reasons: o.parquet.rejected.csv" in result.stderr
    assert left_in(tmp_path) == ["list.csv", "o.parquet", "o.parquet.rejected.csv"]
    (answer,) = pd.read_parquet("o.parquet").to_dict("records")
    assert answer["as_of"] == answer["start_at"]
    assert abs(pd.Timestamp.now(tz="UTC") - answer["as_of"]) < pd.Timedelta(minutes=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["list.csv", "--out", "o.xls"],
            "'o.xls' has an unknown ending: expected .csv, .parquet or .xlsx",
        ),
        (
            ["other.csv", "--out", "o.csv"],
            "'other.csv' does not exist: give a CSV, XLSX or Parquet file",
        ),
        (["list.csv", "--out", "o.csv", "--data", "nowhere"], "'nowhere' is no folder"),
        (["list.csv", "--out", "no/o.csv"], "'no/o.csv' cannot be written"),
    ],
)
def test_score_says_what_it_cannot_use(run, with_champion, tmp_path, arguments, message):
    (tmp_path / "list.csv").write_text("platform,followers\ninstagram,5000\n")
    result = run("score", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"creatorcast: {message}")
    assert left_in(tmp_path) == ["list.csv"]


def test_score_takes_fees_in_other_currencies_values_and_extras(
    run, with_champion, market_folder, tmp_path
):
    (tmp_path / "list.csv").write_text(
        "platform,followers,niche,fee,currency,fee_usd,target_cpe_usd\n"
        "instagram,20000,food,400,EUR,,\n"
        "instagram,20000,food,400,CHF,,\n"
        "instagram,20000,food,,,500,0.2\n"
        "instagram,20000,food,,,0,\n"
        "instagram,20000,food,,,,0.2\n"
    )
    (tmp_path / "rates.csv").write_text("currency,usd_per_unit\nEUR,1.25\n")
    (tmp_path / "values.csv").write_text("platform,part,usd,source\nany,like,0.1,ours\n")
    files = (
        "--rates",
        "rates.csv",
        "--emv",
        "values.csv",
        "--data",
        market_folder,
        "--as-of",
        "2026-07-01",
    )
    result = run("score", "list.csv", "--out", "o.csv", "--explain", "--comparables", *files)
    assert result.exit_code == 3
    euro, dollar = pd.read_csv("o.csv").to_dict("records")
    assert euro["fee_usd"] == dollar["fee_usd"] == 500
    assert euro["cpe_usd_p50"] == dollar["cpe_usd_p50"] == 500 / dollar["engagements_p50"]
    assert euro["emv_source"] == "values.csv"
    assert 0 < euro["emv_usd_p10"] < euro["emv_usd_p90"] < 0.1 * euro["engagements_p90"]
    assert " a post for accounts like it; " in euro["reasons"]
    assert euro["comparables"].count(" engagements a post over ") == 5
    assert pd.read_csv("o.csv.rejected.csv")["reasons"].tolist() == [
        "currency 'CHF' has no rate to USD, known is USD, EUR: name a rates file that has it",
        "fee_usd 0.0 is below 0.01, the least possible",
        "target_cpe_usd 0.2 stands without a fee: give fee_usd, or leave it out",
    ]


def test_benchmarks_lists_the_cells_of_the_champion(run, with_champion, trained):
    result = run("benchmarks", "--platform", "instagram", "--measure", "engagements")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split()[:6] == [
        "platform",
        "band",
        "niche",
        "format",
        "measure",
        "creators",
    ]
    assert result.stdout.splitlines()[-1].startswith("too few: under 10 creators")
    assert run("benchmarks", "--out", "cells.csv").exit_code == 0
    assert len(pd.read_csv("cells.csv")) == len(trained.bundle.benchmarks.to_frame())
    wrong = run("benchmarks", "--niche", "kochen")
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("creatorcast: niche 'kochen' is unknown: expected one of art")


STARTER_NOTICE = (
    "no champion in 'artifacts': the starter model answers, by published figures. To train on your "
    "own data: creatorcast import FILES --out DATA, creatorcast train DATA, creatorcast promote "
    "(docs/starter.md)\n"
)


def test_without_a_champion_the_starter_answers_and_how_to_train_is_told(run, tmp_path):
    (tmp_path / "list.csv").write_text("platform,followers\ninstagram,5000\n")
    result = run("score", "list.csv", "--out", "o.csv")
    assert (result.exit_code, STARTER_NOTICE in result.stderr) == (0, True)
    answer = pd.read_csv("o.csv").iloc[0]
    assert (answer["trained_on"], answer["model_version"]) == ("published figures", "starter-1")
    assert answer["warnings"].split("; ")[0] == "starter_model"
    assert left_in(tmp_path) == ["list.csv", "o.csv"]
    listed = run("benchmarks", "--platform", "tiktok", "--measure", "views")
    assert (listed.exit_code, listed.stderr) == (0, STARTER_NOTICE)
    assert "tiktok     micro     all            all       views" in listed.stdout
    assert "too few" not in listed.stdout


def test_the_starter_takes_no_place_of_a_broken_champion(run, tmp_path):
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "champion").write_text("gone\n")
    (tmp_path / "list.csv").write_text("platform,followers\ninstagram,5000\n")
    result = run("score", "list.csv", "--out", "o.csv")
    assert result.exit_code == 2
    assert result.stderr.startswith("creatorcast: 'artifacts/bundles/gone'")
    assert left_in(tmp_path) == ["artifacts", "list.csv"]


def test_train_lists_every_fault_of_the_tables_and_leaves_no_bundle(run, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "creators.csv").write_text(
        "creator_id,platform,followers\na,instagram,-5\nb,myspace,10\n"
    )
    (data / "posts.csv").write_text(
        "platform,post_id,creator_id,posted_at,likes\n"
        "instagram,1,a,2026-01-01,5\n"
        "instagram,2,nobody,2026-01-01T00:00:00Z,many\n"
    )
    result = run("train", "data", "--no-log")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[1:] == [
        "creatorcast: 5 fault(s) in the tables; correct the rows named:",
        "  creators, data row 1: followers -5.0 is below 0, the least possible",
        "  creators, data row 2: platform 'myspace' is not one of instagram, tiktok, youtube, x",
        f"  posts, data row 1: posted_at '2026-01-01' {NO_TIME_ZONE}",
        f"  posts, data row 2: creator_id 'nobody' {UNKNOWN_CREATOR}",
        "  posts, data row 2: likes 'many' is not a finite number: write it as 1234.5",
    ]
    assert left_in(tmp_path) == ["data"]


@pytest.mark.parametrize("kept", ["all", "creators"])
def test_train_with_too_little_data_says_so_in_one_sentence(run, tmp_path, kept):
    run("simulate", "market", "--creators", 2, "--seed", 1)
    if kept == "creators":
        (tmp_path / "market" / "posts.parquet").unlink()
        (tmp_path / "market" / "truth").rename(tmp_path / "market.truth")
    before = left_in(tmp_path)
    result = run("train", "market", "--no-log")
    said = (
        "only 2 creator(s) have a post"
        if kept == "all"
        else "no post has known engagements: posts need likes"
    )
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(f"creatorcast: {said}")
    assert left_in(tmp_path) == before


def test_promote_makes_the_newest_bundle_the_champion_again(run, with_champion, home, trained):
    result = run("promote", "--no-log")
    assert result.exit_code == 0
    version = trained.bundle.version
    assert (
        result.stdout.splitlines()[-1] == f"champion is now {version} (trained on simulated data)"
    )
    assert champion_folder(home).name == version


def test_import_refuses_a_folder_of_something_else(run, market_folder, tmp_path):
    result = run("import", market_folder, "--out", "out")
    assert result.exit_code == 2
    assert "is a folder: name the files in it" in result.stderr
    assert left_in(tmp_path) == []


POST = '{"id": "1", "text": "t", "author_id": "5", "created_at": "2025-12-01T00:00:00Z", "public_metrics": {}}'
NOTHING_ON = "likes, comments, shares, saves, views, likes_hidden, sponsored, brand_niche, hashtags, has_location, topic"
CAPTION = "text, caption_words, hashtags_count, mentions_count"


def test_import_tells_what_it_read(run, tmp_path):
    (tmp_path / "posts.jsonl").write_text(f"{POST}\n")
    result = run("import", "posts.jsonl", "--out", "data", "--observed-at", "2025-12-01")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "posts.jsonl: X API v2 and v1.1, 1 record",
        "  1 x X post",
        "  read at 2025-12-01T23:59:59+00:00, as --observed-at says",
        "  creators, 1: creator_id, platform",
        f"  posts, 1: platform, post_id, creator_id, posted_at, repost, {CAPTION}",
        f"    nothing on format, {NOTHING_ON}",
        "data holds 1 creators, 1 posts (1 of the creators known by name only)",
    ]
    assert left_in("data") == ["creators.parquet", "dataset.json", "import.json", "posts.parquet"]


def test_import_exits_with_3_where_records_are_rejected(run, tmp_path):
    (tmp_path / "posts.jsonl").write_text(f"{POST}\noops\n")
    result = run("import", "posts.jsonl", "--out", "data")
    assert result.exit_code == 3
    assert "  rejected: 1 x is no JSON" in result.stdout
    assert result.stderr == "rejected records, with the reasons: data/rejected.csv\n"


def test_import_of_a_sheet_takes_a_map_and_overrides(run, tmp_path):
    (tmp_path / "list.csv").write_text(
        "Kontakt;Reichweite;Start\nOne;1.234;01/02/2026\n", encoding="utf-8"
    )
    (tmp_path / "map.csv").write_text(
        "source,column\nKontakt,handle\nReichweite,followers\nStart,created_at\n"
    )
    how = [
        "--map",
        "map.csv",
        "--decimal",
        ",",
        "--day-first",
        "--platform",
        "instagram",
        "--delimiter",
        ";",
    ]
    result = run("import", "list.csv", "--out", "data", "--observed-at", "2026-03-01", *how)
    assert result.exit_code == 0, result.output
    (creator,) = pd.read_parquet("data/creators.parquet").to_dict("records")
    assert (creator["creator_id"], creator["followers"]) == ("@one", 1234.0)
    assert creator["created_at"] == pd.Timestamp("2026-02-01", tz="UTC")


def test_import_dry_run_writes_nothing(run, tmp_path):
    (tmp_path / "posts.json").write_text(POST)
    result = run("import", "posts.json", "--out", "data", "--dry-run")
    assert result.exit_code == 0
    assert "posts, the first rows:" in result.stdout
    assert left_in(tmp_path) == ["posts.json"]


def test_import_reads_the_real_panel(run, tmp_path):
    real = os.environ.get("CREATORCAST_REAL_DATA")
    if not real or not (Path(real) / "instagram_panel").is_dir():
        pytest.skip("CREATORCAST_REAL_DATA does not name a folder with instagram_panel in it")
    result = run("import", Path(real) / "instagram_panel", "--out", "panel")
    assert result.exit_code == 0
    told = "instagram_panel: Instagram panel, 49,829 records: 49,823 read, 6 ignored"
    assert result.stdout.splitlines()[0] == told
    assert left_in("panel") == [
        "creators.parquet",
        "dataset.json",
        "followers.parquet",
        "import.json",
        "posts.parquet",
    ]
    sizes = {
        name: len(pd.read_parquet(f"panel/{name}.parquet"))
        for name in ("creators", "followers", "posts")
    }
    assert sizes == {"creators": 491, "followers": 2519, "posts": 49_823}
    assert result.stdout.splitlines()[-1].startswith(
        "panel holds 491 creators, 2,519 followers, 49,823 posts"
    )
