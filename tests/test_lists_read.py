"""POST /v1/lists/read: the same rows, and the same reasons, as by the commands."""

import base64
import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from ingest.sheets.sheet_types import SheetOptions
from serving.batch import BatchOptions, score_file
from serving.http.errors import RequestRefused
from serving.http.lists.list_file import plain_words, sheet_options
from serving.http.lists.read_answer import answer_list_read
from serving.http.lists.read_response import ListAnswer
from serving.http.lists.request_schema import MOST_ROWS, ListSheet
from serving.http.model_store import LoadedModel
from serving.http.plan_reader import read_plan_candidates
from serving.http.request_ledger import RequestLedger
from serving.http.request_reader import read_partnerships
from serving.http.track_reader import read_tracked
from serving.plan.list_reader import read_candidates

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MESSY = sorted(
    path for path in (Path(__file__).parent / "messy").glob("*") if path.suffix in (".csv", ".xlsx")
)
POSTS = (
    "partnership,creator,platform,post_id,posted_at,observed_at,likes,comments,fee,currency\n"
    "deal 1,ana,instagram,p1,2026-02-01T10:00Z,2026-02-03T10:00Z,120,4,500,USD\n"
    "deal 1,ana,instagram,p1,2026-02-01T10:00Z,2026-02-05T10:00Z,150,5,500,USD\n"
    "deal 1,ana,instagram,p2,2026-02-10T10:00Z,2026-02-12T10:00Z,90,2,500,USD\n"
    "deal 2,ben,instagram,p3,,2026-02-12T10:00Z,90,2,,\n"
)


@pytest.fixture(scope="module")
def loaded(scorer):
    return LoadedModel(scorer.bundle.manifest, scorer)


@pytest.fixture(scope="module")
def read(loaded):
    """Give a function that reads a list, a path or a text, and gives the answer."""

    def ask(given, use="score", **sheet):
        file = {"name": "pasted", "text": given}
        if isinstance(given, Path):
            content = base64.b64encode(given.read_bytes()).decode()
            file = {"name": given.name, "base64": content}
        body = json.dumps({"file": file, "use": use, "sheet": sheet}).encode()
        told = json.loads(answer_list_read(loaded, body, NOW, RequestLedger())[1])
        return ListAnswer.model_validate(told).model_dump()

    return ask


@pytest.mark.parametrize("path", MESSY, ids=lambda path: path.stem)
def test_the_same_rows_are_used_as_by_the_commands(read, scorer, tmp_path, path):
    try:
        told = read(path)
    except RequestRefused:
        pytest.skip("no list")
    counts = score_file(
        path, tmp_path / "out.csv", scorer, pd.Timestamp(NOW), BatchOptions(sheet=SheetOptions())
    )
    assert told["counts"] == {
        "read": counts.read,
        "usable": counts.scored,
        "rejected": counts.rejected,
        "blank": counts.blank,
    }
    if counts.rejected:
        with counts.rejected_path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["line"] for row in rows] == [str(one["line"]) for one in told["rejected"]]
        for row, one in zip(rows, told["rejected"], strict=True):
            for fault in one["faults"]:
                assert fault["reason"] in plain_words(row["reasons"])
    usable = read_partnerships(told["partnerships"], NOW)
    assert usable.faults == {}
    planned = read(path, use="plan")
    candidates = read_candidates(path, SheetOptions())
    assert planned["counts"]["read"] == candidates.read
    assert read_plan_candidates(planned["partnerships"], NOW).rejected == []


def test_each_fault_stands_at_its_cell(read):
    told = read("handle,platform,followers,fee\na,instagram,12k,100 USD\nb,myspace,x,5 XYZ\n")
    assert told["counts"] == {"read": 2, "usable": 1, "rejected": 1, "blank": 0}
    assert [told["lines"], told["partnerships"][0]["followers"]] == [[2], 12000]
    [row] = told["rejected"]
    assert row["line"] == 3
    faults = {fault["column"]: (fault["value"], fault["reason"]) for fault in row["faults"]}
    assert faults["followers"] == ("x", "is no number")


def test_what_is_unclear_is_told_and_can_be_settled(read):
    text = "handle;platform;followers;avg likes;fee\na;instagram;1.234;2.345;100 USD\n"
    columns = {one["source"]: one for one in read(text)["columns"]}
    assert columns["avg likes"]["settled_by"] == "decimal"
    assert columns["avg likes"]["samples"] == ["2.345"]
    settled = read(text, decimal=",")
    assert settled["partnerships"][0]["avg_likes"] == 2345
    assert all(one["settled_by"] is None for one in settled["columns"])


def test_a_column_is_read_as_it_is_said_to_be(read):
    text = "wer,kanal,n\nana,instagram,12\n"
    columns = {"wer": "handle", "kanal": "platform", "n": {"column": "followers", "unit": "k"}}
    told = read(text, columns=columns)
    assert told["partnerships"] == [
        {"creator_id": "@ana", "platform": "instagram", "handle": "ana", "followers": 12000}
    ]
    names = {choice["name"] for choice in told["choices"]}
    assert {"handle", "platform", "followers", "fee_usd"} <= names


