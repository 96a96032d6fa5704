"""What each column of answers means, in a line; docs/answers.md says more."""

from serving.scoring.answer_table import FEE_CURRENCY_COLUMNS

_MEANINGS = {
    "partnership_id": "the row's own id, else its number",
    "creator_id": "the creator, by id or handle",
    "platform": "instagram, tiktok, youtube or x",
    "band": "size by followers: under_1k, nano 1-10k, micro 10-100k, mid 100-500k, macro 500k-1M, "
    "mega 1M or more",
    "niche": "what the creator is about",
    "evidence": "what the forecast rests on: history (past posts), summary (averages) or profile "
    "(followers and niche alone)",
    "as_of": "the moment of the forecast, UTC: nothing later is used",
    "start_at": "when the posts are planned, UTC",
    "deliverables": "posts booked; all totals are over them",
    "package": "what is booked, where it has several formats",
    "engagement_rate_by_followers_p50": "engagements per deliverable and follower",
    "engagement_rate_by_views_p50": "engagements per deliverable and view",
    "goal_engagements": "the goal, as given",
    "probability_goal": "probability that the engagements reach the goal",
    "fee_usd": "the fee for all deliverables, USD",
    "fee": "the fee as given, in its currency",
    "currency": "the currency of the fee, where one was given",
    "usd_per_unit": "USD that a unit of the currency is worth",
    "completion_rate": "share of booked posts that appear, as given",
    "cost_note": "which cost has no finite value, and why",
    "target_cpe_usd": "the target for the cost per engagement, as given",
    "probability_target": "probability that the cost per engagement stays within the target",
    "benchmark_cell": "the creators that this one is compared with",
    "benchmark_creators": "how many they are",
    "benchmark_engagements_p50": "what they usually get for as many deliverables",
    "benchmark_engagement_rate_by_followers_p50": "their usual engagements per follower",
    "benchmark_cpe_usd": "what they usually cost per engagement, USD",
    "benchmark_cpe_source": "own_deals (yours), or rate_card",
    "benchmark_cpe_cell": "the creators that this cost is of",
    "benchmark_cpe_creators": "how many they are",
    "probability_benchmark": "probability that the cost per engagement beats the benchmark",
    "cpe_index": "cost per engagement over the benchmark's, x 100: below 100 is cheaper",
    "cheaper_than_share": "share of those creators that cost more",
    "confidence": "probability that the highest fee is made for",
    "break_even_fee_usd": "highest fee that beats benchmark or target with that probability, USD",
    "break_even_against": "what it is held against: benchmark or target",
    "offer_usd_open": "fee to open a negotiation with, USD",
    "offer_usd_walk_away": "fee above which to end a negotiation, USD",
    "market_fee_source": "own_deals (yours), or rate_card",
    "emv_source": "where the values of a like, comment, share or view come from",
    "verdict": "worth_it from a probability of 0.8, probably_worth_it from 0.6, even from 0.4, "
    "probably_overpriced from 0.2, else overpriced",
    "sentence": "forecast and verdict in words",
    "definition": "what counts as an engagement on the platform",
    "horizon_days": "days after posting at which posts are counted",
    "maturation_source": "what the growth of counts with age rests on: fitted, published or none",
    "model_version": "the model that answered",
    "trained_on": "what it was trained on",
    "warnings": "why the forecast is less to be trusted; docs/answers.md explains each",
    "reasons": "what leads from a usual account of the platform to this forecast",
    "comparables": "the known creators most like this one, with what they got",
}
#: Beginnings of the names of columns that come in several quantiles, longest first.
_TOTALS = {
    "engagements_": "engagements over all deliverables",
    "views_": "views over all deliverables",
    "cost_per_view_usd_": "cost per view, USD",
    "cpe_usd_": "cost per engagement, USD",
    "cpm_usd_": "cost per 1,000 views, USD",
    "market_fee_usd_": "what such a deal usually costs, USD",
    "emv_usd_": "earned media value, USD",
}


def column_meaning(name: str) -> str:
    """Return what a column of answers means, "" for one that is not known.

    >>> column_meaning("engagements_p10")
    'engagements over all deliverables: 10 of 100 cases are below'
    >>> column_meaning("cpe_p50")
    'cpe_usd_p50 in the currency of the fee'
    """
    if name in _MEANINGS:
        return _MEANINGS[name]
    if name in FEE_CURRENCY_COLUMNS:
        return f"{FEE_CURRENCY_COLUMNS[name]} in the currency of the fee"
    for start, meaning in _TOTALS.items():
        if name.startswith(start):
            return f"{meaning}: {_part(name.removeprefix(start))}"
    return ""


def _part(part: str) -> str:
    if part[:1] == "p" and part[1:2].isdigit():
        percent = part[1:].replace("_", ".").lstrip("0")
        return f"{percent} of 100 cases are below"
    return {"mean": "the mean of all cases", "low": "lower end of the usual range"}.get(
        part, "upper end of the usual range" if part == "high" else part
    )
