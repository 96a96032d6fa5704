"""Reports for the client: what is in the file, what never is, and where it is not written."""

import copy
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_example import PLAN_EXAMPLE
from report_examples import AMOUNTS, RECORD, Tags, scored_list, scored_row, tracked_answer

from models.model_record import model_record
from serving.plan.cautions import model_warnings
from serving.report.content import Interval
from serving.report.plan_report import plan_report
from serving.report.render import render_report
from serving.report.report_file import ReportError, check_report_path, write_report
from serving.report.scale import axis_scale
from serving.report.score_report import MAX_LONG, MAX_SHOWN, score_report
from serving.report.track_report import track_report
from serving.report.unused_rows import unused_row
from serving.scoring.warning_texts import TRACK_WARNING_TEXTS, WARNING_TEXTS


def text_of(report):
    return Tags(render_report(report)).text


def money_plan():
    """The plan of the example, every amount of it an unusual one; and these amounts."""
    plan, amounts = copy.deepcopy(PLAN_EXAMPLE), []

    def amount(value):
        amounts.append(value)
        return value

    plan |= {"budget": amount(9173.31), "spend": amount(8291.57), "left": amount(881.74)}
    plan["sentence"] = "Sign 2 of 5 creators for 8,292 EUR: about 9,100 engagements."
    for number, one in enumerate(plan["roster"]):
        for key in ("total", "for_engagement", "low", "typical", "high"):
            one["fee"][key] = amount(3137.83 + 1111.17 * number + 97.31 * len(key))
        for part in one["fee"]["parts"]:
            part["amount"] = amount(571.93)
        one["cpe"], one["break_even_fee"] = amount(0.73719), amount(6173.29)
        one["sentence"] = "About 5,400 engagements at 3,138 EUR."
        one["warnings"] = ["market_above_break_even", "few_posts"]
    plan["total"]["cpe"] = amount(0.91327)
    plan["left_out"][0]["text"] = "Big One: 8,837 EUR is more than the budget of 9,173 EUR."
    amounts.append(8837.0)
    plan["binding"] = [{"name": "at most 9,173.31 EUR", "text": "the budget of 9,173 EUR"}]
    plan["next_1000"]["text"] = "1,000 EUR more would bring about 2,900 engagements."
    plan["warnings"] = ["fees of 8,837 EUR are market fees", "another plan is as good"]
    plan["close_plans"][0]["text"] = "Next One in place of c7 (8,837 EUR)"
    for number, point in enumerate(plan["frontier"]):
        point["budget"], point["spend"] = amount(4327.19 + number), amount(4219.43 + number)
    return plan, amounts


def pages():
    """What each kind of report is of, as a function of whether fees are hidden, and its amounts."""
    rows = [scored_row(n, warnings=("fee_range_upper_end", "few_posts")) for n in range(1, 40)]
    scored = scored_list(rows, scored=700, rejected=3)
    answers = [tracked_answer(n) for n in range(1, 4)]
    plan, amounts = money_plan()
    return {
        "score": (lambda hide: score_report(scored, RECORD, hide), list(AMOUNTS.values())),
        "plan": (lambda hide: plan_report(plan, RECORD, hide), amounts),
        "track": (lambda hide: track_report(answers, RECORD, 2, hide), [7919.37, 6.5995]),
    }


def spellings(amount):
    """Every way in which a page may write an amount."""
    digits = {f"{amount}", f"{amount:.2f}", f"{amount:,.2f}", f"{amount:.1f}", f"{amount:.2g}"}
    if amount >= 100:
        digits |= {f"{amount:.0f}", f"{amount:,.0f}", f"{int(amount)}", f"{int(amount):,}"}
    german = {one.replace(",", "_").replace(".", ",").replace("_", ".") for one in digits}
    return {one for one in digits | german if "e" not in one}


