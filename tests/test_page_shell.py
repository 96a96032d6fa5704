"""The frame of the page in a real browser: its parts, the model that answers, keys, and a service
that is slow, busy, gone or started anew.
"""

import json
import re

import pytest
from page_browser import PHONE, THEMES, axe_violations, opened, page_service

PARTS = ("creator", "list", "plan", "campaigns", "trust")


@pytest.fixture(scope="module")
def keyed_service(home, market_folder, tmp_path_factory):
    """Give a service that asks for a key, and the key."""
    folder = tmp_path_factory.mktemp("page-keys")
    keys = folder / "keys.txt"
    keys.write_text("manager: " + "k" * 40 + "\n")
    keys.chmod(0o600)
    with page_service(
        folder / "service",
        home,
        *("--data", market_folder),
        CREATORCAST_API_KEYS_FILE=str(keys),
    ) as service:
        yield service, "k" * 40


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("theme", THEMES)
def test_every_part_opens_without_violations(browser, trained_service, part, theme):
    with opened(browser, trained_service.address, f"/#/{part}", theme=theme) as page:
        page.wait_for_selector(f"#{part} h1")
        assert axe_violations(page) == []


@pytest.mark.parametrize("part", PARTS)
def test_every_part_fits_a_phone(browser, trained_service, part):
    with opened(browser, trained_service.address, f"/#/{part}", size=PHONE) as page:
        page.wait_for_selector(f"#{part} h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert axe_violations(page) == []


def test_the_starter_model_is_told(browser, starter_service):
    with opened(browser, starter_service.address) as page:
        page.wait_for_selector("text=The starter model answers")


def test_the_parts_are_reached_by_keyboard_alone(browser, trained_service):
    with opened(browser, trained_service.address) as page:
        page.wait_for_selector("#creator h1")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#plan h1")
        assert page.evaluate("document.activeElement.id") == "main"


def give_key(page, key):
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")


def test_a_key_is_asked_for_and_kept_for_the_tab_alone(browser, keyed_service):
    service, key = keyed_service
    with opened(browser, service.address, allowed_statuses=(401,)) as page:
        field = page.get_by_label("Key", exact=True)
        for typed, fault in (
            ("wrong", "it has 16 to 256"),
            ("к" * 40, "No key has “к” in it"),
            ("x" * 40, "That is no key of this service"),
        ):
            give_key(page, typed)
            page.locator("#key-fault", has_text=fault).wait_for()
            assert field.get_attribute("aria-invalid") == "true"
            assert page.evaluate("document.activeElement.id") == "key"
            assert page.evaluate("Object.values(sessionStorage)") == []
        assert axe_violations(page) == []
        give_key(page, f" “{key}” ")
        page.wait_for_selector("#creator h1")
        assert page.evaluate("document.activeElement.id") == "main"
        assert key not in page.url
        assert page.evaluate("Object.values(localStorage)") == []
        page.reload()
        page.wait_for_selector("#creator h1")
        assert page.get_by_role("dialog").count() == 0
        other = page.context.new_page()
        other.goto(service.address)
        other.get_by_label("Key", exact=True).wait_for()
        page.get_by_role("button", name="Give another key").click()
        give_key(page, "y" * 40)
        page.wait_for_selector("text=That is no key of this service")
        page.keyboard.press("Escape")
        assert page.evaluate("sessionStorage['creatorcast.key']") == key
        page.get_by_role("button", name="Forget the key").click()
        assert page.evaluate("sessionStorage['creatorcast.key']") is None


def test_a_key_that_is_withdrawn_does_not_disturb_who_types(browser, keyed_service):
    service, key = keyed_service
    with opened(browser, service.address, allowed_statuses=(401,)) as page:
        give_key(page, key)
        page.wait_for_selector("#creator h1")
        page.get_by_label("One that I describe").check()
        page.evaluate("sessionStorage['creatorcast.key'] = 'z'.repeat(40)")
        followers = page.get_by_label("Followers", exact=True)
        followers.press_sequentially("12000")
        page.wait_for_selector("text=What you typed is kept.")
        assert page.evaluate("document.activeElement.id") == "creator-followers"
        page.get_by_role("button", name="Give the new key").click()
        page.locator("#key-fault", has_text="not valid any more").wait_for()
        give_key(page, key)
        page.get_by_role("dialog").wait_for(state="hidden")
        assert page.evaluate("document.activeElement.id") == "creator-followers"
        assert followers.input_value() == "12000"
        page.wait_for_selector("#creator .verdict, #creator .chart")


def test_without_a_key_the_page_says_what_is_missing(browser, keyed_service):
    service, _ = keyed_service
    with opened(browser, service.address, allowed_statuses=(401,)) as page:
        page.get_by_role("button", name="Not now").click()
        page.wait_for_selector("text=The service needs a key.")
        page.get_by_role("button", name="Give the key").click()
        page.get_by_label("Key", exact=True).wait_for()


def test_a_part_that_could_not_be_loaded_is_opened_later(browser, trained_service):
    def prepare(page):
        page.route(re.compile("app/plan/view.js|readyz"), lambda route: route.abort())

    address = trained_service.address
    with opened(browser, address, allowed_statuses=(0,), prepare=prepare) as page:
        page.wait_for_selector("#creator h1")
        page.get_by_role("link", name="A plan").click()
        page.wait_for_selector("text=“A plan” could not be opened")
        assert page.title().startswith("One creator")
        assert page.locator("#nav a[aria-current=page]").inner_text() == "One creator"
        page.unroute_all()
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector("#plan h1")
        assert page.title().startswith("A plan")


def test_a_busy_service_is_asked_again(browser, trained_service):
    busy = {
        "code": "busy",
        "errors": [
            {"code": "busy", "where": "service", "what": "is busy", "expected": None, "got": None}
        ],
    }
    answered = []

    def refuse(route):
        answered.append(route.request.url)
        if len(answered) > 2:
            route.continue_()
        else:
            route.fulfill(status=503, body=json.dumps(busy), content_type="application/json")

    def prepare(page):
        page.route(re.compile("v1/service"), refuse)

    address = trained_service.address
    with opened(browser, address, allowed_statuses=(503,), prepare=prepare) as page:
        page.wait_for_selector("text=is busy")
        page.wait_for_selector("#creator h1")
        page.wait_for_selector("text=is busy", state="detached")
