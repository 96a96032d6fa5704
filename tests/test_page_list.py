"""A list on the page, in a real browser: read, corrected, scored, ranked, and made into files."""

import json
import re
from pathlib import Path

import pytest
from page_browser import PHONE, THEMES, axe_violations, opened

MARKUP = "<img src=x onerror=alert(1)>"
#: A creator with markup, a platform that is none, and two rows that can be scored.
LIST = (
    "Creator\tPlatform\tFollowers\tAvg likes\tAvg comments\tFee\n"
    f"{MARKUP}\tInstagram\t25,400\t900\t40\t450 USD\n"
    "Ben\tTikTok\t80,000\t3,100\t60\t300 EUR\n"
    "Chi\tMyspace\tmany\t10\t1\t100 USD\n"
)
UNCLEAR = "handle;kanal;followers;avg likes\nana;instagram;1.234;2.345\n"
MESSY = Path(__file__).parent / "messy"
SCORED = "[data-scored]"


def read_list(page, text=LIST):
    page.get_by_label("Paste cells").fill(text)
    page.get_by_role("button", name="Read the list").click()
    page.wait_for_selector("[data-counts]")


def score_list(page, rows=2):
    page.get_by_role("button", name=f"Score {rows} row").click()
    page.wait_for_selector(SCORED)


@pytest.mark.parametrize(("theme", "size"), [(THEMES[0], (1280, 900)), (THEMES[1], PHONE)])
def test_a_list_is_read_scored_and_made_into_files(browser, trained_service, theme, size):
    address = trained_service.address
    with opened(browser, address, "/#/list", size=size, theme=theme) as page:
        read_list(page)
        assert "3 rows read = 2 can be scored + 1 cannot" in page.inner_text("[data-counts]")
        rejected = page.get_by_role("region", name="Rows that cannot be scored").inner_text()
        assert "many" in rejected
        assert "is no number" in rejected
        assert axe_violations(page) == []
        score_list(page)
        assert "3 rows read = 2 scored + 1 rejected" in page.inner_text(SCORED)
        rows = page.locator(".list-table tbody tr")
        assert [rows.nth(place).get_attribute("aria-rowindex") for place in (0, 1)] == ["2", "3"]
        assert page.get_by_role("button", name=MARKUP).count() == 1
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        page.get_by_role("button", name=MARKUP).click()
        page.wait_for_selector("dialog[open] h3:has-text('What leads to this forecast') ~ ul li")
        assert axe_violations(page) == []
        page.keyboard.press("Escape")
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV", exact=True).click()
        assert download.value.suggested_filename == "list.scored.csv"
        assert MARKUP in Path(download.value.path()).read_text()


def test_what_is_unclear_is_settled_and_columns_are_corrected(browser, trained_service):
    with opened(browser, trained_service.address, "/#/list") as page:
        read_list(page, UNCLEAR)
        page.get_by_role("button", name="1,5 and 1.234 (comma)").click()
        page.wait_for_selector("text=is the comma or the point", state="detached")
        page.get_by_label("Read kanal as").select_option("platform")
        page.wait_for_selector("text=1 row read = 1 can be scored")
        page.reload()
        page.wait_for_selector("text=1 row read = 1 can be scored")
        assert page.get_by_label("Decimal mark").input_value() == ","
        assert page.get_by_label("Paste cells").input_value() == UNCLEAR


def test_rows_are_sorted_filtered_and_opened_by_keyboard_alone(browser, trained_service):
    with opened(browser, trained_service.address, "/#/list") as page:
        page.get_by_role("button", name="Use an example list").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-counts]")
        page.get_by_role("button", name="Score 5 rows").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(SCORED)
        assert page.evaluate("document.activeElement.id") == "list-scored"
        header = page.get_by_role("columnheader", name="Followers")
        header.get_by_role("button").focus()
        page.keyboard.press("Enter")
        assert header.get_attribute("aria-sort") == "descending"
        first = page.locator(".list-table tbody th").first
        assert first.inner_text() == "Dua Example"
        page.get_by_label("Show only rows with").focus()
        page.keyboard.type("ben")
        page.wait_for_selector("text=1 of 5 rows shown")
        first.get_by_role("button").focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog").get_by_role("heading", name="Ben Example").wait_for()


def focused(page):
    return page.evaluate(
        "document.activeElement.id || document.activeElement.getAttribute('aria-label')"
    )


