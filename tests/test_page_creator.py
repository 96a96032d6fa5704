"""The part "One creator" of the page, in a real browser: a known creator and one that is described,
fees, a package, faults, and a service that is slow or fails.
"""

import json
import re

import pandas as pd
import pytest
from page_browser import PHONE, THEMES, axe_violations, opened

POSTS = """Date\tLikes\tComments\tType\tNote
25.03.2026\t1,200\t45\tReel\tx
31.04.2026\t900\t30\tphoto\tx
1.5.2026\tmany\t3\tphoto\tx
3.5.2026\t700\t12\tcollage\tx
"""


@pytest.fixture(scope="module")
def largest(market_folder):
    """Give the creator of the market with most followers, as its last profile has it."""
    creators = pd.read_parquet(market_folder / "creators.parquet").sort_values("observed_at")
    newest = creators.drop_duplicates(["platform", "creator_id"], keep="last")
    return newest.sort_values("followers").iloc[-1]


def choose_known(page, text):
    """Find a creator by keyboard alone, and choose the first one that fits."""
    page.get_by_label("Find a creator").focus()
    page.keyboard.type(text)
    page.locator("#creator-options [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("Find a creator").get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    page.wait_for_selector(".headline .lead")


def describe(page, **fields):
    """Describe a creator; `fields`: texts by the name of the field."""
    page.wait_for_selector("#creator form")
    if page.get_by_label("One that I describe").count():
        page.get_by_label("One that I describe").check()
    for name, text in fields.items():
        page.locator(f"#creator-{name}").fill(text)


def wait_for_answer(page):
    """Wait until the answer is the one to the form."""
    page.wait_for_selector(".headline .lead")
    page.wait_for_selector(".renewed", state="detached")
    page.wait_for_selector("#creator .busy", state="detached")


def asked_again(page, body):
    """Return the answer of the service itself to a body."""
    return page.evaluate(
        """async (body) => (await fetch("v1/predict", {method: "POST", body: JSON.stringify(body),
        headers: {"Content-Type": "application/json"}})).json()""",
        body,
    )["results"][0]


def test_a_known_creator_is_found_by_keyboard_and_answered(browser, trained_service, largest):
    with opened(browser, trained_service.address) as page:
        choose_known(page, largest["creator_id"].upper())
        assert page.evaluate("document.activeElement.id") == "creator-change"
        page.keyboard.press("Tab")
        page.keyboard.type("2")
        page.get_by_label("Fee for all of it").fill("900")
        page.get_by_label("Currency").select_option("EUR")
        page.wait_for_selector("text=At 900 EUR")
        page.wait_for_selector(".past circle")
        own = {"creator_id": largest["creator_id"], "platform": largest["platform"]}
        booked = page.evaluate("document.querySelector('[id^=creator-deliverables-]').id")
        told = {
            "format": booked.rsplit("-", 1)[1],
            "deliverables": 2,
            "fee": 900,
            "currency": "EUR",
        }
        answer = asked_again(page, {"keep": False, "partnerships": [own | told]})
        assert page.locator(".headline .lead").inner_text() == answer["sentence"]
        assert page.locator(".outcomes .dot").count() == 20
        assert page.locator(".steps .step").count() > 1
        assert axe_violations(page) == []
        page.reload()
        wait_for_answer(page)
        assert page.locator(".headline .lead").inner_text() == answer["sentence"]


def test_the_slider_moves_over_answers_without_asking(browser, trained_service):
    asked = []
    with opened(browser, trained_service.address) as page:
        describe(page, followers="48k", fee="300", goal="2,000")
        page.locator("#creator-avg_likes").fill("1500")
        page.wait_for_selector("text=At 300 USD")
        wait_for_answer(page)
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_label("Try fees").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        fee = page.get_by_label("Fee for all of it").input_value()
        assert float(fee) > 300
        page.wait_for_selector(f"text=At {float(fee):,.0f} USD")
        asked_by_page = list(asked)
        partnership = {"platform": "instagram", "followers": 48000, "avg_likes": 1500}
        partnership |= {"goal_engagements": 2000, "fee": float(fee), "currency": "USD"}
        answer = asked_again(page, {"keep": False, "partnerships": [partnership]})
        assert page.locator(".headline .lead").inner_text() == answer["sentence"]
        assert asked_by_page == []
        word = page.get_by_label("Try fees").get_attribute("aria-valuetext")
        assert word.split(", ")[-1] in page.locator(".headline .verdict").inner_text()


@pytest.mark.parametrize("theme", THEMES)
def test_pasted_posts_and_a_package_on_a_phone(browser, starter_service, theme):
    with opened(browser, starter_service.address, size=PHONE, theme=theme) as page:
        describe(page, followers="48,000")
        page.get_by_label("What you know of its posts").select_option("posts")
        page.get_by_label("Past posts").fill(POSTS)
        page.get_by_label("Reels or shorts").fill("1")
        page.get_by_label("Stories").fill("3")
        page.wait_for_selector("text=2 posts read")
        told = page.locator(".row-faults li").all_inner_texts()
        assert [re.match(r"Line \d", one)[0] for one in told] == ["Line 3", "Line 4", "Line 5"]
        page.wait_for_selector("text=Columns that are not used: Note")
        page.wait_for_selector(".headline :text('3 stories not counted')")
        wait_for_answer(page)
        page.get_by_text("Show the text").click()
        assert "stories not counted" in page.get_by_label("The answer as text").input_value()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert axe_violations(page) == []


def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(browser, trained_service):
    name = "<img src=x onerror=alert(1)> مبدعة 🎥 " + "w" * 300
    with opened(browser, trained_service.address, theme="dark", allowed_statuses=(422,)) as page:
        describe(page, followers="48.5", name=name, fee="1,2,3", horizon="91")
        for field in ("followers", "fee", "horizon"):
            control = page.locator(f"#creator-{field}")
            assert control.get_attribute("aria-invalid") == "true"
            assert f"creator-{field}-fault" in control.get_attribute("aria-describedby")
        page.wait_for_selector("text=The forecast waits for a correction")
        assert axe_violations(page) == []
        page.reload()
        assert page.locator("#creator-name").input_value() == name
        for field, text in (("followers", "48500"), ("fee", ""), ("horizon", "30")):
            page.locator(f"#creator-{field}").fill(text)
        wait_for_answer(page)
        page.get_by_text("Show the text").click()
        assert page.get_by_label("The answer as text").input_value().startswith(name)
        # what only the service knows to be wrong: the old answer stays
        page.get_by_label("Stories").fill("3")
        page.wait_for_selector("#creator .notice.bad")
        assert page.locator("fieldset .fault").count() == 1
        assert page.locator(".renewed .headline").count() == 1
        assert axe_violations(page) == []


def test_a_failing_service_is_told_and_asked_again(browser, trained_service):
    fault = {
        "code": "internal",
        "errors": [
            {
                "code": "internal",
                "where": "service",
                "what": "failed",
                "expected": None,
                "got": None,
            }
        ],
    }
    with opened(browser, trained_service.address, allowed_statuses=(500,)) as page:
        describe(page, followers="9000")
        wait_for_answer(page)
        before = page.locator(".headline .lead").inner_text()
        refuse = re.compile("v1/explain")
        page.route(
            refuse,
            lambda route: route.fulfill(
                status=500, body=json.dumps(fault), content_type="application/json"
            ),
        )
        page.locator("#creator-followers").fill("90000")
        page.wait_for_selector("text=The service failed.")
        assert page.locator(".renewed .lead").inner_text() == before
        page.unroute(refuse)
        page.get_by_role("button", name="Try again").click()
        wait_for_answer(page)
        assert page.locator(".headline .lead").inner_text() != before


def test_the_newest_change_wins_over_a_slow_answer(browser, trained_service):
    held = []
    with opened(browser, trained_service.address, allowed_statuses=(0,)) as page:
        explain = re.compile("v1/explain")
        page.route(explain, lambda route: held.append(route))
        with page.expect_request(explain):
            describe(page, followers="9000")
        page.wait_for_selector("text=The forecast is made")
        page.unroute(explain)
        page.locator("#creator-followers").fill("90000")
        wait_for_answer(page)
        row = {"platform": "instagram", "followers": 90000}
        answer = asked_again(page, {"keep": False, "partnerships": [row]})
        assert page.locator(".headline .lead").inner_text() == answer["sentence"]


def test_a_forecast_is_kept_where_a_campaign_is_named(browser, trained_service, largest):
    with opened(browser, trained_service.address) as page:
        choose_known(page, largest["creator_id"])
        wait_for_answer(page)
        page.get_by_role("button", name="Keep it").click()
        page.wait_for_selector("text=Give the campaign a name.")
        assert page.evaluate("document.activeElement.id") == "creator-campaign"
        page.keyboard.type("Spring <b>2027</b>")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=It is kept for the campaign “Spring <b>2027</b>”.")


def test_pasted_rows_are_read_as_they_mean(browser, trained_service):
    read = """async ([text, formats]) => {
      const { readPosts } = await import("/page/app/creator/post_rows.js");
      return readPosts(text, formats);
    }"""
    texts = {
        "Date,Likes,Comments\n03/04/2026,5,1\n": [],
        "Date,Likes,Comments\n03/04/2026,5,1\n03/25/2026,5,1": ["2026-03-04", "2026-03-25"],
        "Date;Likes;Comments\n3.4.2026 18:30;5;-": ["2026-04-03"],
        '\n\nposted at,"like count"\n"Mar 5, 2026","1,234"\n5 March 2026,2k': ["2026-03-05"] * 2,
        "Likes,Date\n,2026-02-03T10:00:00+02:00": [],
        "Likes,Date\n5,2026-02-30": [],
        "Likes,Date\n-5,2026-02-20": [],
        "<b>,x\n1,2": [],
        "": [],
    }
    with opened(browser, trained_service.address) as page:
        for text, days in texts.items():
            got = page.evaluate(read, [text, ["image"]])
            assert [post["posted_at"][:10] for post in got["posts"]] == days, text
            assert len(got["posts"]) + len(got["faults"]) == max(
                len([line for line in text.splitlines() if line]) - 1, bool(got["faults"])
            ), text


def test_a_partnership_that_is_handed_over_fills_the_form(browser, trained_service):
    told = [
        {
            "platform": "tiktok",
            "followers": 9000,
            "niche": "food",
            "avg_likes": 120.5,
            "package": [
                {"format": "short", "deliverables": 2},
                {"format": "image", "deliverables": 1},
            ],
            "confidence": 0.7,
            "target_cpe_usd": 0.25,
        },
        {
            "platform": "x",
            "engagement_rate_by_followers": 0.032,
            "format": "video",
            "deliverables": 3,
        },
    ]
    with opened(browser, trained_service.address) as page:
        for partnership in told:
            got = page.evaluate(
                """async (partnership) => {
                  const { formOf, readForm } = await import("/page/app/creator/partnership.js");
                  const service = await (await fetch("/v1/service")).json();
                  return readForm(formOf({ ...partnership, fee: 300, currency: "EUR" }, service), service);
                }""",
                partnership,
            )
            assert (got["partnership"], got["fee"], got["faults"]) == (partnership, 300, {})


def test_what_questions_a_verdict_stands_below_it(browser, trained_service):
    with opened(browser, trained_service.address) as page:
        describe(page, followers="48000", avg_likes="46000", fee="1.20")
        wait_for_answer(page)
        doubts = page.locator(".headline > .lead + .doubts").inner_text()
        assert "The fee is far below what such deals cost" in doubts
        assert "The safe fee is above nearly all usual fees: go by the usual fee of" in doubts
        assert "far below" not in page.locator(".creator-answer > div > .warnings").inner_text()
        safe = page.locator(".figure", has_text="Safe fee").inner_text()
        assert "go by the usual fee of" in safe
        assert page.get_by_text("Walk away").count() == 0
        page.locator("#creator-followers").fill("48.5")
        page.wait_for_selector(
            "#announce:text('is no whole number'):text('before your last change')"
        )
        assert axe_violations(page) == []


def test_the_list_of_creators_closes_as_the_focus_leaves(browser, trained_service, largest):
    with opened(browser, trained_service.address) as page:
        page.get_by_label("Find a creator").focus()
        page.keyboard.type(largest["creator_id"][:2])
        page.locator("#creator-options [role=option]").first.wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('input, select, button, summary')")
        assert not page.locator("#creator-options").is_visible()


def test_a_usual_fee_without_a_usual_cost_is_told(browser, trained_service):
    with opened(browser, trained_service.address) as page:
        describe(page, followers="48000")
        page.get_by_label("Platform").select_option("x")
        page.wait_for_selector("text=The usual fee is known, the usual cost per engagement is not")
        assert "whose figures for this size lie from" in page.locator("#creator").inner_text()
