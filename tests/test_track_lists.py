"""Lists to `creatorcast track` as people keep them: what is read, what is refused, and why."""

import os
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console

from creatorcast import main
from features.number_text import format_money
from features.tables.currency import CurrencyRates
from ingest.sheets import read_sheet
from ingest.sheets.dates import lacks_time_of_day
from ingest.sheets.sheet_types import SheetOptions
from serving.report.render import render_report
from serving.report.track_report import track_report
from serving.track.answer_json import answer_json
from serving.track.answer_rows import answer_frame
from serving.track.known_creators import name_known_creators
from serving.track.list_run import track_list
from serving.track.terminal import print_answers
from serving.track.tracker import Tracker

HEAD = "partnership_id,platform,post_id,posted_at,observed_at,likes,comments"
GOOD = "deal,instagram,a,2026-06-01T10:00Z,2026-06-05T10:00Z,500,12"
AS_OF = pd.Timestamp("2026-07-01", tz="UTC")


@pytest.fixture
def track(tmp_path, monkeypatch):
    """Track a text without a model; give the answers by partnership_id and the reasons by line."""
    monkeypatch.chdir(tmp_path)

    def invoke(text, tables=None, rates=None):
        Path("list.csv").write_text(text, encoding="utf-8")
        found = track_list(
            Path("list.csv"), SheetOptions(), Tracker(None), tables, AS_OF, rates=rates
        )
        answers = {answer.partnership_id: answer for answer in found.answers}
        return answers, {one.line: "; ".join(one.reasons) for one in found.rejected}, found.notes

    return invoke


def run(*arguments):
    result = CliRunner().invoke(main, ["track", *arguments], prog_name="creatorcast")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("list.csv", "is the list itself: name another file for the answers"),
        ("folder/../list.csv", "is the list itself: name another file for the answers"),
        ("link.csv", "is the list itself: name another file for the answers"),
        ("folder/hard.csv", "is the list itself: name another file for the answers"),
        ("rejected.csv", "is the list itself: name another file for the rejected rows"),
        ("rates.csv", "is the file of --rates itself: name another file for the answers"),
        ("nowhere/out.csv", "the folder 'nowhere' does not exist; make it first"),
        ("folder.csv", "File 'folder.csv' is a directory"),
    ],
)
def test_a_file_that_is_read_is_never_overwritten(tmp_path, monkeypatch, out, message):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("folder.csv").mkdir()
    content = f"{HEAD}\n{GOOD}\n"
    Path("list.csv").write_text(content)
    Path("rates.csv").write_text("currency,usd_per_unit\nEUR,1.1\n")
    os.symlink("list.csv", "link.csv")
    os.link("list.csv", "folder/hard.csv")
    os.symlink("list.csv", "rejected.csv.rejected.csv")
    result = run("list.csv", "--rates", "rates.csv", "--as-of", "2026-07-01", "--out", out)
    assert result.exit_code == 2
    assert message in result.stderr
    assert Path("list.csv").read_text() == content
    assert Path("rates.csv").read_text().startswith("currency,")


def test_ids_are_text_exactly_as_it_is(track):
    rows = [GOOD.replace("deal", name) for name in ("NA", "null", "nan", "001", "1")]
    rows += [GOOD.replace("deal,instagram,a", f"NA,instagram,{name}") for name in ("na", "None")]
    answers, rejected, _ = track("\n".join([HEAD, *rows]))
    assert rejected == {}
    assert list(answers) == ["NA", "null", "nan", "001", "1"]
    assert [post.post_id for post in answers["NA"].posts] == ["a", "na", "None"]
    for word in ("-", "n/a", "#N/A"):
        assert list(track(f"{HEAD}\n{GOOD.replace('deal', word)}\n")[0]) == ["a"]


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("2026-06-28", True),
        ("28.06.2026", True),
        ("June 28, 2026", True),
        ("2026-06-28 00:00:00", True),
        ("46174", True),
        ("2026-06-28T00:00:00Z", False),
        ("2026-06-28 00:01", False),
        ("46174.5", False),
        ("1780300800", False),
        ("soon", False),
    ],
)
def test_which_texts_have_no_time_of_day(text, lacks):
    assert lacks_time_of_day(text) is lacks


