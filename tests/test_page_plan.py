"""The part of the page that makes a plan, in a real browser."""

import json
import re

import pytest
from page_browser import PHONE, THEMES, axe_violations, opened
from playwright.sync_api import expect

MARKUP = "<b>Bold</b> & co"
#: A list as people paste it: a name with markup, one without a fee, one that cannot be read.
ROWS = "\n".join(
    [
        "Handle,Platform,Followers,Niche,Avg Likes,Avg Comments,Format,Fee (USD)",
        f"{MARKUP},Instagram,42000,food,1450,60,Reel,520",
        "ben_cooks,Instagram,61000,food,1900,80,Reel,600",
        "cleo_home,Instagram,9000,home,610,35,Image,140",
        "dan_eats,Instagram,88000,food,2900,210,Reel,2200",
        "eva_kitchen,Instagram,23000,food,900,44,Reel,",
        "fay_runs,Instagram,31000,fitness,1500,40,Image,300",
        "gus_grill,Instagram,lots,food,480,12,Reel,800",
    ]
)
PATH = "/#/plan"
PLAN_CALL = re.compile("/v1/plan$")


def give_list(page, rows=ROWS):
    page.get_by_label("Rows of a list").fill(rows)
    page.get_by_role("button", name="Read the rows").click()
    page.get_by_text("6 can be used").wait_for()


def budget(page):
    return page.get_by_label("Budget", exact=True)


def make(page):
    page.get_by_role("button", name="Make the plan").click()


def made(page):
    expect(page.get_by_role("button", name="Make the plan")).to_be_enabled(timeout=60_000)
    page.wait_for_selector("#plan-roster")


def answers(page):
    """Collect the requests for plans and their answers."""
    found = []

    def note(response):
        if PLAN_CALL.search(response.url) and response.status == 200:
            found.append((response.request.post_data_json, response.json()))

    page.on("response", note)
    return found


def test_a_plan_by_mouse_has_the_figures_of_the_service(browser, trained_service):
    with opened(browser, trained_service.address, PATH) as page:
        plans = answers(page)
        give_list(page)
        assert "7 rows read" in page.locator("#plan").inner_text()
        budget(page).fill("1,500")
        page.get_by_label("Goal (optional)").fill("5k")
        page.get_by_label("Campaign (optional)").fill("Spring")
        make(page)
        made(page)
        asked, plan = plans[0]
        assert (asked["budget"], asked["goal"], asked["campaign"]) == (1500, 5000, "Spring")
        assert "keep" not in asked
        text = page.locator("#plan").inner_text()
        assert plan["sentence"] in text
        assert plan["ledger"] == "kept"
        assert page.locator(".roster tbody tr").count() == len(plan["roster"])
        counts = plan["counts"]
        told = f"{counts['in_plan']} in the plan, {counts['left_out']} left out"
        # one sum: also the row that could not be read is in it
        assert f"{counts['read'] + 1} rows read: {told}, 1 that could not be used." in text
        quotes = [one["fee"] for one in plan["roster"] if one["fee"]["source"] == "quoted"]
        repeated = [fee for fee in quotes if fee["times"] > 1]
        assert page.locator(".roster .note.quote").count() == len(repeated) > 0
        assert "Adds, on average" in text
        assert page.locator("#plan b").filter(has_text="Bold").count() == 0  # text, no markup
        # a creator that is never to be in it, and the plan without
        first = plan["roster"][0]["name"]
        page.get_by_role("button", name=f"Never: {first}").click()
        page.get_by_text("The form or the list was changed since").wait_for()
        page.get_by_text("the plan from before the change").wait_for()
        page.get_by_role("button", name="Keep as plan A").click()
        make(page)
        page.get_by_text("The form or the list was changed since").wait_for(state="detached")
        made(page)
        page.get_by_role("heading", name="Plan A beside plan B").wait_for()
        only_a = page.locator(".sides > div").first
        assert first in only_a.inner_text()
        assert "Rule: never" in page.get_by_role("table", name="Plan A and plan B").inner_text()
        assert plans[1][0]["rules"]["exclude"] == [first]
        page.get_by_label("Search those left out").fill(first)
        page.get_by_text("1 creator found").wait_for()
        # another list makes the plan one of before
        page.get_by_role("button", name="Choose another list").click()
        page.get_by_text("The form or the list was changed since").wait_for()
        expect(page.get_by_role("button", name="Page for the client")).to_be_disabled()


