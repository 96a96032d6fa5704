"""Lists in, files out: every row back, scored or rejected with its reasons, whatever the list looks like."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import read_workbook

import serving.batch.runner
from features.tables.currency import CurrencyRates
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.bundle import load_bundle
from models.champion import champion_folder
from serving.batch import BatchError, ProgressReporter, score_file
from serving.scoring.answer_table import ANSWER_COLUMNS, FEE_CURRENCY_COLUMNS
from serving.scoring.scorer import Scorer

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
READ = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": read_workbook}
TEXT = {"partnership_id": "str", "creator_id": "str"}
GOOD = "instagram,20000,food,video"
HEAD = "platform,followers,niche,format"


@pytest.fixture(scope="module")
def scorer(market_folder, home, trained):
    return Scorer(load_bundle(champion_folder(home)), validate(read_tables(market_folder)))


@pytest.fixture
def run(tmp_path, scorer):
    """Write a list, score it, and give the tally, the answers and the rejected rows (None where there is no file)."""

    def score(text: str, name="list.csv", out="scored.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        tally = score_file(tmp_path / name, tmp_path / out, scorer, AS_OF)
        rejected = Path(f"{tmp_path / out}.rejected.csv")
        assert tally.read == tally.scored + tally.rejected
        assert tally.rejected_path == (rejected if tally.rejected else None)
        return (
            tally,
            pd.read_csv(tmp_path / out, dtype=TEXT),
            text_of(rejected) if rejected.exists() else None,
        )

    return score


def text_of(path):
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def counts(tally):
    return tally.read, tally.scored, tally.rejected, tally.rejected_path


def test_the_list_of_the_demo_market_is_scored_whole(market_folder, tmp_path, scorer):
    told = pd.read_csv(market_folder / "prospects.csv")
    out, seen, said = tmp_path / "scored.csv", [], []
    reporter = ProgressReporter(lambda *done: seen.append(done), said.append)
    tally = score_file(market_folder / "prospects.csv", out, scorer, AS_OF, reporter=reporter)
    assert counts(tally) == (len(told), len(told), 0, None)
    assert seen == [(len(told), 0, len(told))]  # the lines of a text file are counted beforehand
    assert said == ["encoding: UTF-8; cells separated by: comma; header in line 1"]
    assert [line.partition(":")[0] for line in tally.summary] == [
        "band", "evidence", "verdict", f"cost per engagement, USD, of {told['fee_usd'].notna().sum()} with a fee",
    ]  # fmt: skip
    answers = pd.read_csv(out)
    own = [f"list_{name}" if name in ANSWER_COLUMNS else name for name in told]
    assert tuple(answers) == (*own, *ANSWER_COLUMNS)
    pd.testing.assert_frame_equal(answers[own], told.set_axis(own, axis=1))
    assert answers["partnership_id"].tolist() == told["partnership_id"].tolist()
    assert left_in(tmp_path) == ["scored.csv"]


def test_csv_and_parquet_say_the_same_in_and_out(tmp_path, scorer):
    frame = pd.DataFrame(
        {"platform": ["instagram", "tiktok"], "followers": [2e4, 3e5], "fee_usd": [100.0, np.nan]}
    )
    frame.to_csv(tmp_path / "in.csv", index=False)
    frame.to_parquet(tmp_path / "in.parquet", index=False)
    for given in ("csv", "parquet"):
        for out in (tmp_path / f"from{given}.csv", tmp_path / f"from{given}.parquet"):
            assert score_file(tmp_path / f"in.{given}", out, scorer, AS_OF).scored == 2
    csv, parquet = (pd.read_csv(tmp_path / f"from{kind}.csv") for kind in ("csv", "parquet"))
    pd.testing.assert_frame_equal(csv, parquet, check_dtype=False)  # 20000.0 as it was, and 20000
    whole = pd.read_parquet(tmp_path / "fromcsv.parquet")
    pd.testing.assert_frame_equal(whole, pd.read_parquet(tmp_path / "fromparquet.parquet"))
    assert str(whole["as_of"].dt.tz) == "UTC"
    assert csv["as_of"].tolist() == ["2026-06-15T00:00:00Z"] * 2
    figures = [name for name in csv if name.startswith(("engagements_", "views_", "cpe_"))]
    np.testing.assert_array_equal(csv[figures].to_numpy(float), whole[figures].to_numpy(float))


def test_a_rejected_row_comes_back_as_it_was_with_its_number_and_every_reason(run):
    tally, answers, rejected = run(
        f"partnership_id,note,{HEAD},fee_usd\n"
        f"a,,{GOOD},10\n"
        '007,"kept, as is",instagram,-1,food,film,\n'
        "c,,myspace,0050,food,video,\n"
        f"d,,{GOOD},20\n"
    )
    assert (tally.read, tally.scored, tally.rejected) == (4, 2, 2)
    assert answers["partnership_id"].tolist() == ["a", "d"]
    assert list(rejected) == [
        "partnership_id",
        "note",
        *HEAD.split(","),
        "fee_usd",
        "line",
        "reasons",
    ]
    first, second = rejected.to_dict("records")
    assert list(first.values())[:-1] == [
        "007",
        "kept, as is",
        "instagram",
        "-1",
        "food",
        "film",
        "",
        "3",
    ]
    assert first["reasons"] == (
        "followers '-1' is below 0; format 'film' is no format that is known by that name"
    )
    assert (second["followers"], second["line"]) == ("0050", "4")
    assert (
        second["reasons"]
        == "platform 'myspace' is no platform of ours: expected instagram, tiktok, youtube or x"
    )


def test_both_reasons_of_the_scorer_are_given(run):
    _, _, rejected = run("creator_id,start_at\nnobody,2026-01-01T00:00:00Z\n")
    (reasons,) = rejected["reasons"]
    assert "start_at 2026-01-01T00:00:00Z lies before as_of" in reasons
    assert "creator_id 'nobody' is unknown" in reasons


@pytest.mark.parametrize("row", ["myspace,5,food,video", "instagram,,food,video"])
def test_a_list_without_one_good_row_is_rejected_row_by_row(run, row):
    tally, answers, rejected = run(f"{HEAD}\n{row}\n{row}\n")
    assert (tally.read, tally.rejected) == (2, 2)
    assert (tuple(answers)[-len(ANSWER_COLUMNS) :], len(answers)) == (ANSWER_COLUMNS, 0)
    assert rejected["line"].tolist() == ["2", "3"]


def test_rejected_rows_of_an_earlier_run_do_not_stay(run):
    assert run(f"{HEAD}\nmyspace,5,food,video\n")[2] is not None
    assert run(f"{HEAD}\n{GOOD}\n")[2] is None


def test_a_parquet_list_without_rows_gives_answers_without_rows(tmp_path, scorer):
    pd.DataFrame({"platform": pd.Series(dtype="str")}).to_parquet(tmp_path / "list.parquet")
    for name, read in (("o.csv", pd.read_csv), ("o.parquet", pd.read_parquet)):
        assert counts(score_file(tmp_path / "list.parquet", tmp_path / name, scorer, AS_OF)) == (
            0,
            0,
            0,
            None,
        )
        own = ("list_platform",) if name == "o.csv" else ()
        assert tuple(read(tmp_path / name)) == (*own, *ANSWER_COLUMNS)
    assert left_in(tmp_path) == ["list.parquet", "o.csv", "o.parquet"]


WHOLE = f"{HEAD}\n{GOOD}\n".encode()


@pytest.mark.parametrize(
    ("name", "content", "out", "message"),
    [
        (
            "list.csv",
            WHOLE,
            "o.json",
            r"o\.json' has an unknown ending: expected \.csv, \.parquet or \.xlsx",
        ),
        (
            "list.csv",
            WHOLE,
            "list.csv",
            r"list\.csv' is the list itself: name another file for the answers",
        ),
        (
            "o.csv.rejected.csv",
            WHOLE,
            "o.csv",
            r"is the list itself: name another file for the rejected rows",
        ),
        ("list.csv", b"colour,weight\nx,1\n", "o.csv", r"list\.csv' has no column that is "),
        (
            "list.csv",
            b"",
            "o.csv",
            r"list\.csv' is empty: expected a CSV or XLSX file with a header and rows",
        ),
        ("list.csv", HEAD.encode(), "o.csv", "has a header .* and no rows: nothing to read"),
        (
            "list.csv",
            bytes(range(256)) * 40,
            "o.csv",
            r"list\.csv' is no text and no XLSX workbook",
        ),
        ("list.csv", b"PK\x03\x04junk", "o.csv", r"list\.csv' is no whole XLSX workbook"),
        (
            "list.csv",
            b"platform,followers\nx," + b"9" * (1 << 20),
            "o.csv",
            "more than 1,048,576 characters in line 2",
        ),
        ("list.parquet", b"PAR1 not", "o.csv", r"list\.parquet' cannot be read as Parquet"),
        ("list.csv", None, "o.csv", r"list\.csv' does not exist: give a CSV, XLSX or Parquet file"),
        (
            "list.csv",
            WHOLE,
            "no/folder/o.csv",
            r"o\.csv' cannot be written: the folder .* does not exist",
        ),
        ("list.csv", WHOLE, "folder.csv", r"folder\.csv' cannot be written: Is a directory"),
        (".", None, "o.csv", r"is a folder without a \.parquet file"),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_is_left(
    tmp_path, scorer, name, content, out, message
):
    (tmp_path / "folder.csv").mkdir()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = left_in(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        score_file(tmp_path / name, tmp_path / out, scorer, AS_OF)
    assert "\n" not in str(caught.value)
    assert left_in(tmp_path) == before


def test_a_disk_that_gives_up_leaves_the_earlier_answers(tmp_path, scorer, monkeypatch):
    (tmp_path / "list.csv").write_text(f"{HEAD}\n{GOOD}\n")
    (tmp_path / "o.csv").write_text("earlier")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(serving.batch.runner.os, "replace", full)
    with pytest.raises(BatchError, match=r"o\.csv' cannot be written: No space left on device"):
        score_file(tmp_path / "list.csv", tmp_path / "o.csv", scorer, AS_OF)
    assert (tmp_path / "o.csv").read_text() == "earlier"


def test_a_byte_order_mark_and_windows_line_ends_are_read(run):
    tally, answers, _ = run(f"\ufeffpartnership_id,{HEAD}\r\na,{GOOD}\r\n")
    assert (tally.scored, answers["partnership_id"].tolist()) == (1, ["a"])


def test_unicode_goes_through_answers_and_rejected_rows(run):
    _, answers, rejected = run(
        f"partnership_id,creator_id,{HEAD}\nÜñï🍓,名前,{GOOD}\nß,имя,myspace,5,food,video\n"
    )
    assert answers[["partnership_id", "creator_id"]].values.tolist() == [["Üñï🍓", "名前"]]
    assert rejected[["partnership_id", "creator_id"]].values.tolist() == [["ß", "имя"]]


def test_rows_without_an_id_are_named_by_their_number(run):
    _, answers, rejected = run(f"{HEAD}\n{GOOD}\nmyspace,5,food,video\n{GOOD}\n")
    assert answers["partnership_id"].tolist() == ["row 1", "row 3"]
    assert rejected["line"].tolist() == ["3"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_the_size_of_a_chunk_changes_nothing(run, monkeypatch, market_folder, chunk):
    lines = (market_folder / "prospects.csv").read_text().splitlines()[:9]
    lines.insert(4, "bad,,myspace" + "," * (lines[0].count(",") - 2))
    lines += [lines[2], lines[4]]  # ids that earlier chunks have
    text = "\n".join(lines) + "\n"
    whole = run(text)
    assert (whole[0].read, whole[0].rejected) == (11, 3)
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", chunk)
    parts = run(text)
    assert counts(parts[0]) == counts(whole[0])
    pd.testing.assert_frame_equal(parts[1], whole[1], rtol=1e-12)
    pd.testing.assert_frame_equal(parts[2], whole[2])


def test_progress_counts_the_rows_and_the_rejected_ones(tmp_path, scorer, monkeypatch):
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 2)
    pd.DataFrame({"platform": ["x", "y", "x", "x", "x"], "followers": 5e3}).to_parquet(
        tmp_path / "list.parquet"
    )
    seen = []
    reporter = ProgressReporter(lambda *done: seen.append(done))
    score_file(tmp_path / "list.parquet", tmp_path / "o.csv", scorer, AS_OF, reporter=reporter)
    assert seen == [(2, 1, 5), (4, 1, 5), (5, 1, 5)]


def test_a_repeated_partnership_id_is_rejected(run):
    """The first row with an id is scored; later ones are faults, and rows without an id are none."""
    tally, answers, rejected = run(
        f"partnership_id,{HEAD}\na,{GOOD}\n,{GOOD}\n a ,{GOOD}\n,{GOOD}\nb,{GOOD}\n"
    )
    assert (tally.read, tally.scored, tally.rejected) == (5, 4, 1)
    assert answers["partnership_id"].tolist() == ["a", "row 2", "row 4", "b"]
    assert rejected[["line", "reasons"]].values.tolist() == [
        ["4", "partnership_id 'a' repeats an earlier row: each once"]
    ]


def test_the_number_of_a_row_is_never_the_id_of_another(run):
    tally, answers, rejected = run(
        f"partnership_id,{HEAD}\nrow 3,{GOOD}\n,{GOOD}\n,{GOOD}\nrow 2,{GOOD}\n"
    )
    assert (tally.scored, answers["partnership_id"].tolist()) == (2, ["row 3", "row 2"])
    assert rejected[["line", "reasons"]].values.tolist() == [
        ["4", "partnership_id 'row 3' repeats an earlier row: each once"],
        ["5", "partnership_id 'row 2' repeats an earlier row: each once"],
    ]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_format_that_the_platform_has_not_rejects_a_row_of_any_list(tmp_path, scorer, ending):
    frame = pd.DataFrame(
        {
            "platform": ["youtube", "youtube", "instagram"],
            "followers": 5e3,
            "format": ["story", "short", "carousel"],
        }
    )
    source = tmp_path / f"list.{ending}"
    {"csv": frame.to_csv, "xlsx": frame.to_excel, "parquet": frame.to_parquet}[ending](
        source, index=False
    )
    tally = score_file(source, tmp_path / "o.csv", scorer, AS_OF)
    assert (tally.read, tally.scored) == (3, 2)
    assert pd.read_csv(tmp_path / "o.csv.rejected.csv")["reasons"].tolist() == [
        "format 'story' is no format of youtube: give one of video, short, live"
    ]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("source", ["csv", "xlsx", "parquet"])
def test_a_list_with_fees_in_a_currency_gets_its_answers_in_it_too(
    tmp_path, bundle, source, ending
):
    scorer = Scorer(bundle, rates=CurrencyRates({"USD": 1.0, "EUR": 1.25}))
    frame = pd.DataFrame(
        {
            "platform": "instagram",
            "followers": 5e3,
            "format": "video",
            "fee": [400.0, None],
            "currency": ["EUR", None],
        }
        | {"fee_usd": [None, 9.0]}
    )
    path = tmp_path / f"list.{source}"
    {"csv": frame.to_csv, "xlsx": frame.to_excel, "parquet": frame.to_parquet}[source](
        path, index=False
    )
    out = tmp_path / f"o.{ending}"
    said = []
    assert (
        score_file(path, out, scorer, AS_OF, reporter=ProgressReporter(notify=said.append)).scored
        == 2
    )
    assert not [note for note in said if "'fee'" in note or "'currency'" in note]
    euro, dollar = READ[ending](out).to_dict("records")
    assert [euro[name] for name in ("fee_usd", "fee", "currency", "usd_per_unit")] == [
        500,
        400,
        "EUR",
        1.25,
    ]
    for own, usd in FEE_CURRENCY_COLUMNS.items():
        assert euro[own] == pytest.approx(euro[usd] / 1.25, rel=1e-12)
        assert pd.isna(dollar[own])
    assert "not_used" not in euro["warnings"]
    assert (
        "at 400 EUR that is " in euro["sentence"],
        "at 9 USD that is " in dollar["sentence"],
    ) == (True, True)


PERCENT = "column 'engagement_rate_by_followers' -> engagement_rate_by_followers (exact name; percent, as its values are)"


@pytest.mark.parametrize(("rate", "told"), [("3.2", [PERCENT]), ("0.032", [])])
def test_a_rate_that_is_read_in_percent_is_told_even_under_its_own_name(
    scorer, tmp_path, rate, told
):
    path, out, said = tmp_path / "list.csv", tmp_path / "scored.parquet", []
    path.write_text(f"platform,followers,engagement_rate_by_followers\ninstagram,25000,{rate}\n")
    score_file(path, out, scorer, AS_OF, reporter=ProgressReporter(notify=said.append))
    assert [line for line in "\n".join(said).splitlines() if line.startswith("column ")] == told
    assert pd.read_parquet(out)["evidence"].tolist() == ["summary"]
