"""Running campaigns in a real browser: posts that are online, typed or as a list, and forecasts
against what came.
"""

import json
import re

import pytest
from page_browser import DESKTOP, PHONE, axe_violations, opened
from review_example import HOSTILE, fill_ledger

PATH = "/#/campaigns"
#: Both themes, and both sizes: each flow is walked twice.
LOOKS = [("light", DESKTOP), ("dark", PHONE)]
READINGS = [
    {"readAt": "2026-10-02T10:00", "likes": "800", "comments": "41", "shares": "60"},
    {"readAt": "2026-10-04T10:00", "likes": "1,090", "comments": "62", "shares": "88"},
]
ONLINE = "partnership_id,platform,deliverables,goal_engagements,forecast_p10,forecast_p50,forecast_p90,post_id,posted_at,observed_at,likes,comments,shares"
LIST = f"""{ONLINE}
<b>autumn</b>,tiktok,3,5000,700,1500,3400,v1,2026-10-01T10:00Z,2026-10-02T10:00Z,800,41,60
<b>autumn</b>,tiktok,3,5000,700,1500,3400,v1,2026-10-01T10:00Z,2026-10-04T10:00Z,1090,62,88
<b>autumn</b>,tiktok,3,5000,700,1500,3400,v2,2026-10-03T09:00Z,2026-10-04T10:00Z,170,9,6
second,instagram,,,,,,p1,2026-10-02T18:00Z,2026-10-04T10:00Z,512,20,
third,instagram,,,,,,p2,2026-10-02T18:00Z,2026-10-01T10:00Z,512,20,
"""


def fits(page, size):
    return page.evaluate("document.documentElement.scrollWidth") <= size[0]


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def type_post(page):
    """Type a post with two readings, a goal and a forecast made before."""
    page.locator("#post-platform").select_option("tiktok")
    page.locator("#post-postedAt").fill("2026-10-01T10:00")
    if page.locator("#post-readings-1-likes").count() == 0:
        button(page, "Add a reading").click()
    for place, reading in enumerate(READINGS):
        for name, value in reading.items():
            page.locator(f"#post-readings-{place}-{name}").fill(value)
    for label in ("What was agreed", "What was forecast before"):
        page.locator("summary", has_text=label).click()
    for name, value in {"goal": "1500", "low": "700", "middle": "1500", "high": "3400"}.items():
        page.locator(f"#post-{name}").fill(value)


@pytest.fixture(scope="module")
def reviewed_service(trained_service, tmp_path_factory):
    """Give the service once its ledger has the campaigns of review_example."""
    fill_ledger(tmp_path_factory.mktemp("came"), trained_service.environment["CREATORCAST_LEDGER"])
    return trained_service


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_a_typed_post_is_forecast(browser, trained_service, theme, size):
    with opened(browser, trained_service.address, PATH, size, theme) as page:
        button(page, "Forecast").click()
        page.wait_for_selector("text=Say when the post went online")
        assert page.evaluate("document.activeElement.id") == "post-postedAt"
        assert axe_violations(page) == []
        type_post(page)
        button(page, "Forecast").click()
        page.wait_for_selector(".tracked")
        assert page.evaluate("document.activeElement.id") == "tracked"
        text = page.locator(".tracked").inner_text()
        assert "After 3 days 1,240 engagements" in text
        assert "Ahead of" in text
        assert page.locator(".tracked circle.reading").count() == 2
        assert axe_violations(page) == []
        assert fits(page, size)
        page.reload()
        page.wait_for_selector("#post-goal")
        assert page.locator("#post-goal").input_value() == "1500"
        assert page.locator("#post-readings-1-likes").input_value() == "1,090"


def test_a_post_is_forecast_by_keyboard_alone(browser, trained_service):
    with opened(browser, trained_service.address, PATH) as page:
        page.wait_for_selector("#post-platform")
        type_post(page)
        page.locator("#post-high").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".tracked")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        page.keyboard.press("Enter")
        page.locator(".tracked details table").first.wait_for()
        assert "What it will be" in page.locator(".tracked details table").first.inner_text()


def test_what_the_service_refuses_stands_at_its_field(browser, trained_service):
    with opened(browser, trained_service.address, PATH, allowed_statuses=(400, 422)) as page:
        page.wait_for_selector("#post-platform")
        type_post(page)
        page.locator("#post-readings-1-readAt").fill("2026-09-30T10:00")
        button(page, "Forecast").click()
        page.locator("#post-readings-1-readAt-fault").wait_for()
        assert page.evaluate("document.activeElement.id") == "post-readings-1-readAt"
        page.locator("#post-readings-1-readAt").fill("2026-10-04T10:00")
        page.locator("#post-low").fill("2000")
        button(page, "Forecast").click()
        page.locator("#post-low-fault").wait_for()
        assert "ascend" in page.locator("#post-low-fault").inner_text()


