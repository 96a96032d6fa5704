"""Answers of invented figures for reports; the amounts stand in no other figure."""

import html.parser
from collections import Counter

from models.model_record import model_record
from serving.report.score_report import ScoredList
from serving.track.answers import (
    MaturationSource,
    ModelOfAnswer,
    PartnershipAnswer,
    PostAnswer,
    PostMeasure,
    TotalMeasure,
)

HEADLINE = {
    "forecaster": "creatorcast",
    "rows": 900,
    "creators": 80,
    "mae": 0.47,
    "vs_median": -0.07,
    "vs_median_low": -0.1,
    "vs_median_high": -0.04,
    "coverage_80": 0.81,
    "coverage_90": 0.9,
}
MANIFEST = {
    "version": "v1",
    "trained_on": "real",
    "accounts": 300,
    "posts": 9000,
    "until": "2026-06-01T00:00:00",
    "backtest": {
        "table": [HEADLINE | {"split": split} for split in ("seen", "unseen")],
        "platforms": [],
        "coverage": [],
    },
}
RECORD = model_record(MANIFEST)
#: Amounts of the rows of `scored_row`, in EUR and USD.
AMOUNTS = {
    "fee": 7919.37,
    "fee_usd": 8867.43,
    "cpe_p50": 3.6173,
    "cpe_usd_p50": 4.0513,
    "break_even_fee": 6473.91,
    "break_even_fee_usd": 7249.77,
    "market_fee_low": 2791.53,
    "market_fee_typical": 5381.69,
    "market_fee_high": 9733.17,
}
SENTENCE = (
    "About 2,200 engagements (80 %: 900-4,600); at 7,919 EUR that is 3.62 EUR each; beats the "
    "benchmark of 4.27 EUR with probability 0.62."
)


def scored_row(number=1, **changes):
    """An answer to a row of a list, as a report takes it."""
    return {
        "partnership_id": f"row {number}",
        "creator_id": f"@creator{number}",
        "name": f"Creator {number}",
        "platform": "instagram",
        "band": "micro",
        "niche": "food",
        "evidence": "history",
        "deliverables": 2.0,
        "horizon_days": 30.0,
        "engagements_p10": 900.0,
        "engagements_p50": 2200.0,
        "engagements_p90": 4600.0,
        "views_p10": None,
        "views_p50": None,
        "views_p90": None,
        "goal_engagements": 2000.0,
        "probability_goal": 0.56,
        "probability_benchmark": 0.62,
        "currency": "EUR",
        "verdict": "probably_worth_it",
        "sentence": SENTENCE,
        "warnings": ("few_posts", "market_above_break_even", "avg_likes_not_used"),
        **AMOUNTS,
    } | changes


def scored_list(rows, scored=None, rejected=0, **changes):
    """A scored list with these rows as its best ones."""
    scored = len(rows) if scored is None else scored
    verdicts = {}
    for row in rows:
        if row["verdict"]:
            verdicts[row["verdict"]] = verdicts.get(row["verdict"], 0) + 1
    settings = {
        "written": scored,
        "as_of": "2026-07-01 00:00:00+00:00",
        "answers_file": "answers 7919.37 EUR.xlsx",
        "rejected_file": "answers 7919.37 EUR.xlsx.rejected.csv" if rejected else None,
    }
    return ScoredList(
        rows, "cpe_usd_p50", scored, rejected, verdicts=verdicts, **(settings | changes)
    )


def tracked_answer(number=1, **changes):
    """A tracked partnership of two deliverables, one of them online."""
    horizon = {"p10": 900.0, "p25": 1000.0, "p50": 1200.0, "p75": 1500.0, "p90": 1900.0}
    source = MaturationSource("published", 0, "a source")
    measure = PostMeasure(620.0, 3.0, horizon, 0.52, 21.0, 0.6, horizon, source)
    sentence = "After 3 days 620 engagements; 900 to 1,900 by day 30 (80 %)."
    post = PostAnswer("post1", "short", 0, False, {"engagements": measure}, sentence)
    total = TotalMeasure(620.0, horizon, 0.52, 1260.0, horizon)
    settings = {
        "partnership_id": f"deal {number}",
        "creator_id": f"c{number}",
        "platform": "tiktok",
        "horizon_days": 30.0,
        "deliverables": 2,
        "booked": 2,
        "published": 1,
        "read": 1,
        "posts": (post,),
        "totals": {"engagements": total, "views": TotalMeasure(None, None, None, None, None)},
        "definition": "likes + comments + shares",
        "forecast_source": "given",
        "forecast_evidence": None,
        "forecast_reason": None,
        "goal_engagements": 1100.0,
        "probability_goal": 0.71,
        "make_good_engagements": 600.0,
        "make_good_source": "given",
        "probability_make_good": 0.02,
        "make_good_reason": None,
        "fee_usd": 7919.37,
        "cpe_usd": {"p10": 4.1681, "p50": 6.5995, "p90": 8.7993},
        "sentence": "1 of 2 deliverables is online and read, with 620 engagements.",
        "model": ModelOfAnswer("v1", "real", 1_782_864_000_000_000),
        "warnings": ("few_posts",),
    }
    return PartnershipAnswer(**(settings | changes))


VOID = {"meta", "br", "path", "use", "line", "circle"}


class Tags(html.parser.HTMLParser):
    """Reads a page; its open tags must be closed in their order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.texts, self.faults = [], Counter(), [], []
        self.links = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag not in {"script", "img", "link", "iframe", "object", "image"}
        for name, value in attributes:
            self.ids.update([value] if name == "id" else [])
            assert not name.startswith("on")
            if name.endswith(("href", "src")):
                self.links.append(value)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())