@pytest.mark.parametrize(
    ("posted", "observed", "reason"),
    [
        ("2026-06-28", "2026-06-29", "posted_at and observed_at without a time of day"),
        ("2026-06-28", "2026-06-28", "posted_at and observed_at without a time of day"),
        ("2026-06-28", "2026-06-29T23:00Z", "posted_at without a time of day"),
        ("2026-06-27T01:00Z", "2026-06-28", "observed_at without a time of day"),
        ("2026-06-26", "2026-06-28", None),
        ("2026-06-27T10:00Z", "2026-06-28T10:00Z", None),
    ],
)
def test_a_young_age_that_is_known_to_a_day_is_refused(track, posted, observed, reason):
    answers, rejected, notes = track(f"{HEAD}\ndeal,instagram,a,{posted},{observed},300,12\n")
    if reason:
        assert rejected[2].startswith(reason)
        assert rejected[2].endswith("give the time of day")
        return
    told = "Z" not in posted
    assert ("moments_without_time_of_day" in answers["deal"].warnings) is told
    assert any("1 row(s) have no time of day" in note for note in notes) is told


def test_dates_of_workbooks_are_dates_alone_and_those_of_parquet_files_are_refused(tmp_path):
    row = {"partnership_id": "deal", "platform": "instagram", "likes": 500, "comments": 12}
    days = {"posted_at": pd.Timestamp("2026-06-01"), "observed_at": pd.Timestamp("2026-06-05")}
    frame = pd.DataFrame([row | days])
    frame.to_excel(tmp_path / "list.xlsx", index=False)
    frame.to_parquet(tmp_path / "list.parquet")
    found = [
        track_list(tmp_path / f"list.{ending}", SheetOptions(), Tracker(None), None, AS_OF)
        for ending in ("xlsx", "parquet")
    ]
    assert found[0].answers[0].warnings == ("moments_without_time_of_day",)
    assert found[1].answers == []
    assert found[1].rejected[0].reasons[0].endswith("has no time zone: add Z or an offset")


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        ("2026-06-01,2026-06-05", "2026-06-01,2026-06-07", "post_id is missing, and 2 rows have"),
        ("2026-06-01,2026-06-05", "2026-06-01,2026-06-05", "post_id is missing, and 2 rows have"),
        ("2026-06-01T10:00Z,2026-06-05", "2026-06-01T10:00Z,2026-06-05", "different counts of one"),
        ("2026-06-01T10:00Z,2026-06-05", "2026-06-01T10:00Z,2026-06-07", None),
        ("2026-06-01T10:00Z,2026-06-05", "2026-06-01T11:00Z,2026-06-05", None),
        ("2026-06-01,2026-06-05", "2026-06-02,2026-06-05", None),
    ],
)
def test_rows_that_may_be_of_two_posts_are_never_merged(track, one, two, reason):
    head = "partnership_id,platform,posted_at,observed_at,likes,comments,deliverables"
    text = f"{head}\nc,instagram,{one},500,12,2\nc,instagram,{two},9000,300,2\n"
    answers, rejected, _ = track(text)
    if reason is None:
        posts = 1 if one[:17] == two[:17] else 2
        assert rejected == {}
        assert len(answers["c"].posts) == posts
        return
    assert set(rejected) == {2, 3}
    assert all(
        reason in told and "give post_id, or the time of posting" in told
        for told in rejected.values()
    )


def test_fees_in_other_currencies_are_used_with_rates_alone(track):
    text = f"{HEAD},fee,currency\n{GOOD},500,EUR\n"
    answers, rejected, notes = track(text)
    assert rejected == {}
    assert answers["deal"].fee_usd is None
    assert "fee_usd_not_used" in answers["deal"].warnings
    assert any("EUR has no rate to USD: name a file of rates" in note for note in notes)
    answers, _, _ = track(text, rates=CurrencyRates({"USD": 1.0, "EUR": 1.1}))
    deal = answers["deal"]
    assert deal.fee_usd == pytest.approx(550)
    assert (deal.fee, deal.currency) == (500, "EUR")
    assert deal.cpe["p50"] == pytest.approx(deal.cpe_usd["p50"] / 1.1)
    assert "fee_usd_not_used" not in deal.warnings
    row = answer_frame([deal]).iloc[0]
    assert row["cpe_p50"] == deal.cpe["p50"]
    assert row["currency"] == "EUR"
    assert answer_json(deal)["cpe"] == deal.cpe
    console = Console(record=True, width=140, file=StringIO())
    print_answers([deal], console)
    cost = format_money(deal.cpe["p50"], "EUR")
    assert f"fee 500 EUR: {cost} an engagement" in console.export_text()
    page = render_report(track_report([deal], None))
    assert "500 EUR" in page
    assert cost in page
    assert "USD" not in page
    differing = f"{HEAD},fee,currency\n{GOOD},500,EUR\n{GOOD},600,EUR\n"
    _, rejected, _ = track(differing, rates=CurrencyRates({"USD": 1.0, "EUR": 1.1}))
    assert "fee 600 EUR differs from 500 EUR of an earlier row" in rejected[3]
    _, rejected, _ = track(f"{HEAD},fee\n{GOOD},0\n")
    assert rejected == {2: "fee 0 is below 0.01, the least possible"}


