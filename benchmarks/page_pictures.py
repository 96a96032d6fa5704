"""Pictures of every part of the page with answers in it, in both themes and two widths.

    python -m benchmarks.page_pictures --address http://127.0.0.1:3000 --out pictures

The service should know the creators of the demo market (`serve --data demo/data`). The pictures are
there to be looked at.
"""

import argparse
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.page_open import ARGUMENTS

THEMES, WIDTHS = ("light", "dark"), (1280, 390)


def show_creator(page):
    """Ask about a known creator with a fee."""
    page.get_by_role("combobox").first.fill("c0000516")
    page.locator("[role=option]").first.click()
    page.get_by_label("Reels or shorts").fill("2")
    page.get_by_label("Fee for all of it").fill("250")
    page.get_by_text("at 250 USD").first.wait_for()


def show_list(page):
    """Read the example list and score it."""
    page.get_by_role("button", name="Use an example list").click()
    page.get_by_role("button", name="Score 5 rows").click()
    page.get_by_role("heading", name="Who is worth the fee").wait_for()
    page.get_by_role("button", name="Workbook").wait_for()


def show_plan(page):
    """Make a plan of the example list."""
    page.get_by_role("button", name="example list").click()
    page.get_by_label("Budget", exact=True).fill("2000")
    page.get_by_text("can be used").first.wait_for()
    page.get_by_role("button", name="Make the plan").click()
    page.get_by_role("heading", name="What other budgets bring").wait_for(timeout=60_000)


def show_campaigns(page):
    """Follow one post that is typed."""
    now = datetime.now(UTC).replace(second=0, microsecond=0, tzinfo=None)
    page.get_by_label("Went online").fill((now - timedelta(days=3)).isoformat())
    page.get_by_label("Read", exact=True).fill(now.isoformat())
    page.get_by_label("Likes", exact=True).fill("1200")
    page.get_by_label("Comments", exact=True).fill("40")
    page.get_by_role("button", name="Forecast", exact=True).click()
    page.locator("#campaigns figure.chart svg").first.wait_for()


def show_trust(page):
    """Wait for the record of the model."""
    page.locator("#trust figure.chart svg").first.wait_for()


PARTS = {
    "creator": show_creator,
    "list": show_list,
    "plan": show_plan,
    "campaigns": show_campaigns,
    "trust": show_trust,
}


def take(browser, address, part, width, theme, file):
    """Fill one part and write its picture."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{address}/#/{part}")
    page.locator(f"#{part} h1").wait_for()
    PARTS[part](page)
    page.wait_for_timeout(500)
    page.screenshot(path=str(file), full_page=True)
    context.close()


def main():
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:3000")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for part in PARTS:
            for theme in THEMES:
                for width in WIDTHS:
                    file = options.out / f"{part}-{width}-{theme}.png"
                    take(browser, options.address, part, width, theme, file)
                    print(file)


if __name__ == "__main__":
    main()
