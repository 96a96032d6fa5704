"""A report in a real browser: it needs nothing else, is readable in light and dark, on a phone and
printed.
"""

from pathlib import Path

import pytest
from plan_example import PLAN_EXAMPLE
from report_examples import RECORD, scored_list, scored_row, tracked_answer

from serving.report.plan_report import plan_report
from serving.report.report_file import write_report
from serving.report.score_report import score_report
from serving.report.track_report import track_report

LONG = "A very long name without any end " * 5
NAMES = [LONG, "x" * 200, "مرحبا بالعالم", "😀 日本語", "<script>document.title = 'run'</script>"]
#: Gives the contrast (WCAG 2.2, 1.4.3) of every text with its background, and the text.
CONTRASTS = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || element.closest('title')) continue;
    const style = getComputedStyle(element);
    const ink = parse(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), text]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The files of three reports with names of all kinds."""
    verdicts = ["worth_it", "even", "overpriced", "probably_overpriced", None]
    rows = [
        scored_row(n, name=NAMES[n % 5], verdict=verdicts[n % 5], engagements_p90=5000.0 * 9**n)
        for n in range(1, 6)
    ] + [scored_row(n, name=NAMES[n % 5]) for n in range(6, 60)]
    answers = [tracked_answer(n, partnership_id=NAMES[n % 5]) for n in range(5)]
    folder = tmp_path_factory.mktemp("reports")
    built = {
        "score": score_report(scored_list(rows, scored=80, rejected=2), RECORD),
        "plan": plan_report(PLAN_EXAMPLE, RECORD),
        "track": track_report(answers, RECORD, 1),
    }
    for name, report in built.items():
        write_report(report, folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in built}


def opened(browser, path: Path, **settings):
    """Open a report; give the page, what it asked for, and what the console said."""
    page = browser.new_context(**settings).new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.route("**/*", lambda route: route.continue_() if len(asked) < 2 else route.abort())
    page.goto(path.as_uri())
    return page, asked, said


@pytest.mark.parametrize("kind", ["score", "plan", "track"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_is_whole_and_readable(browser, reports, kind, scheme):
    page, asked, said = opened(
        browser, reports[kind], color_scheme=scheme, viewport={"width": 1000, "height": 900}
    )
    assert asked == [reports[kind].as_uri()]
    assert said == []
    assert page.title() != "run"
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 40
    assert min(contrasts)[0] >= 4.5, min(contrasts)
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    levels = [int(part) for part in background[4:-1].split(",")]
    assert all(level > 240 if scheme == "light" else level < 40 for level in levels)
    drawn = page.evaluate(
        "[...document.querySelectorAll('svg.chart')].map(one => one.getBoundingClientRect().height)"
    )
    assert len(drawn) >= 2
    assert min(drawn) > 60
    page.context.close()


@pytest.mark.parametrize("kind", ["score", "plan", "track"])
def test_a_report_fits_a_phone_and_paper(browser, reports, kind):
    page, _, said = opened(browser, reports[kind], viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    outside = page.evaluate(
        "[...document.querySelectorAll('body *')].filter(one => !one.closest('svg, .scroll') && "
        "one.getBoundingClientRect().right > 390.5).map(one => one.outerHTML.slice(0, 80))"
    )
    assert outside == []
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert 1 <= pdf.count(b"/Type /Page\n") <= 20
    page.emulate_media(media="print", color_scheme="dark")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    assert said == []
    page.context.close()
