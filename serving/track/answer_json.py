"""Answers as orjson writes them, for the service and for --out ANSWERS.json; it writes the
dataclasses within them by itself.
"""

from collections.abc import Sequence
from typing import Any

from serving.scoring.prospect_batch import moment_text
from serving.track.answers import PartnershipAnswer, PostAnswer


def answers_json(answers: Sequence[PartnershipAnswer]) -> dict[str, Any]:
    """Return answers in the shape of POST /v1/track; without any, nothing is said of a model."""
    results = [answer_json(answer) for answer in answers]
    if not answers:
        return {"results": results}
    model = dict(vars(answers[0].model))
    return {"as_of": moment_text(model.pop("as_of")), **model, "results": results}


def answer_json(answer: PartnershipAnswer) -> dict[str, Any]:
    """Return the fields of an answer; what is not known is None. `fee`, `currency` and `cpe` are
    there where the fee was given in a currency.
    """
    told = dict(vars(answer))
    if answer.fee is None:
        del told["fee"], told["currency"], told["cpe"]
    totals, warnings = told.pop("totals"), told.pop("warnings")
    posts = [_post_json(post) for post in answer.posts]
    del told["posts"], told["model"]  # said once, of all answers
    return {**told, **totals, "posts": posts, "warnings": list(warnings)}


def _post_json(post: PostAnswer) -> dict[str, Any]:
    told = dict(vars(post))
    measures, warnings = told.pop("measures"), told.pop("warnings")
    told["posted_at"] = moment_text(post.posted_at)
    return {**told, **measures, "warnings": list(warnings)}
