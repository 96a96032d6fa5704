"""The review of a campaign: where outcomes lie, what they add up to, and that both directions are
told alike."""

import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from report_examples import Tags
from review_example import HOSTILE, campaign_entries, entry, outcome_list

from creatorcast import main
from features.maturation.maturation import AS_READ
from features.tables.model import Tables
from ingest.exports.import_job import ImportOptions
from ingest.exports.outcome_files import read_outcome_files
from ledger.matched_forecasts import match_outcomes
from ledger.readings import add_readings, read_readings
from ledger.store import open_ledger
from models.shared_shock import DEFAULT_SHOCK, Correlation, SharedShock
from monitoring.review import ReviewError, review_campaign
from monitoring.review_rows import ABOVE, BELOW, WITHIN, Outcome
from serving.review.sentences import money_sentence, outside_sentence
from serving.review.words import name_of, outcome_sentence, unusual_words

NOW = int(pd.Timestamp("2026-11-01").value // 1000)
STRONG = SharedShock(Correlation(0.4, 0, 1), Correlation(0.1, 0, 1), 0, 0, 0, "default")


@pytest.fixture
def matched(tmp_path, monkeypatch):
    """Match the campaign of review_example with its outcomes; the home keeps both."""
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))
    monkeypatch.delenv("CREATORCAST_LEDGER", raising=False)
    path = tmp_path / "came.csv"
    outcome_list().to_csv(path, index=False)
    with open_ledger(tmp_path) as ledger:
        ledger.append([*campaign_entries(), entry(20, campaign="autumn")])
        ledger.append([entry(21, door="track", post_id="p1-0", partnership_id="SP-1")])
        tables: Tables = read_outcome_files([path], ImportOptions()).tables
        add_readings(ledger, tables, "came.csv", NOW)
        return match_outcomes(ledger.forecasts(), read_readings(ledger), NOW, AS_READ)


def test_every_partnership_stands_once_and_the_numbers_add_up(matched):
    review = review_campaign(matched, "spring", DEFAULT_SHOCK)
    assert len(review.rows) == 9
    assert sum(review.statuses.values()) == 9
    assert review.after == 1
    assert review.outside == {ABOVE: 1, WITHIN: 3, BELOW: 1}
    came = {row.forecast["partnership_id"]: row.outcome for row in review.rows if row.outcome}
    assert {name: round(one.engagements) for name, one in came.items()} == {
        "SP-1": 3000, "SP-2": 1800, "SP-3": 300, "SP-4": 4000, "SP-5": 320,
    }  # fmt: skip
    assert {name: one.place for name, one in came.items()} == {
        "SP-1": ABOVE, "SP-2": WITHIN, "SP-3": BELOW, "SP-4": WITHIN, "SP-5": WITHIN,
    }  # fmt: skip
    # P(lognormal(ln 1000, 0.6) <= 3000) = Phi(ln 3 / 0.6)
    assert came["SP-1"].chance == pytest.approx(0.9664, abs=0.003)
    assert review.usual_outside == (0, 3)


def test_money_and_verdicts_are_judged_by_what_came(matched):
    review = review_campaign(matched, "spring", DEFAULT_SHOCK)
    assert (review.paid, review.fees, round(review.engagements_paid)) == (4, 4500, 9100)
    assert review.at_yardstick == pytest.approx(9100 * 0.5)
    right = {row.forecast["partnership_id"]: row.is_right for row in review.rows if row.outcome}
    assert right == {"SP-1": True, "SP-2": True, "SP-3": None, "SP-4": True, "SP-5": None}
    assert (review.verdicts, review.rule_verdicts, review.nearer) == ((3, 3), (2, 3), (4, 1))


def test_the_range_of_the_sum_counts_what_creators_share(matched):
    review, strong = (review_campaign(matched, "spring", one) for one in (DEFAULT_SHOCK, STRONG))
    assert review.total.engagements == pytest.approx(9420)
    random = np.random.default_rng(0)
    middles = np.array([1000, 2000, 800, 5000, 300])
    sums = (middles * np.exp(0.6 * random.standard_normal((200_000, 5)))).sum(axis=1)
    np.testing.assert_allclose(review.independent, np.quantile(sums, [0.1, 0.9]), rtol=0.03)
    widths = [one.total.high - one.total.low for one in (review, strong)]
    assert widths[1] > 1.2 * widths[0]