@pytest.mark.parametrize("kind", ["score", "plan", "track"])
def test_no_amount_of_money_is_in_the_file_where_fees_are_hidden(kind):
    build, amounts = pages()[kind]
    shown, hidden = render_report(build(False)), render_report(build(True))
    found = [one for amount in amounts for one in spellings(amount) if one in shown]
    assert len(found) > len(amounts) / 3  # they would be found if they were there
    text = Tags(hidden).text
    for amount in amounts:
        for one in spellings(amount):
            assert not re.search(rf"(?<![\d.,]){re.escape(one)}(?!\d)", text)
            assert len(one) < 6 or one not in hidden
    assert not re.search(r"EUR|USD|€|\$", hidden)
    money = r"\b(fee|cost|budget|price|spend|spent|offer|market|benchmark)s?\b"
    told = [one for one in Tags(hidden).texts if re.search(money, one) and re.search(r"\d", one)]
    assert told == []
    assert "Amounts of money are not part of this copy." in text
    assert "Under 5 past posts are known." in text or kind != "score"


def test_hidden_sentences_are_made_of_the_figures():
    text = text_of(score_report(scored_list([scored_row()]), RECORD, hide_fees=True))
    assert "About 2,200 engagements for 2 posts by day 30; in 8 of 10 cases 900 to 4,600." in text
    assert "Probably recommended" in text
    assert "worth the fee" not in text
    assert "56" in text  # the chance of the goal tells no amount


def test_what_a_scored_list_says():
    rows = [scored_row(n, verdict="worth_it") for n in range(1, MAX_SHOWN + 1)]
    scored = scored_list(rows, scored=613, rejected=1, answers_file="answers.xlsx")
    text = text_of(score_report(scored, RECORD))
    assert "Of 613 partnerships, 200 are worth the fee by these forecasts, and 0 more" in text
    assert "413 more partnerships are in answers.xlsx. 1 row could not be scored" in text
    assert text.count("at 7,919 EUR that is 3.62 EUR each") == MAX_LONG
    assert "Creator 200" in text
    assert "In a test on 900 later posts of 80 creators" in text
    top = scored_list(rows[:30], scored=613, written=30)
    assert "583 more partnerships were scored and are not listed." in text_of(
        score_report(top, RECORD)
    )


def test_a_caution_that_all_have_is_told_once():
    rows = [scored_row(n, warnings=("few_posts",)) for n in range(1, 6)]
    rows[2] = scored_row(3, warnings=("few_posts", "old_history"))
    text = text_of(score_report(scored_list(rows), RECORD))
    assert text.count("Under 5 past posts are known.") == 1
    assert "All 5 forecasts above: Under 5 past posts are known." in text
    assert text.count("The last known post is more than 90 days old.") == 2
    assert "1 of the 5 forecasts above: The last known post" in text


def test_what_a_plan_says():
    text = text_of(plan_report(PLAN_EXAMPLE, RECORD))
    for said in (
        "Sign 2 of 5 creators for 1,938 EUR: about 9,100 engagements",
        "All together",
        "2 × 550 EUR: the quote is for one deliverable; with usage rights 110 EUR and agency 27.50",
        "not quoted: as the rate card",
        "1 video + 3 stories",
        "Next One 0.31 EUR an engagement; the plan pays 0.20 EUR. c7",
        "1,000 EUR more would bring about 2,900 engagements.",
        "at most 2 creators: without it the plan would bring 900 engagements more",
        "1 row of the list could not be used.",
        "These forecasts are by the starter model",
    ):
        assert said in text, said
    hidden = text_of(plan_report(PLAN_EXAMPLE, RECORD, hide_fees=True))
    assert "Sign 2 creators of 5 candidates: about 9,100 engagements (5,600 to 14,000)." in hidden
    assert "Next One in place of c7. The plan above brings more with probability 53" in hidden
    assert "Too large for this plan." in hidden