def test_unclear_columns_and_passed_starts_are_asked_about_and_the_focus_stays(
    browser, trained_service
):
    text = (
        "Handle\tPlatform\tFollowers\tPosts\tHonorar\tStart\n"
        "ana\tinstagram\t900\t3\t450 USD\t2026-02-11\nben\ttiktok\t800\t1\tn/a\t2026-02-12\n"
    )
    with opened(browser, trained_service.address, "/#/list", allowed_statuses=(422,)) as page:
        read_list(page, text)
        page.get_by_role("button", name="Answer as of 10 Feb 2026").press("Enter")
        page.wait_for_selector("text=2 rows read = 2 can be scored")
        assert page.get_by_label("Day of the forecast").input_value() == "2026-02-10"
        page.get_by_role("button", name="Score 2 rows without Posts").wait_for()
        page.get_by_role("button", name="Posts to book").press("Enter")
        page.get_by_role("button", name="Score 2 rows", exact=True).wait_for()
        assert focused(page) == "list-read"
        page.get_by_label("Read Honorar as").focus()
        page.get_by_label("Read Honorar as").select_option("-")
        page.get_by_role("button", name="Forget all corrections").wait_for()
        page.wait_for_selector("text=gives no fee", state="detached")
        assert focused(page) == "Read Honorar as"
        page.get_by_label("Read Honorar as").select_option("")
        page.wait_for_selector("text=gives no fee")
        page.get_by_label("Line with the names").fill("199")
        page.keyboard.press("Tab")
        page.wait_for_selector("#list-header-row-fault")
        page.get_by_role("button", name="Take the change back").click()
        page.wait_for_selector("#list-header-row-fault", state="detached")
        page.wait_for_selector("#list-score button[aria-disabled='false']")
        page.get_by_role("button", name="Score 2 rows", exact=True).press("Enter")
        page.wait_for_selector(SCORED)
        assert "Forecast made on 10 Feb 2026" in page.inner_text(SCORED)
        assert "No verdict: 1" in page.inner_text("[data-verdicts]")
        assert "1 row has no rank" in page.inner_text("[data-ranking]")
        assert axe_violations(page) == []
        page.get_by_label("Paste cells").fill("")
        page.get_by_role("button", name="Use an example list").press("Enter")
        page.wait_for_selector("[data-counts]")
        assert focused(page) == "list-read"


def answer_by_another_model(route):
    facts = route.fetch().json()
    route.fulfill(json={**facts, "model_version": "another"})


def test_a_service_that_fails_while_it_scores_loses_nothing(browser, starter_service):
    failing = {
        "code": "internal",
        "errors": [{"where": "service", "what": "failed at this request"}],
    }
    with opened(browser, starter_service.address, "/#/list", allowed_statuses=(500, 0)) as page:
        text = LIST.replace("EUR", "USD")
        read_list(page, text)
        page.route(
            re.compile("v1/lists/score"),
            lambda route: route.fulfill(
                status=500, body=json.dumps(failing), content_type="application/json"
            ),
        )
        page.get_by_role("button", name="Score 2 rows").click()
        page.wait_for_selector("text=failed at this request")
        page.unroute(re.compile("v1/lists/score"))
        broken = json.dumps({"kind": "begin", "header": []}) + "\n"
        page.route(
            re.compile("v1/lists/score"),
            lambda route: route.fulfill(body=broken, content_type="application/x-ndjson"),
        )
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector("text=The answer broke off")
        page.unroute(re.compile("v1/lists/score"))
        page.route(re.compile("v1/service"), answer_by_another_model)
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("button", name="Score again with the new model").wait_for()
        assert "2 scored + 1 rejected" in page.inner_text(SCORED)
        assert page.get_by_label("Paste cells").input_value() == text


def test_scoring_is_cancelled(browser, trained_service):
    rows = "".join(f"c{number}\tx\t{1000 + number}\n" for number in range(12_000))
    with opened(browser, trained_service.address, "/#/list") as page:
        file = {
            "name": "long.tsv",
            "mimeType": "text/plain",
            "buffer": b"Handle\tPlatform\tFollowers\n" + rows.encode(),
        }
        page.get_by_label("Or choose a file").set_input_files(file)
        page.get_by_role("button", name="Score 12,000 rows").click()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Score 12,000 rows").wait_for()
        assert page.locator(SCORED).count() == 0


@pytest.mark.parametrize("name", ["27_duplicate_headers.csv", "44_hidden_row.xlsx", "33_rates.csv"])
def test_messy_files_are_told_about(browser, trained_service, name):
    with opened(browser, trained_service.address, "/#/list", allowed_statuses=(422,)) as page:
        page.get_by_label("Or choose a file").set_input_files(MESSY / name)
        page.wait_for_selector("[data-counts], .notice.bad")
        assert axe_violations(page) == []
        if name == "33_rates.csv":
            assert "has no column that is wanted" in page.inner_text(".notice.bad")


def test_a_file_that_is_too_large_is_not_sent(browser, trained_service):
    with opened(browser, trained_service.address, "/#/list") as page:
        file = {"name": "big.csv", "mimeType": "text/csv", "buffer": b"x" * (7 * 2**20)}
        page.get_by_label("Or choose a file").set_input_files(file)
        page.wait_for_selector("text=creatorcast score LIST")