def test_a_plan_is_handed_on_as_text_and_as_a_page(browser, trained_service):
    with opened(browser, trained_service.address, PATH) as page:
        give_list(page)
        budget(page).fill("1500")
        make(page)
        made(page)
        page.get_by_label("With fees and the budget").uncheck()
        page.get_by_role("button", name="Text for an e-mail").click()
        text = page.locator("#plan-text").input_value()
        assert "USD" not in text
        assert "8 of 10 outcomes" in text
        page.get_by_role("button", name="Copy the text").click()
        expect(page.locator("#announce")).to_contain_text(re.compile("Copied|copy it with"))
        with page.expect_download() as saved:
            page.get_by_role("button", name="Page for the client").click()
        html = saved.value.path().read_text()
        assert html.startswith("<!DOCTYPE html>")
        assert "USD" not in html
        with page.expect_download() as saved:
            page.get_by_role("button", name="Plan as JSON").click()
        assert json.loads(saved.value.path().read_text())["plan_version"] == 1


@pytest.mark.parametrize("theme", THEMES)
def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(browser, trained_service, theme):
    opening = opened(
        browser, trained_service.address, PATH, theme=theme, allowed_statuses=(400, 422)
    )
    with opening as page:
        give_list(page)
        budget(page).fill("many")
        make(page)
        expect(budget(page)).to_have_attribute("aria-invalid", "true")
        expect(budget(page)).to_be_focused()
        budget(page).fill("1500")
        page.get_by_label("At least", exact=True).fill("4")
        page.get_by_label("At most", exact=True).fill("2")
        page.get_by_text("Rules for platforms").click()
        page.get_by_role("button", name="Add a rule").click()
        make(page)
        page.get_by_text("3 fields must be corrected: see the marks").wait_for()
        expect(page.get_by_label("At most", exact=True)).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("At least", exact=True)).to_be_focused()
        page.get_by_role("button", name="Remove rule 1").click()
        expect(page.locator("#plan-add-group")).to_be_focused()
        page.get_by_label("At least", exact=True).fill("")
        page.get_by_label("At most", exact=True).fill("")
        page.get_by_text("More rules").click()
        page.get_by_label("agency").fill("20")
        make(page)
        page.get_by_text("may be a percentage or an amount").wait_for()
        expect(page.get_by_label("agency")).to_be_focused()
        assert axe_violations(page) == []
        page.get_by_label("agency").fill("20 %")
        page.get_by_label("At least", exact=True).fill("6")
        make(page)
        page.get_by_text("There is no such plan").wait_for()
        page.get_by_text("No plan holds these rules together: at least 6 creators").wait_for()
        expect(page.get_by_label("At least", exact=True)).to_have_value("6")
        page.reload()
        page.get_by_text("6 can be used").wait_for()
        expect(page.get_by_label("At least", exact=True)).to_have_value("6")
        page.get_by_label("At least", exact=True).fill("")
        make(page)
        made(page)
        page.get_by_role("button", name=re.compile("More about")).first.click()
        page.get_by_text("Figures as a table").click()
        assert axe_violations(page) == []
        page.reload()
        page.wait_for_selector("#plan-roster")