def test_a_fee_above_the_one_that_pays_is_marked_and_the_parts_of_fees_are_summed():
    plan = copy.deepcopy(PLAN_EXAMPLE)
    first, second = plan["roster"]
    first["break_even_fee"] = first["fee"]["for_engagement"] + 1
    second["break_even_fee"] = second["fee"]["for_engagement"] - 1
    second["fee"]["parts"] = [{"name": "agency", "amount": 100.0}]
    text = text_of(plan_report(plan, RECORD))
    assert text.count("▼ Above what usually pays: negotiate") == 1
    assert "A fee for engagement that is above the highest fee that pays is marked" in text
    assert "in it usage rights 110 EUR and agency 128 EUR" in text
    assert "negotiate" not in text_of(plan_report(plan, RECORD, hide_fees=True))
    first["break_even_fee"] = second["break_even_fee"] = None
    assert "negotiate" not in text_of(plan_report(plan, RECORD))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("at most 2 creators on tiktok", "without the rule: at most 2 creators on tiktok."),
        ("at most 31.7 % of the budget on creators on tiktok", "without one of its rules."),
    ],
)
def test_a_rule_is_named_unless_it_tells_of_money_that_is_hidden(rule, told):
    plan = copy.deepcopy(PLAN_EXAMPLE)
    one = plan["left_out"][0]
    text = f"{one['name']}: would be in the plan without the rule: {rule}."
    one |= {"reason": "rule", "text": text}
    hidden = text_of(plan_report(plan, RECORD, hide_fees=True))
    assert f"Would be in the plan {told}" in hidden
    assert ("31.7" in hidden, rule in text_of(plan_report(plan, RECORD))) == (False, True)


def test_rows_that_could_not_be_used_are_named():
    rows = [
        unused_row(n, ["Creator", "Fee"], [f"@c{n}", "x"], ["fee 911.37 is too high", "more"])
        for n in range(2, 30)
    ]
    scored = scored_list([scored_row()], rejected=28, unused=rows)
    pages = {
        hide: (
            text_of(score_report(scored, RECORD, hide)),
            text_of(track_report([tracked_answer()], RECORD, 28, hide, rows)),
        )
        for hide in (False, True)
    }
    for text in pages[False]:
        assert "Line 2, @c2: fee 911.37 is too high." in text
        assert "@c12" not in text
        assert "18 more rows could not be used." in text
    for text in pages[True]:
        assert "Line 2, @c2: a value of it cannot be used." in text
        assert "911" not in text


def test_the_client_is_told_nothing_that_only_the_user_of_the_program_can_do():
    starter = model_record({"version": "starter-1", "trained_on": "published figures"})
    rows = [scored_row(warnings=tuple(WARNING_TEXTS))]
    plan = copy.deepcopy(PLAN_EXAMPLE)
    plan["warnings"] = [*model_warnings("published figures"), "another plan is as good"]
    warnings = (*WARNING_TEXTS, *TRACK_WARNING_TEXTS)
    for report in (
        score_report(scored_list(rows), starter),
        plan_report(plan, starter),
        track_report([tracked_answer(warnings=warnings)], starter),
    ):
        text = text_of(report)
        assert not re.search(r"docs/|\.md|train it|your own|--", text)
        assert "starter model" in text


def test_a_chance_never_contradicts_its_verdict():
    row = scored_row(verdict="even", probability_benchmark=0.597)
    text = text_of(score_report(scored_list([row]), RECORD))
    assert "= About even" in text
    assert "59.7 %" in text.replace("\N{NO-BREAK SPACE}", " ")


def test_what_a_campaign_says():
    text = text_of(track_report([tracked_answer(), tracked_answer(2)], RECORD, rejected=1))
    assert "2 of 4 deliverables in 2 partnerships are online and read." in text
    assert "post1: After 3 days 620 engagements; 900 to 1,900 by day 30" in text
    assert "1 row of the list could not be used." in text
    assert "No model made these forecasts" in text_of(track_report([tracked_answer()], None))


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "name1at name0atnn $x^2$ {{ 7 * 7 }}",
    "x" * 5_000,
    "مرحبا بالعالم \u202e abc",
    "😀👩‍👩‍👧 日本語",
    "a\x00b\x1b[31m\ud800",
    "",
]