@pytest.mark.parametrize("use", ["score", "plan"])
def test_starts_that_have_passed_tell_the_day_that_suits_all(read, use):
    text = (
        "handle,platform,followers,start_at\na,x,900,2026-02-11T12:00:00Z\nb,x,90,2026-02-03\n"
        "c,x,90,2026-04-03\n"
    )
    told = read(text, use=use)
    assert told["past_starts"] == {"rows": 2, "day": "2026-02-02"}
    assert "choose an earlier day" in told["rejected"][0]["faults"][0]["reason"]
    assert read("handle,platform,followers\na,x,900\n", use=use)["past_starts"] is None


@pytest.mark.parametrize(
    ("header", "values", "is_unclear"),
    [
        ("Posts,Fee", ("3,90 USD", "1,40 USD"), True),
        ("Anzahl Beiträge,Format", ("3,Reel", "1,Story"), True),
        ("Posts,Fee", ("3,90 USD", "180,40 USD"), False),
        ("Posts,Niche", ("3,food", "1,food"), False),
        ("posts_count,Fee", ("3,90 USD", "1,40 USD"), False),
        ("Posts,Fee,Deliverables", ("3,90 USD,1", "1,40 USD,1"), False),
    ],
)
def test_few_posts_beside_fees_or_formats_may_be_booked_ones(read, header, values, is_unclear):
    rows = "".join(f"c{number},instagram,900,{one}\n" for number, one in enumerate(values))
    column = read(f"handle,platform,followers,{header}\n{rows}")["columns"][3]
    assert column["may_be"] == (["deliverables", "posts_count"] if is_unclear else [])
    assert column["column"] == (None if is_unclear else "posts_count")


def test_notes_are_on_rows_and_in_plain_words(read):
    told = read("Handle,Platform,Followers,Fee\na,x,900,on request\nb,x,90,5 USD\n")
    assert told["notes"][1:] == ["'Fee': 1 value gives no fee: 'on request' (1)"]


def test_a_list_of_a_plan_keeps_its_terms(read):
    text = "name,platform,followers,fee,max deliverables,usage\nAna,x,9000,100 USD,2,20 %\n"
    told = read(text, use="plan")
    [one] = told["partnerships"]
    assert (one["max_deliverables"], one["usage_rights"]) == (2, "20 %")
    assert told["names"] == ["Ana"]
    assert {column["column"] for column in told["columns"]} >= {"max_deliverables", "usage_rights"}


def test_readings_become_partnerships_with_their_posts(read):
    told = read(POSTS, use="track")
    assert told["counts"] == {"read": 4, "usable": 3, "rejected": 1, "blank": 0}
    [one] = told["partnerships"]
    assert [len(post["readings"]) for post in one["published"]] == [2, 1]
    assert (one["fee_usd"], told["lines"]) == (500, [2])
    assert read_tracked(told["partnerships"], NOW).faults == {}


@pytest.mark.parametrize(
    ("file", "sheet", "code"),
    [
        ({"name": "a"}, {}, "not_accepted"),
        ({"name": "a", "text": "x", "base64": ""}, {}, "not_accepted"),
        ({"name": "a", "base64": "?"}, {}, "not_accepted"),
        ({"name": "a", "text": ""}, {}, "no_list"),
        ({"name": "a.xlsx", "text": "PK\x03\x04"}, {}, "no_list"),
        ({"name": "a", "text": "<html>"}, {}, "no_list"),
        ({"name": "a", "text": "handle\nx"}, {"columns": {"handle": "nonsense"}}, "no_list"),
        (
            {"name": "a", "text": "handle\nx"},
            {"columns": {"handle": {"unit": "z"}}},
            "not_accepted",
        ),
        ({"name": "a", "text": "handle\nx"}, {"decimal": ";"}, "not_accepted"),
        ({"name": "a", "text": "handle\nx"}, {"worksheets": ""}, "unknown_field"),
        ({"name": "a", "text": "handle\n" + "x\n" * (MOST_ROWS + 1)}, {}, "no_list"),
    ],
)
def test_what_is_no_list_is_refused(loaded, file, sheet, code):
    body = json.dumps({"file": file, "sheet": sheet}).encode()
    with pytest.raises(RequestRefused) as refused:
        answer_list_read(loaded, body, NOW, RequestLedger())
    assert [fault.code for fault in refused.value.faults] == [code]
    assert "/tmp" not in str(refused.value.faults)


def test_nothing_of_a_list_stays_on_the_disk(read, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read("handle,platform,followers\na,x,5\n")
    with pytest.raises(RequestRefused):
        read("nothing\nof it\n")
    assert list(tmp_path.iterdir()) == []


def test_the_options_of_a_sheet_are_those_of_the_commands():
    sheet = ListSheet.model_validate(
        {"decimal": ",", "day_first": True, "worksheet": "Mai", "columns": {"A": "-"}}
    )
    options = sheet_options(sheet)
    assert (options.decimal, options.day_first, options.sheet) == (",", True, "Mai")
    assert options.columns["A"].column == "-"