def test_one_post_id_on_two_platforms_is_two_posts(track):
    rows = [GOOD.replace("deal", ""), GOOD.replace("deal,instagram", ",youtube")]
    answers, rejected, _ = track("\n".join([HEAD, *rows]))
    assert (list(answers), rejected) == (["instagram a", "youtube a"], {})
    _, rejected, _ = track("\n".join([HEAD, GOOD, GOOD.replace("instagram,a", "youtube,b")]))
    assert "platform youtube differs from instagram" in rejected[3]
    assert rejected[3].endswith("give each creator its own partnership_id, on each platform")


def test_a_campaign_of_several_creators_is_told_the_remedy(track):
    rows = [f"{GOOD},anna", f"{GOOD.replace(',a,', ',b,')},ben"]
    _, rejected, _ = track("\n".join([f"{HEAD},handle", *rows]))
    assert rejected == {
        3: "creator_id @ben differs from @anna of an earlier row of the partnership: give each "
        "creator its own partnership_id, on each platform"
    }


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("horizon_days", "7.5", "horizon_days '7.5' is no whole number: give whole days"),
        ("deliverables", "1.5", "is no whole number: give a whole number of deliverables"),
        ("horizon_days", "1000.0", "horizon_days 1,000 is above 90, the most accepted"),
        ("saves", "1.5", "give the unit k or m in a map file"),
    ],
)
def test_the_remedy_fits_the_column(track, column, value, reason):
    _, rejected, _ = track(f"{HEAD},{column}\n{GOOD},{value}\n")
    assert reason in rejected[2]


CAMPAIGN = {
    "Kampagne;Plattform;Beitrag-ID;Veröffentlicht am;Abgelesen am;Likes;Kommentare;Gebucht;Ziel": 3,
    "Campaign;Platform;Post-ID;Published at;Checked at;Likes;Comments;Booked;Goal": 3,
    "Campaign name;Platform;Post ID;Live date;Read on;Likes;Comments;Quantity;Target": 3,
    "Kampagnenname;Plattform;Beitrags-ID;Datum;Stand;Likes;Kommentare;Anzahl;Zielwert": 3,
}
CELLS = "Herbst;Instagram;A1;01.06.2026 18:00;15.06.2026 10:00;4512;120;3;20000"


@pytest.mark.parametrize("header", CAMPAIGN)
def test_headers_of_campaign_sheets_are_known(track, header):
    answers, rejected, _ = track(f"{header}\n{CELLS}\n")
    assert rejected == {}
    deal = answers["Herbst"]
    assert (deal.deliverables, deal.goal_engagements) == (3, 20000)
    assert [post.post_id for post in deal.posts] == ["A1"]


def test_such_headers_mean_nothing_in_other_tables(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Handle,Platform,Followers,Goal,Booked,Campaign\nana,Instagram,12000,5,3,S\n")
    sheet = read_sheet(path)
    assert not {"goal_engagements", "deliverables", "partnership_id"} & set(sheet.rows)


def test_a_name_that_holds_other_values_is_not_read(track):
    text = f"{HEAD},Goal,Booked,Checked\n{GOOD},awareness,yes,\n"
    answers, rejected, notes = track(text)
    assert rejected == {}
    assert answers["deal"].goal_engagements is None
    assert any(note.startswith("column 'Goal' -> not read") for note in notes)


def test_a_missing_moment_names_the_columns_that_were_not_read(track):
    text = HEAD.replace("posted_at", "Freigabe")
    _, rejected, _ = track(f"{text}\n{GOOD}\n")
    assert "posted_at is missing" in rejected[2]
    assert (
        "not read: 'Freigabe': if one of them is posted_at, name it in a map file (--map)"
        in (rejected[2])
    )


def test_a_handle_of_the_tables_finds_its_creator():
    creators = pd.DataFrame(
        {
            "creator_id": ["c1", "c2", "c3", "@dora"],
            "platform": ["tiktok", "instagram", "x", "x"],
            "handle": ["anna", "Anna", "ben", "dora"],
        }
    )
    rows = pd.DataFrame(
        {
            "creator_id": ["@anna", "@anna", "@ben", "@dora", "c9"],
            "platform": ["instagram", None, None, "x", "x"],
            "handle": ["@ANNA", "anna", "ben", "dora", None],
        },
        dtype="str",
    )
    named = name_known_creators(rows, creators)["creator_id"].tolist()
    assert named == ["c2", "@anna", "c3", "@dora", "c9"]
