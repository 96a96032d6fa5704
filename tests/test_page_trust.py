"""How good is it? in a real browser: the record of a trained model and of the starter, by mouse, by
keyboard, on a phone, with a slow and a failing service.
"""

import json
import re
from pathlib import Path

import pytest
from page_browser import PHONE, THEMES, axe_violations, opened

MARKUP = "<img src=x onerror=alert(1)> **&amp;** Zoë 🍓 مرحبا"


def open_card(page):
    page.get_by_text("Read it here").click()
    page.wait_for_selector(".model-card h4")


def answered(page, change):
    """Have GET /v1/model answered with what `change` makes of the true answer."""

    def handle(route):
        model = route.fetch().json()
        change(model)
        route.fulfill(json=model)

    page.route(re.compile(r"v1/model$"), handle)


def widen(model):
    """Give a record with a failing group, a recalibration and odd names."""
    model["source"] = MARKUP
    model["record"]["limits"] = [*model["record"]["limits"], MARKUP]
    cell = next(one for one in model["backtest"]["coverage"] if one["split"] == "seen")
    cell |= {"fails": True, "judged": True, "coverage_80": 0.55, "evidence": "history"}
    cell |= {"coverage_80_low": 0.5, "coverage_80_high": 0.6}
    row = {"platform": "tiktok", "evidence": "history", "outcomes": 300, "creators": 40}
    model["recalibrated"] = {
        **{"from": "v1", "trained": "v1", "outcomes": 300, "creators": 40},
        **{"since": "2026-01-01T00:00:00+00:00", "until": "2026-06-01T00:00:00+00:00"},
        **{"coverage_80_before": 0.7, "coverage_80_after": 0.79, "width_ratio": 1.1},
        "tables": [{**row, "moved": 0.1, "stretched": 1.1}],
    }


def test_a_manager_reads_the_record(browser, trained_service, trained):
    manifest = trained.bundle.manifest
    row = next(one for one in manifest["backtest"]["table"] if one["split"] == "seen")
    with opened(browser, trained_service.address, "/#/trust") as page:
        page.wait_for_selector("text=Forecasts compared with what came later")
        text = page.inner_text("#trust")
        assert f"Of 10 later posts, {round(10 * row['coverage_80'], 1):g} lay" in text
        assert f"{row['rows']:,} later posts of {row['creators']:,} creators" in text
        assert "Do outcomes fall where the forecasts say?" in text
        assert page.locator(".reliability.seen circle").count() == 19
        cells = [
            one
            for one in manifest["backtest"]["coverage"]
            if one["split"] == "unseen" and one["evidence"] == "profile"
        ]
        page.select_option("#trust-split", "unseen")
        page.select_option("#trust-evidence", "profile")
        assert page.locator(".coverage .name").count() == len(cells)
        page.wait_for_selector("text=creators that it had never seen")
        page.reload()
        page.wait_for_selector("#trust-evidence")
        assert page.input_value("#trust-evidence") == "profile"
        page.wait_for_selector("text=Forecasts are kept, but nobody has compared them")
        open_card(page)
        assert "## " not in page.inner_text(".model-card")
        for name, start in (("Markdown", "# Model card"), ("HTML", "<!doctype html>")):
            with page.expect_download() as download:
                page.get_by_role("button", name=name).click()
            assert Path(download.value.path()).read_text().startswith(start)
        page.wait_for_selector("#announce:has-text('The model card is saved.')", state="attached")


@pytest.mark.parametrize("theme", THEMES)
def test_a_filled_record_breaks_no_rule_and_shows_names_as_text(browser, trained_service, theme):
    def prepare(page):
        answered(page, widen)

    address = trained_service.address
    with opened(browser, address, "/#/trust", theme=theme, prepare=prepare) as page:
        page.wait_for_selector("text=Ranges adjusted by later outcomes")
        assert page.get_by_text(MARKUP).count() == 2
        assert page.locator(".coverage.fails .cross").count() == 1
        page.wait_for_selector("text=Do not rely on the range for")
        open_card(page)
        for summary in page.get_by_text("Figures as a table").all():
            summary.click()
        assert axe_violations(page) == []
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        page.wait_for_function("document.querySelector('.chart svg').clientWidth < 390")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_the_record_is_read_by_keyboard_alone(browser, trained_service):
    with opened(browser, trained_service.address, "/#/trust") as page:
        page.wait_for_selector("#trust-split")
        page.focus("#trust-split")
        page.keyboard.press("ArrowDown")
        assert page.input_value("#trust-error-split") == "unseen"
        page.get_by_text("Read it here").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".model-card h4")


def test_the_starter_says_that_there_is_no_test(browser, starter_service):
    with opened(browser, starter_service.address, "/#/trust") as page:
        page.wait_for_selector("text=there is no test of it on your own posts")
        assert "its 80 % range held 78 %" in page.inner_text("#trust")
        assert "This service keeps no forecasts" in page.inner_text("#trust")
        open_card(page)
        assert "Modash, 72 million profiles" in page.inner_text(".model-card")
        assert axe_violations(page) == []


def test_a_bundle_of_before_says_what_its_record_lacks(browser, trained_service):
    def remove(model):
        for name in ("reliability", "platforms", "coverage"):
            del model["backtest"][name]
        for name in ("platforms", "definitions", "source"):
            del model[name]
        model["record"]["coverage"] = []

    def prepare(page):
        answered(page, remove)

    with opened(browser, trained_service.address, "/#/trust", prepare=prepare) as page:
        page.wait_for_selector("text=it was trained before they were kept")
        page.wait_for_selector("text=nothing is known of these ranges")
        page.wait_for_selector("text=Is it better than a simple rule?")


def test_a_watch_is_told_and_a_failing_service_is_asked_again(browser, trained_service):
    found = {
        **{"made_at": "2026-11-01T00:00:00+00:00", "model_version": "earlier"},
        **{"verdict": "recalibrate", "sentences": ["Recalibrate: the alarm was raised."]},
        **{"notes": ["followers have drifted"], "forecasts": 10, "outcomes": 5},
    }
    fails = [True]

    def fail_first(route):
        if fails:
            fails.pop()
            error = {"code": "internal", "where": "service", "what": "failed at this request"}
            error |= {"expected": None, "got": None}
            body = json.dumps({"code": "internal", "errors": [error]})
            route.fulfill(status=500, body=body, content_type="application/json")
        else:
            route.continue_()

    def prepare(page):
        page.route(re.compile(r"v1/model$"), fail_first)
        answer = {"has_ledger": True, "found": found}
        page.route(re.compile("v1/watch"), lambda route: route.fulfill(json=answer))

    address = trained_service.address
    statuses = (500,)
    with opened(browser, address, "/#/trust", allowed_statuses=statuses, prepare=prepare) as page:
        page.wait_for_selector("text=The service failed at this request")
        assert axe_violations(page) == []
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector("text=Recalibrate: the alarm was raised.")
        page.wait_for_selector("text=This is of the model earlier")
        page.wait_for_selector("text=Adjust its ranges")