def test_a_plan_by_keyboard_alone_on_a_phone(browser, trained_service):
    with opened(browser, trained_service.address, PATH, size=PHONE) as page:
        plans = answers(page)
        page.get_by_label("Rows of a list").focus()
        page.keyboard.insert_text(ROWS)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("6 can be used").wait_for()
        expect(page.locator("#plan-from")).to_be_focused()
        budget(page).focus()
        page.keyboard.type("1500")
        page.get_by_role("combobox", name="Must be in the plan").focus()
        page.keyboard.type("nobody")
        page.keyboard.press("Enter")
        page.get_by_text("No creator of the list is called nobody").first.wait_for()
        page.keyboard.press("Control+A")
        page.keyboard.type("@Cleo_Home")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Take out @Cleo_Home").wait_for()
        expect(page.locator("#announce")).to_contain_text("@Cleo_Home was added")
        budget(page).focus()
        page.keyboard.press("Enter")
        made(page)
        expect(page.locator("#plan-answer")).to_be_focused()
        assert "cleo_home" in [one["name"] for one in plans[0][1]["roster"]]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert axe_violations(page) == []
        page.locator(".frontier .point").last.focus()
        with page.expect_response(PLAN_CALL, timeout=60_000):
            page.keyboard.press("Enter")
        made(page)
        assert plans[1][0]["budget"] > 1500


def test_a_slow_search_is_stopped_and_a_failing_one_tried_again(browser, trained_service):
    opening = opened(browser, trained_service.address, PATH, allowed_statuses=(0, 500))
    with opening as page:
        give_list(page)
        budget(page).fill("1500")
        held = []
        page.route(PLAN_CALL, lambda route: held.append(route))
        make(page)
        page.get_by_role("progressbar").wait_for()
        assert axe_violations(page) == []
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("The search was stopped. What").wait_for()
        held[0].abort()
        page.unroute(PLAN_CALL)
        page.route(PLAN_CALL, lambda route: route.fulfill(status=500, body="{}"))
        make(page)
        page.get_by_text("The service answered 500").wait_for()
        page.unroute(PLAN_CALL)
        page.get_by_role("button", name="Try again").click()
        made(page)
        expect(budget(page)).to_have_value("1500")


def test_the_starter_model_plans_the_example_list(browser, starter_service):
    with opened(browser, starter_service.address, PATH) as page:
        plans = answers(page)
        page.get_by_role("button", name="Take an example list").click()
        page.get_by_text("12 can be used").wait_for()
        budget(page).fill("4000")
        page.get_by_label("The plan should be").select_option("cvar")
        page.get_by_label("Forecast made on").fill("2026-07-01")
        unproven = {"status": "time limit", "gap": 0.5}
        page.route(PLAN_CALL, lambda route: route.fulfill(json=route.fetch().json() | unproven))
        make(page)
        made(page)
        page.get_by_text("one that is better by up to 50.0 % may exist").wait_for()
        page.unroute(PLAN_CALL)
        with page.expect_response(PLAN_CALL, timeout=120_000) as longer:
            page.get_by_role("button", name="Search longer").click()
        assert longer.value.request.post_data_json["time_limit"] == 30
        made(page)
        assert plans[0][0]["keep"] is False
        assert plans[0][0]["as_of"] == "2026-07-01T00:00:00Z"
        assert plans[0][1]["as_of"].startswith("2026-07-01")
        assert plans[0][1]["objective"]["kind"] in ("cvar", "mean")
        assert axe_violations(page) == []


def test_a_list_of_the_other_part_is_planned(browser, trained_service):
    with opened(browser, trained_service.address, "/#/list") as page:
        page.get_by_role("button", name=re.compile("example", re.I)).first.click()
        page.get_by_role("button", name="Make a plan of this list").click()
        page.get_by_text("5 rows read, 5 can be used").wait_for()
        page.get_by_role("button", name="Choose another list").click()
        give_list(page)
        page.get_by_role("link", name="A list").click()
        page.get_by_role("link", name="A plan").click()
        page.get_by_text("6 can be used, 1 cannot").wait_for()
        page.get_by_role("button", name=re.compile("Take the list")).click()
        page.get_by_text("5 rows read, 5 can be used").wait_for()