def test_a_failing_service_loses_nothing(browser, trained_service):
    failed = {
        "code": "internal",
        "errors": [{"code": "internal", "where": "service", "what": "failed", "expected": None}],
    }
    answers = [500]

    def fail_once(route):
        if answers:
            route.fulfill(status=answers.pop(), json=failed)
        else:
            route.continue_()

    with opened(browser, trained_service.address, PATH, allowed_statuses=(500,)) as page:
        page.wait_for_selector("#post-platform")
        page.route(re.compile("v1/track"), fail_once)
        type_post(page)
        button(page, "Forecast").click()
        page.wait_for_selector("text=The service failed")
        assert page.locator("#post-goal").input_value() == "1500"
        button(page, "Try again").click()
        page.wait_for_selector(".tracked")


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_a_list_is_read_and_every_row_is_accounted_for(
    browser, trained_service, tmp_path, theme, size
):
    path = tmp_path / "readings.csv"
    path.write_text(LIST)
    with opened(browser, trained_service.address, PATH, size, theme) as page:
        button(page, "A list of posts").click()
        button(page, "Forecast").click()
        page.wait_for_selector("text=Choose a file, or paste")
        if theme == "dark":
            page.locator("#readings-file").set_input_files(path)
            page.wait_for_selector("text=Chosen: readings.csv")
            page.reload()  # a chosen file is kept like what is typed
            page.wait_for_selector("text=Chosen: readings.csv")
        else:
            page.locator("#readings-text").fill(LIST)
        button(page, "Forecast").click()
        page.wait_for_selector(".tracked")
        assert "5 rows read: 4 can be used, 1 cannot" in page.locator("form").inner_text()
        assert "before posted_at" in page.locator("form").inner_text()
        assert "2 of 3 deliverables are online" in page.locator(".tracked").inner_text()
        assert page.locator(".tracked h2").inner_text() == "<b>autumn</b>"
        assert axe_violations(page) == []
        assert fits(page, size)
        button(page, "second").click()
        page.wait_for_selector("text=After 40 hours 532 engagements")


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_a_campaign_is_reviewed(browser, reviewed_service, theme, size):
    with opened(browser, reviewed_service.address, PATH, size, theme) as page:
        button(page, "What was forecast, and what came").click()
        button(page, "spring").click()
        page.wait_for_selector(".review")
        text = page.locator(".review").inner_text()
        assert "5 of 9 partnerships have an outcome" in text
        assert "above the range: 1 in 28 are as high" in text
        assert "4,500 USD" in text
        assert HOSTILE in text
        assert "creatorcast review spring --out" in text
        assert page.locator(".review tbody tr").count() == 9 + 6  # the chart has a table of its own
        assert page.locator(".review path.came").count() == 6
        assert axe_violations(page) == []
        assert fits(page, size)
        page.reload()
        page.wait_for_selector(".review")


def test_a_campaign_whose_name_has_any_character_is_opened(browser, reviewed_service):
    with opened(browser, reviewed_service.address, PATH) as page:
        button(page, "What was forecast, and what came").click()
        button(page, "autumn / 2026").click()
        page.wait_for_selector("text=creatorcast review 'autumn / 2026'")


def test_forecasts_on_their_way_into_the_ledger_are_told(browser, trained_service):
    with opened(browser, trained_service.address, PATH) as page:
        body = {"waiting": 3, "campaigns": []}
        page.route(re.compile("v1/campaigns$"), lambda route: route.fulfill(body=json.dumps(body)))
        button(page, "What was forecast, and what came").click()
        page.wait_for_selector("text=3 forecasts are on the way")
        page.wait_for_selector("text=The ledger has no campaign yet")


def test_the_starter_model_follows_a_post_and_says_how_to_keep_forecasts(browser, starter_service):
    with opened(browser, starter_service.address, PATH) as page:
        page.wait_for_selector("#post-platform")
        assert page.locator("#post-campaign").count() == 0
        page.locator("#post-platform").select_option("instagram")
        page.locator("#post-postedAt").fill("2026-10-01T10:00")
        for name, value in {"readAt": "2026-10-02T10:00", "likes": "950", "comments": "30"}.items():
            page.locator(f"#post-readings-0-{name}").fill(value)
        button(page, "Forecast").click()
        page.wait_for_selector("text=No forecast was made before")
        page.locator("summary", has_text="What was forecast before").click()
        page.locator("#post-followers").fill("48k")
        button(page, "Forecast").click()
        page.wait_for_selector("text=by the model, from profile")
        button(page, "What was forecast, and what came").click()
        page.wait_for_selector("text=CREATORCAST_LEDGER=on")


def test_an_unclear_list_is_settled_on_the_page(browser, trained_service):
    rows = [
        "Kampagne;Plattform;Beitrag-ID;Veröffentlicht am;Abgelesen am;Likes;Kommentare",
        "Herbst;Instagram;b1;02.10.2026 18:00;14.10.2026 10:00;1.250;20",
    ]
    with opened(browser, trained_service.address, PATH, allowed_statuses=(422,)) as page:
        button(page, "A list of posts").click()
        page.locator("#readings-text").fill("hello world")
        button(page, "Forecast").click()
        page.wait_for_selector("text=has no column that is known")
        page.locator("#readings-text").fill("\n".join(rows))
        button(page, "Forecast").click()
        page.wait_for_selector("text=Choose the kind of numbers")
        page.wait_for_selector("text=1 partnership has no answer")
        assert axe_violations(page) == []
        page.locator("#readings-decimal").select_option(",")
        button(page, "Forecast").click()
        page.wait_for_selector("text=After 11.7 days 1,270 engagements")
