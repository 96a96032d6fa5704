"""The description of the service at /docs in a real browser: found, read, tried and copied, by mouse
and by keyboard, on a phone, with a key and with a failing service.
"""

import json
import re

import pytest
from page_browser import PHONE, THEMES, axe_violations, opened

from serving.http.openapi import openapi

DOCUMENT = openapi()


def test_every_address_type_and_field_is_there(browser, starter_service):
    with opened(browser, starter_service.address, "/docs") as page:
        page.wait_for_selector("#types")
        operations = [one for item in DOCUMENT["paths"].values() for one in item.values()]
        schemas = DOCUMENT["components"]["schemas"]
        ids = {f"op-{one['operationId']}" for one in operations}
        ids |= {f"type-{name}" for name in schemas}
        ids |= {
            f"field-{name}-{field}"
            for name, schema in schemas.items()
            for field in schema.get("properties", {})
        }
        shown = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
        assert len(shown) == len(set(shown))
        assert ids <= set(shown)
        links = page.evaluate(
            "[...document.querySelectorAll('main a')].map((one) => one.hash.slice(1))"
        )
        assert set(links) <= set(shown)


@pytest.mark.parametrize("theme", THEMES)
def test_an_address_is_found_tried_and_copied(browser, starter_service, theme):
    def allow(page):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    address = starter_service.address
    with opened(browser, address, "/docs", theme=theme, prepare=allow) as page:
        page.get_by_label("Search addresses").fill("fee followers_only nothing")
        page.wait_for_selector("text=Nothing found")
        page.get_by_label("Search addresses").fill("avg_likes")
        page.get_by_role("link", name="Partnership.avg_likes", exact=True).click()
        page.wait_for_selector("#type-Partnership[open]")
        assert page.evaluate("document.activeElement.id") == "field-Partnership-avg_likes"
        page.locator("nav").get_by_role("link", name="POST /v1/predict").click()
        form = page.locator("#op-predict")
        form.get_by_role("button", name="Send to this service").click()
        form.get_by_text("Answered with 200").wait_for()
        assert '"starter-1"' in form.locator(".answer pre").inner_text()
        form.get_by_role("button", name="Copy as curl").click()
        page.wait_for_selector("text=Copied.")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"curl -s '{address}/v1/predict'")
        form.get_by_text("Fields of the answer").click()
        form.get_by_text("When it refuses").click()
        assert axe_violations(page) == []


def test_what_is_typed_stays_and_faults_are_told_at_their_field(browser, starter_service):
    with opened(browser, starter_service.address, "/docs#op-plan", allowed_statuses=(400,)) as page:
        form = page.locator("#op-plan")
        body = form.get_by_label("Body, JSON")
        body.fill('{"budget": <b>')
        form.get_by_role("button", name="Send").click()
        form.get_by_text("This is no JSON").wait_for()
        assert body.get_attribute("aria-invalid") == "true"
        assert page.evaluate("document.activeElement.id") == "op-plan-body"
        assert axe_violations(page) == []
        body.fill('{"budgett": 5, "partnerships": []}')
        form.get_by_role("button", name="Send").click()
        form.get_by_text("Refused with 400").wait_for()
        assert "did you mean budget?" in form.locator(".answer").inner_text()
        page.reload()
        page.wait_for_selector("#op-plan[open]")
        assert body.input_value() == '{"budgett": 5, "partnerships": []}'


def test_what_is_tried_is_not_kept_unless_it_names_a_campaign(browser, starter_service):
    sent = []

    def keep(route):
        sent.append(json.loads(route.request.post_data))
        route.continue_()

    def prepare(page):
        page.route(re.compile("v1/predict"), keep)

    with opened(browser, starter_service.address, "/docs#op-predict", prepare=prepare) as page:
        form = page.locator("#op-predict")
        body = form.get_by_label("Body, JSON")
        partnerships = '"partnerships": [{"platform": "x", "followers": 100}]'
        for text in (f"{{{partnerships}}}", f'{{"campaign": "a", {partnerships}}}'):
            body.fill(text)
            form.get_by_role("button", name="Send").click()
            form.get_by_text("Answered with 200").wait_for()
    assert [body.get("keep") for body in sent] == [False, None]


def test_it_is_read_on_a_phone_and_by_keyboard(browser, trained_service):
    with opened(
        browser, trained_service.address, "/docs", size=PHONE, allowed_statuses=(404,)
    ) as page:
        page.wait_for_selector("#op-creator")
        page.focus("#op-creator summary")
        page.keyboard.press("Enter")
        page.get_by_label("creator_id", exact=True).fill("nobody/at all")
        with page.expect_response(re.compile("nobody%2Fat%20all")):
            page.keyboard.press("Enter")
        page.locator("#op-creator").get_by_text("Refused with 404").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert axe_violations(page) == []
