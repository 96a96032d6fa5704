"""Reports that commands write: of the same answers as their files, and refused before any work."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from report_examples import Tags

import serving.batch.runner
from creatorcast import main
from serving.batch import BatchOptions, ProgressReporter, score_file
from serving.report.score_report import REPORT_COLUMNS

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")


@pytest.fixture
def people(tmp_path, monkeypatch):
    """Write a list of 350 rows with names of people, fees and a few faults, in chunks of 100."""
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 100)
    rows = [
        f"Person {n},instagram,{20000 + n % 7 if n % 60 else 'many'},food,video,{100 + n * 37 % 900}"
        for n in range(350)
    ]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["Creator,platform,followers,niche,format,fee_usd", *rows]) + "\n")
    return path


@pytest.fixture
def run(home, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))

    def invoke(*arguments):
        result = CliRunner().invoke(main, [str(one) for one in arguments], prog_name="creatorcast")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return invoke


def stop_after_two_chunks():
    calls = []

    def progress(*_):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    return ProgressReporter(progress)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx"])
def test_the_best_of_a_list_are_kept_beside_the_same_answers(people, scorer, ending):
    plain, out = people.with_name(f"plain{ending}"), people.with_name(f"out{ending}")
    measured = {"rank_by": "cpe_usd_p50"} if ending == ".xlsx" else {}
    chosen = ("partnership_id", "cpe_usd_p50", "verdict", "creator_id")
    score_file(people, plain, scorer, AS_OF, BatchOptions(chosen, **measured))
    options = BatchOptions(
        chosen, rank_by="cpe_usd_p50", report_rows=40, report_columns=REPORT_COLUMNS
    )
    with pytest.raises(KeyboardInterrupt):
        score_file(people, out, scorer, AS_OF, options, stop_after_two_chunks())
    resumed = BatchOptions(**(vars(options) | {"resume": True}))
    counts = score_file(people, out, scorer, AS_OF, resumed)
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}[ending]
    if ending != ".xlsx":
        assert out.read_bytes() == plain.read_bytes()
        answers = read(out)
        best = answers.sort_values("cpe_usd_p50", kind="stable").head(40)
        rows = counts.best.rows
        assert [row["partnership_id"] for row in rows] == best["partnership_id"].astype(
            str
        ).tolist()
        assert counts.verdicts == answers["verdict"].value_counts().to_dict()
    pd.testing.assert_frame_equal(read(out), read(plain))
    assert counts.read == 350 == counts.scored + counts.rejected
    assert len(counts.best.rows) == 40
    assert all(row["name"].startswith("Person ") for row in counts.best.rows)
    assert all(isinstance(row["warnings"], tuple) for row in counts.best.rows)


def test_score_writes_a_report_whose_counts_agree_with_its_files(run, people):
    out, report = people.with_name("answers.csv"), people.with_name("report.html")
    result = run(
        *("score", people, "--out", out, "--as-of", "2026-06-15", "--report", report),
        *("--columns", "creator_id"),
    )
    assert result.exit_code == 3
    assert f"report in {report}" in result.output
    rejected = len(pd.read_csv(f"{out}.rejected.csv"))
    text = Tags(report.read_text(encoding="utf-8")).text
    assert f"{350 - rejected} partnerships scored" in text
    assert f"{350 - rejected - 200} more partnerships are in answers.csv." in text
    assert (
        f"{rejected} rows could not be scored; the reasons are in answers.csv.rejected.csv" in text
    )
    assert "nothing about real creators follows" in text
    assert "Person" in text
    hidden = people.with_name("hidden.html")
    run(
        *("score", people, "--out", out, "--as-of", "2026-06-15", "--report", hidden, "--hide-fees")
    )
    assert "USD" in report.read_text(encoding="utf-8")
    assert "USD" not in hidden.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--hide-fees",), "--hide-fees is about the report: name its file by --report"),
        (("--report", "out.pdf"), "name a file that ends in .html"),
        (("--report", "list.csv"), "name a file that ends in .html"),
        (("--report", "nowhere/r.html"), "the folder 'nowhere' does not exist; make it first"),
        (
            ("--report", "r.html", "--quantiles", "0.1,0.5"),
            "the quantiles 0.9 too: add them to --quantiles",
        ),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    run, people, monkeypatch, options, message
):
    monkeypatch.chdir(people.parent)
    result = run("score", "list.csv", "--out", "out.csv", *options)
    assert result.exit_code == 2
    assert message in result.output
    assert [one.name for one in Path().iterdir()] == ["list.csv"]


def test_track_writes_a_report(run, tmp_path):
    path, report = tmp_path / "posts.csv", tmp_path / "report.html"
    path.write_text(
        "partnership_id,platform,post_id,posted_at,observed_at,likes,comments,fee_usd\n"
        "<b>deal</b>,instagram,a,2026-06-01T10:00Z,2026-06-05T10:00Z,500,12,7919.37\n"
        "other,instagram,b,2026-06-01T10:00Z,never,500,12,\n"
    )
    for options in ((), ("--hide-fees",)):
        result = run("track", path, "--as-of", "2026-06-10", "--report", report, *options)
        assert result.exit_code == 3
        page = report.read_text(encoding="utf-8")
        text = Tags(page).text
        assert "<b>deal</b>" in text
        assert "512" in text
        assert "1 row of the list could not be used." in text
        assert ("7,919 USD" in page) == (not options)


def test_plan_writes_a_report(run, people, tmp_path):
    report = tmp_path / "plan.html"
    asked = ("plan", people, "--budget", "1234.56", "--as-of", "2026-06-15", "--report", report)
    asked += ("--time-limit", "1")
    for options in ((), ("--hide-fees",)):
        result = run(*asked, *options)
        assert result.exit_code == 3, result.output
        assert f"report in {report}" in result.output
        text = Tags(report.read_text(encoding="utf-8")).text
        assert "All together" in text
        assert ("1,235 USD" in text) == ("USD" in text) == (not options)
    refused = run(*asked, "--saved", "plan.json")
    assert refused.exit_code == 2
    assert "--report is of a new plan" in refused.output


def test_a_list_without_rows_gives_a_report_that_says_so(run, tmp_path):
    path, report = tmp_path / "list.parquet", tmp_path / "report.html"
    pd.DataFrame(
        {"platform": pd.Series(dtype="str"), "followers": pd.Series(dtype=float)}
    ).to_parquet(path)
    result = run("score", path, "--out", tmp_path / "out.csv", "--report", report)
    assert result.exit_code == 0, result.output
    text = Tags(report.read_text(encoding="utf-8")).text
    assert "No partnership of the list could be scored." in text