def test_both_directions_are_told_in_the_same_words(matched):
    high, low = Outcome(4000.0, 1.0, 2.0, 3.0, 0.95), Outcome(0.0, 1.0, 2.0, 3.0, 0.05)
    assert unusual_words(high).replace("high", "low") == unusual_words(low)
    review = review_campaign(matched, "spring", DEFAULT_SHOCK)
    texts = {row.outcome.place: outcome_sentence(row) for row in review.rows if row.outcome}
    shape = {place: re.sub(r"[\d,]+", "N", text) for place, text in texts.items()}
    assert shape[ABOVE].replace("above", "below").replace("high", "low") == shape[BELOW]


def test_a_campaign_that_does_not_exist_names_those_that_do(matched):
    with pytest.raises(ReviewError, match="no campaign 'winter': it has 'autumn', 'spring'"):
        review_campaign(matched, "winter", DEFAULT_SHOCK)


def test_page_sheet_and_csv_tell_the_same_and_escape_what_is_hostile(matched, tmp_path):
    outs = [tmp_path / name for name in ("r.xlsx", "r.csv", "r.html", "hidden.html", "hidden.csv")]
    book, table, page, hidden_page, hidden_table = map(str, outs)
    for arguments in (
        ["--out", book, "--report", page],
        ["--out", table],
        ["--out", hidden_table, "--report", hidden_page, "--hide-fees"],
    ):
        result = CliRunner().invoke(main, ["review", "spring", *arguments])
        assert result.exit_code == 0, result.output
    frame = pd.read_csv(table)
    assert len(frame) == 9
    assert frame["status"].value_counts().to_dict() == {
        "with an outcome": 5, "not read yet": 2, "cannot be compared": 2,
    }  # fmt: skip
    assert frame["reason"].notna().sum() == 4
    sheets = load_workbook(book)
    assert sheets.sheetnames == ["Outcomes", "Details", "Without an outcome", "About"]
    cells = {str(cell.value) for row in sheets["Outcomes"].iter_rows() for cell in row}
    assert HOSTILE in cells
    assert all(cell.data_type != "f" for row in sheets["Outcomes"].iter_rows() for cell in row)
    text = outs[2].read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert Tags(text).faults == []
    for name in frame["creator"]:
        assert re.sub(r"<.*", "", name) in text
    hidden = outs[3].read_text() + outs[4].read_text()
    assert not re.search(r"USD|_usd|[Ww]orth the fee|[Oo]verpriced|verdicts? (before|that)", hidden)
    assert "3,000" in hidden


def test_a_table_that_cannot_be_written_is_refused_before_any_work(matched, tmp_path):
    for name, reason in (("r.pdf", "ends in .xlsx or .csv"), ("none/r.csv", "cannot be written")):
        result = CliRunner().invoke(main, ["review", "spring", "--out", str(tmp_path / name)])
        assert result.exit_code == 2
        assert reason in result.output


def _review_of(tmp_path, given, came):
    """Return the review of a campaign with a forecast for each of `given`; `came`: likes."""
    (tmp_path / "own").mkdir()
    with open_ledger(tmp_path / "own") as ledger:
        ledger.append([entry(number, **one) for number, one in enumerate(given)])
        rows = [
            {
                "partnership_id": f"SP-{number}",
                "platform": "instagram",
                "post_id": f"p{number}",
                "posted_at": "2026-03-11T12:00:00Z",
                "observed_at": "2026-04-10T12:00:00Z",
                "likes": likes,
                "comments": 0,
            }
            for number, likes in enumerate(came)
        ]
        path = tmp_path / "own.csv"
        pd.DataFrame(rows).to_csv(path, index=False)
        add_readings(ledger, read_outcome_files([path], ImportOptions()).tables, "own.csv", NOW)
        match = match_outcomes(ledger.forecasts(), read_readings(ledger), NOW, AS_READ)
    return review_campaign(match, "spring", DEFAULT_SHOCK)


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (
            [1000.0],
            "Outside of its range: 0 of 1 outcome; 0 or 1 is usual. This is too few to tell",
        ),
        ([9e6], "Outside of its range: 1 of 1 outcome;"),
        ([1000.0] * 8, "too few to tell whether the ranges were right: 30 outcomes"),
        ([400.0, 400.0, 2500.0, *[1000.0] * 5], "too few to tell"),
        (
            [20.0, 9e4, *[1000.0] * 6],
            "fewer than 1 in 200 on that side: 2; 0 or 1 is usual. That is more than",
        ),
        ([400.0, 2500.0] * 3 + [1000.0] * 2, "the ranges were too narrow"),
        ([400.0, 2500.0] * 4 + [1000.0] * 32, "That is what right ranges give."),
        ([1000.0] * 40, "the ranges were too wide"),
        ([2100.0] * 8, "all together they are not"),
    ],
)
def test_ranges_are_judged_by_how_many_lie_outside_and_how_far(tmp_path, came, words):
    review = _review_of(tmp_path, [{}] * len(came), came)
    text = outside_sentence(review)
    assert words in text
    if len(came) < 5:
        assert text.endswith("This is too few to tell whether the ranges were right.")


