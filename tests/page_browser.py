"""The page in a real browser: services to open it at, and what every page that is opened is held
to: nothing is asked of another host, no error is written to the console, nothing breaks the content
security policy.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.bundle_files import contents_digest, read_manifest
from models.bundle_trial import TRIED_VARIABLE
from models.champion import champion_file, champion_folder
from serving.settings import ENVIRONMENT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: Nothing but the page is asked for, as far as the browser can be told so.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
THEMES = ("light", "dark")
DESKTOP, PHONE = (1280, 900), (390, 844)


@dataclass
class PageService:
    """A service in a real process: its address, its home, its command, its log."""

    port: int
    home: Path
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen | None = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log
            )
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.address}/readyz", timeout=5),
            ):
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(f"the service did not start: {self.log.read_text()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


@contextlib.contextmanager
def page_service(folder, home, *arguments, **environment):
    """Run a service until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(Path(sys.executable).with_name("creatorcast")),
        *("serve", "--port", str(port), *map(str, arguments)),
    ]
    told = {**os.environ, **ENVIRONMENT, "CREATORCAST_HOME": str(home), **environment}
    if champion_file(home).exists():  # a trial takes seconds, and test_startup has it made
        told[TRIED_VARIABLE] = contents_digest(read_manifest(champion_folder(home)))
    service = PageService(port, home, command, told, folder / "log")
    service.start()
    try:
        yield service
    finally:
        service.stop()


@contextlib.contextmanager
def opened(
    browser, address, path="/", size=DESKTOP, theme="light", allowed_statuses=(), prepare=None
):
    """Open a page; give it, and fail at the end where something went wrong in it.

    `allowed_statuses`: of failed requests that the test makes happen, 0 for those without an
    answer; `prepare`: is given the page before it goes anywhere.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        accept_downloads=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    faults = []

    def on_console(message):
        is_expected = any(f"status of {status}" in message.text for status in allowed_statuses)
        is_expected |= 0 in allowed_statuses and "net::ERR" in message.text
        if message.type in ("error", "warning") and not is_expected:
            faults.append(f"console: {message.text}")

    def on_request(request):
        if not request.url.startswith((address, "blob:", "data:")):
            faults.append(f"asked another host: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", on_request)
    if prepare is not None:
        prepare(page)
    page.goto(f"{address}{path}")
    try:
        yield page
        assert faults == [], faults
    finally:
        context.close()


def axe_violations(page):
    """Return the rules of WCAG 2.2 A and AA, and of good practice, that a page breaks, each with
    the elements.
    """
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # the elements that pass are not told one by one, which takes as long as to look at them
    options = {"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
    results = Axe().run(page, options=options)
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in results.response["violations"]
        for node in one["nodes"]
    ]


def skip_without_browser():
    """Skip where the page cannot be opened in a browser."""
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium to open the page in")
