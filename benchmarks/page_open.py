"""Time from opening the page to its first answer, and the size of what is loaded.

    python -m benchmarks.page_open --address http://127.0.0.1:3000 --rounds 15

Each round opens the page in a new browser profile (nothing cached), types a creator's platform and
followers, and waits for the forecast; then once more with the files cached. Medians, with the range
of the middle half.
"""

import argparse
import shutil
import statistics
import time

from playwright.sync_api import sync_playwright

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


def count_bytes(page):
    """Count what a page loads from now on: give a dict that holds requests and bytes as sent."""
    loaded = {"requests": 0, "bytes": 0}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def on_finished(event):
        loaded["requests"] += 1
        loaded["bytes"] += event["encodedDataLength"]

    session.on("Network.loadingFinished", on_finished)
    return loaded


def open_once(page, address):
    """Open the page and ask about one creator; give seconds to the page and to the answer."""
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#creator form")
    shown = time.perf_counter() - began
    described = page.get_by_label("One that I describe")
    if described.count():
        described.check()
    page.get_by_label("Followers", exact=True).fill("25000")
    page.wait_for_selector("#creator figure.chart svg")
    return shown, time.perf_counter() - began


def measure(browser, address, rounds):
    """Give the figures of each round: cold, then with the files cached."""
    found = []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        loaded = count_bytes(page)
        cold = open_once(page, address)
        cold_loaded = dict(loaded)
        page.evaluate("sessionStorage.clear()")
        warm = open_once(page, f"{address}/?again")
        found.append((*cold, *warm, cold_loaded["requests"], cold_loaded["bytes"]))
        context.close()
    return found


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:3000")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        found = measure(browser, options.address, options.rounds)
    names = (
        "form, nothing cached",
        "first answer, nothing cached",
        "form, cached",
        "first answer, cached",
    )
    for place, name in enumerate(names):
        low, middle, high = statistics.quantiles([one[place] for one in found], n=4)
        print(f"{name:30} {middle:.2f} s ({low:.2f} to {high:.2f})")
    print(f"loaded: {found[0][4]} requests, {found[0][5] / 1000:.0f} kB as sent")


if __name__ == "__main__":
    main()