def test_hostile_names_are_texts():
    rows = [scored_row(n, name=name, niche=name) for n, name in enumerate(HOSTILE)]
    text = text_of(score_report(scored_list(rows), RECORD))
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "49" not in text.split("{{")[1][:40]
    assert "x" * 81 not in text
    assert text.count("name1at name0atnn $x^2$") == 3  # in the picture, as a name and as a niche
    plan = copy.deepcopy(PLAN_EXAMPLE)
    for one, name in zip([*plan["roster"], *plan["left_out"]], HOSTILE, strict=False):
        one["name"] = name
    plan["sentence"] = plan["warnings"][0] = HOSTILE[0]
    text_of(plan_report(plan, RECORD))
    answers = [
        tracked_answer(partnership_id=name, creator_id=name, sentence=name) for name in HOSTILE
    ]
    text_of(track_report(answers, RECORD))


@pytest.mark.parametrize("number", [0, 1, 1000])
@pytest.mark.parametrize("hide", [False, True])
def test_lists_of_any_length_with_and_without_fees(number, hide):
    no_fee = dict.fromkeys([*AMOUNTS, "currency", "verdict", "probability_benchmark"])
    for changes in ({}, no_fee, dict.fromkeys(("engagements_p10", "goal_engagements"))):
        goal = {} if "fee" in changes or not changes else {"probability_goal": None}
        rows = [scored_row(n, **changes, **goal) for n in range(number)]
        text = text_of(score_report(scored_list(rows), RECORD, hide))
        shown = min(number, MAX_SHOWN)
        assert (f"{number - shown:,} more partnerships are in" in text) == (number > shown)
    answers = [tracked_answer(n, fee_usd=None, cpe_usd=None) for n in range(number)]
    text = text_of(track_report(answers, RECORD, 0, hide))
    assert ("800 more partnerships are in the full list." in text) == (number == 1000)


def test_a_page_needs_nothing_else_and_is_the_same_again():
    for build, _ in pages().values():
        page = render_report(build(False))
        assert page == render_report(build(False))
        tags = Tags(page)
        assert max(tags.ids.values()) == 1
        assert all(link.startswith("#") and link[1:] in tags.ids for link in tags.links)
        assert not re.search(r"(https?:)?//(?!www\.w3\.org)", page)
        assert not re.search(r"@import|url\((?!#)|<!--|Matplotlib|matplotlib v", page)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("report.pdf", "has an unknown ending: name a file that ends in .html"),
        ("list.html", "is the list itself: name another file for the report"),
        ("link.html", "is the list itself: name another file for the report"),
        ("answers.html", "is the answers too: name another file for the report"),
        ("./folder/../answers.html", "is the answers too: name another file for the report"),
        ("nowhere/report.html", "the folder 'nowhere' does not exist; make it first"),
        ("folder.html", "cannot be written: Is a directory"),
    ],
)
def test_files_that_cannot_be_written_are_refused_at_once(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("folder.html").mkdir()
    Path("list.html").write_text("a,b")
    os.symlink("list.html", "link.html")
    inputs, outputs = {"the list": Path("list.html")}, {"the answers": Path("answers.html")}
    with pytest.raises(ReportError, match=re.escape(message)):
        check_report_path(Path(name), inputs, outputs)


def test_a_report_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")
    report = track_report([], RECORD)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(ReportError, match=r"cannot be written: No space left"):
            write_report(report, path)
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "before"
    write_report(report, path)
    assert path.read_text().startswith("<!DOCTYPE html>")


COUNTS = st.floats(0, 1e9)


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS).map(sorted), max_size=8))
def test_a_scale_shows_every_interval_in_order(values):
    intervals = [Interval(*one) for one in values]
    scale = axis_scale(intervals)
    for one in intervals:
        places = [scale.position(value) for value in (one.low, one.middle, one.high)]
        assert places == sorted(places)
        assert places[0] >= 0
        assert places[-1] <= 1