def test_amounts_are_in_the_currency_of_the_fees_and_add_up_as_they_are_told(tmp_path):
    euro = [
        {"fee": fee, "fee_usd": fee * 1.16, "currency": "EUR", "question": {"name": name}}
        for fee, name in ((450.0, "Luisa"), (1200.0, "Zoë"), (300.5, "Ana"))
    ]
    review = _review_of(tmp_path, euro, [1000.0] * 3)
    assert (review.currency, review.fees, review.compared) == ("EUR", 1950.5, 3)
    assert all(row.outcome.engagements.is_integer() for row in review.rows)
    assert [name_of(row) for row in review.rows] == ["Zoë", "Luisa", "Ana"]
    assert review.rows[0].yardstick == pytest.approx(0.5 / 1.16)
    assert money_sentence(review) == (
        "1,950.50 EUR for 3 partnerships bought 3,000 engagements, 0.65 EUR each. At the benchmark "
        "price these engagements would have cost 1,293 EUR; you paid 657.50 EUR more."
    )
    (tmp_path / "two").mkdir()
    mixed = _review_of(tmp_path / "two", [*euro, {"fee_usd": 100.0}], [1000.0] * 4)
    assert mixed.currency == "USD"
    assert mixed.fees == pytest.approx(1950.5 * 1.16 + 100)
    assert "Fees were agreed in EUR and USD: all amounts are in USD" in money_sentence(mixed)


def test_only_a_review_is_replaced(matched, tmp_path):
    for command, name in (
        (("review", "spring", "--out"), "own.csv"),
        (("review", "spring", "--out"), "own.xlsx"),
        (("ledger", "export"), "own.csv"),
        (("ledger", "export"), "own.xlsx"),
    ):
        path = tmp_path / f"{command[0]}-{name}"
        path.write_bytes(b"partnership_id,likes\nSP-1,3\n")
        result = CliRunner().invoke(main, [*command, str(path)])
        assert result.exit_code == 2
        assert "is there and is not" in result.output
        assert path.read_bytes() == b"partnership_id,likes\nSP-1,3\n"
        path.unlink()
        for _ in range(2):
            assert CliRunner().invoke(main, [*command, str(path)]).exit_code == 0


@pytest.mark.parametrize("command", [("review", "spring", "--out"), ("ledger", "export")])
def test_a_workbook_that_the_disk_refuses_is_one_sentence(matched, command):
    result = CliRunner().invoke(main, [*command, "/proc/x.xlsx"], prog_name="creatorcast")
    assert result.exit_code == 2
    assert "'/proc/x.xlsx' cannot be written: No such file or directory" in result.output


@pytest.mark.parametrize("command", [("score", "--out", "a.csv"), ("plan", "--budget", "3000")])
def test_the_ledger_keeps_the_name_that_the_list_has(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))
    monkeypatch.delenv("CREATORCAST_LEDGER", raising=False)
    (tmp_path / "list.csv").write_text(
        "Creator;creator_id;platform;followers;avg_likes;avg_comments;fee_usd\n"
        "Luisa;c0000097;instagram;52000;1400;40;450\n"
    )
    name, *options = command
    result = CliRunner().invoke(main, [name, "list.csv", *options, "--campaign", "spring"])
    assert result.exit_code == 0, result.output
    with open_ledger(tmp_path) as ledger:
        assert [one["name"] for one in ledger.forecasts()["question"]] == ["Luisa"]
    assert "Luisa" in CliRunner().invoke(main, ["review", "spring"]).output
