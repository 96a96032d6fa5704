"""Scorer: checked prospects in, answers out, in the same order. Batch files and the HTTP service both call it.

A creator_id that the tables know is answered from the tables. Any other row must bring a profile: a platform, and
followers, averages or posts.
"""

from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd

from features.comparables import Comparables
from features.currency import Rates
from features.derive import AVERAGES, derive
from features.history import History, codes_of
from features.schema import CREATORS, POSTS
from features.tables import Tables, empty
from features.vocabulary import ENGAGEMENT_DEFINITION, EVIDENCE, NICHES, PLATFORMS, UNKNOWN
from models.bundle import Bundle
from models.cost import OPPOSITE, cost_per
from models.distribution import QUANTILES, Predictive
from models.emv import ValueTable
from models.rate_card import FIGURES
from models.reasons import reasons
from serving.terms import Extras, refused_terms, with_terms
from serving.verdict import sentences
from serving.worth import Worth

#: The columns of an answer, in order.
ANSWER_COLUMNS = (
    "partnership_id",
    "creator_id",
    "platform",
    "band",
    "niche",
    "evidence",
    "as_of",
    "start_at",
    "deliverables",
    *(f"engagements_{name}" for name in (*QUANTILES, "mean")),
    *(f"views_{name}" for name in (*QUANTILES, "mean")),
    "engagement_rate_by_followers_p50",
    "engagement_rate_by_views_p50",
    "goal_engagements",
    "probability_goal",
    "fee_usd",
    "completion_rate",
    *(f"{what}_usd_{name}" for what in ("cpe", "cpm", "cost_per_view") for name in OPPOSITE),
    "cost_note",
    "target_cpe_usd",
    "probability_target",
    "benchmark_cell",
    "benchmark_creators",
    "benchmark_engagements_p50",
    "benchmark_engagement_rate_by_followers_p50",
    "benchmark_cpe_usd",
    "benchmark_cpe_source",
    "benchmark_cpe_cell",
    "benchmark_cpe_creators",
    "probability_benchmark",
    "cpe_index",
    "cheaper_than_share",
    "confidence",
    "break_even_fee_usd",
    "break_even_against",
    "offer_usd_open",
    "offer_usd_walk_away",
    *(f"market_fee_usd_{name}" for name in FIGURES),
    "market_fee_source",
    *(f"emv_usd_{name}" for name in OPPOSITE),
    "emv_source",
    "verdict",
    "sentence",
    "definition",
    "horizon_days",
    "model_version",
    "trained_on",
    "warnings",
)


#: Given only where asked for, in the order of Extras.
EXTRA_COLUMNS = ("reasons", "comparables")


@dataclass(frozen=True)
class _Place:
    """Where each row's creator stands: `known` in the tables or not, its platform, and why it cannot be scored."""

    known: np.ndarray
    platform: np.ndarray
    reasons: list[list[str]]


class Scorer:
    """Answers for one bundle over the tables of one data set.

    >>> answers, reasons = Scorer(bundle, tables).answer(prospects, as_of)  # doctest: +SKIP
    """

    def __init__(
        self,
        bundle: Bundle,
        tables: Tables | None = None,
        rates: Rates | None = None,
        values: ValueTable | None = None,
    ):
        self.bundle = bundle
        self.rates, self.values = rates or Rates(), values
        self.worth = Worth(bundle)
        self._deals = (tables or Tables()).partnerships
        self._comparables: Comparables | None = None
        self.history = History.of(tables or Tables(), bundle.reference.horizon_days)

    def answer(
        self,
        prospects: pd.DataFrame,
        as_of: pd.Timestamp,
        posts: pd.DataFrame | None = None,
        extras: Extras | None = None,
    ) -> tuple[pd.DataFrame, list[list[str]]]:
        """Forecast every prospect that can be; say of every other why not.

        `prospects`: clean frame in `features.schema.PROSPECTS` columns, numbered from 0. `as_of`: the moment of the
        forecast, with a zone. `posts`: recent posts in POSTS columns, of prospects that bring their own. Returns the
        answers in ANSWER_COLUMNS, one a prospect and in order (unknown is NaN or None; `warnings` a list), followed by
        those of EXTRA_COLUMNS that `extras` asks for; and the reasons of each row that could not be scored, an empty
        list where it was; a row not scored has no figures.
        """
        extras = extras or Extras()
        asked = prospects.assign(
            as_of=as_of.as_unit("us"),
            start_at=prospects["start_at"].fillna(as_of),
            deliverables=prospects["deliverables"].fillna(1.0),
            sponsored=1.0,
        )
        place = self._place(asked, posts)
        asked = with_terms(asked.assign(platform=place.platform), self.rates, self.values)
        ready = np.array([not reasons for reasons in place.reasons], dtype=bool)
        scored = []
        for rows in (ready & place.known, ready & ~place.known):
            if rows.any():
                own = asked[rows]
                history, own = (self.history, own) if place.known[rows][0] else self._inline(own, posts)
                scored.append(self._score(history, own, extras))
        figures = pd.concat(scored).reindex(asked.index) if scored else pd.DataFrame(index=asked.index)
        return self._answers(asked, figures, extras), place.reasons

    def _place(self, asked: pd.DataFrame, posts: pd.DataFrame | None) -> _Place:
        ids = asked["creator_id"]
        held = np.column_stack([self.history.accounts.get_indexer(f"{name}/" + ids) >= 0 for name in PLATFORMS])
        given = codes_of(asked["platform"], PLATFORMS)
        told = ~np.isnan(given)
        code = np.where(told, given, held.argmax(axis=1)).astype(int)
        own_posts = np.zeros(len(asked), bool) if posts is None else ids.isin(posts["creator_id"]).to_numpy()
        here = held[np.arange(len(asked)), code]
        known = here & ~own_posts
        informed = asked[["followers", *AVERAGES]].notna().any(axis=1).to_numpy() | own_posts
        refused = {
            _early: (asked["start_at"] < asked["as_of"]).to_numpy(),
            _ambiguous: ~told & (held.sum(axis=1) > 1),
            _no_platform: ~told & ~here,
            _nothing: told & ~known & ~informed,
            **refused_terms(asked, self.rates),
        }
        reasons = [[] for _ in range(len(asked))]
        for reason, rows in refused.items():
            for row in np.flatnonzero(rows):
                reasons[row].append(reason(asked.iloc[row]))
        return _Place(known, np.where(told | here, np.array(PLATFORMS, dtype=object)[code], None), reasons)

    def _inline(self, asked: pd.DataFrame, posts: pd.DataFrame | None) -> tuple[History, pd.DataFrame]:
        """Make a history of the rows' own profiles and posts; each row is an account of its own."""
        ids = asked["creator_id"].fillna("") + " (row " + asked.index.astype(str) + ")"
        own = empty(POSTS)
        if posts is not None:
            # a row that brings posts has a creator_id that no other row has
            owner = ids.set_axis(asked["creator_id"])[asked["creator_id"].isin(posts["creator_id"]).to_numpy()]
            own = posts[posts["creator_id"].isin(owner.index)]
            own = own.assign(creator_id=own["creator_id"].map(owner)).reset_index(drop=True)
        asked = asked.assign(creator_id=ids)
        creators = asked.reindex(columns=CREATORS.names).assign(observed_at=asked["as_of"]).reset_index(drop=True)
        return History.of(Tables(creators=creators, posts=own), self.bundle.reference.horizon_days), asked

    def _score(self, history: History, asked: pd.DataFrame, extras: Extras) -> pd.DataFrame:
        features = derive(history, asked, self.bundle.reference)
        deliverables = asked["deliverables"].to_numpy(float)
        engagements = self.bundle.forecasters["engagements"].predict_distribution(features, deliverables)
        columns = _distribution("engagements", engagements)
        shown, views = self._shows_views(asked), None
        if "views" in self.bundle.forecasters and shown.any():
            views = self.bundle.forecasters["views"].predict_distribution(features, deliverables)
            columns |= {name: np.where(shown, values, np.nan) for name, values in _distribution("views", views).items()}
        columns |= self.worth.columns(features, asked, engagements, views, shown)
        columns |= self._extra_columns(history, features, asked, extras)
        return pd.DataFrame({**columns, **self._said(features, asked, columns)})

    def _extra_columns(self, history: History, features: pd.DataFrame, asked: pd.DataFrame, extras: Extras) -> dict:
        found = {}
        if extras.explain:
            found["reasons"] = reasons(self.bundle.forecasters["engagements"], features)
        if extras.comparables:
            account = np.full(len(asked), -1) if history is not self.history else history.account_of(asked)
            found["comparables"] = self._comparables_at(asked["as_of"].iloc[0]).nearest(features, account)
        return {name: pd.Series(values, index=asked.index, dtype=object) for name, values in found.items()}

    def _comparables_at(self, as_of: pd.Timestamp) -> Comparables:
        """Give the known creators as of the start of the day, described once a day."""
        day = as_of.floor("D")
        if self._comparables is None or self._comparables.as_of != day:
            self._comparables = Comparables.of(self.history, self.bundle.reference, self._deals, day)
        return self._comparables

    def _said(self, features: pd.DataFrame, asked: pd.DataFrame, columns: dict) -> dict:
        followers = np.expm1(features["followers_log"].to_numpy())
        p50, deliverables = columns["engagements_p50"], asked["deliverables"].to_numpy(float)
        views = columns.get("views_p50", np.full(len(asked), np.nan))
        bands = tuple(self.bundle.reference.band_edges)
        return {
            "band": _named(bands, features["band_code"]),
            "niche": _named(NICHES, features["niche_code"]),
            "evidence": _named(EVIDENCE, features["engagements_evidence_code"]),
            "engagement_rate_by_followers_p50": cost_per(p50 / deliverables, followers),
            "engagement_rate_by_views_p50": cost_per(p50, views),
            "warnings": self._warnings(features, asked, columns),
        }

    def _answers(self, asked: pd.DataFrame, figures: pd.DataFrame, extras: Extras) -> pd.DataFrame:
        manifest = self.bundle.manifest
        said = {
            "definition": asked["platform"].map(ENGAGEMENT_DEFINITION),
            "horizon_days": self.history.horizon_days,
            "model_version": manifest["version"],
            "trained_on": manifest["trained_on"],
        }
        both = pd.concat([asked.assign(**said).drop(columns="niche"), figures], axis=1)
        besides = [name for name, wanted in zip(EXTRA_COLUMNS, astuple(extras), strict=True) if wanted]
        answers = both.reindex(columns=[*ANSWER_COLUMNS, *besides])
        answers["sentence"] = pd.Series(sentences(answers), index=answers.index, dtype=object)
        answers["warnings"] = [value if isinstance(value, list) else [] for value in answers["warnings"]]
        return answers

    def _shows_views(self, asked: pd.DataFrame) -> np.ndarray:
        shown = self.bundle.reference.views_shown
        pairs = zip(asked["platform"], asked["format"].fillna(UNKNOWN), strict=True)
        return np.array([name in shown.get(platform, ()) for platform, name in pairs], dtype=bool)

    def _warnings(self, features: pd.DataFrame, asked: pd.DataFrame, columns: dict) -> pd.Series:
        longest_lead_days = self.bundle.manifest["recipe"]["sampling"]["longest_lead_days"]
        trained = set(self.bundle.reference.engagements.priors)
        tests = {
            "followers_unknown": features["followers_log"].isna(),
            "followers_read_after_as_of": features["followers_late_flag"] == 1,
            "posts_read_after_as_of": features["readings_late_share"] > 0,
            "niche_unknown": features["niche_code"].isna(),
            "niche_from_text": (features["niche_declared_flag"] == 0) & features["niche_code"].notna(),
            "format_not_told": asked["format"].isna().set_axis(features.index),
            "lead_beyond_training": features["lead_days"] > longest_lead_days,
            "few_creators_of_platform_in_training": ~asked["platform"].isin(trained).set_axis(features.index),
            "no_sponsored_posts_in_training": np.full(len(features), self.bundle.reference.sponsored_posts == 0),
            **self.worth.warnings(features, asked, columns),
        }
        flags = np.column_stack([np.asarray(test, dtype=bool) for test in tests.values()])
        names = np.array(list(tests), dtype=object)
        return pd.Series([names[row].tolist() for row in flags], index=features.index, dtype=object)


def _distribution(what: str, predictive: Predictive) -> dict[str, np.ndarray]:
    quantiles = predictive.quantile(list(QUANTILES.values()))
    named = {f"{what}_{name}": quantiles[:, i] for i, name in enumerate(QUANTILES)}
    return {**named, f"{what}_mean": predictive.mean()}


def _named(names: tuple[str, ...], codes: pd.Series) -> np.ndarray:
    lookup = np.array([*names, UNKNOWN], dtype=object)
    return lookup[codes.fillna(len(names)).to_numpy(int)]


def _early(row) -> str:
    start, as_of = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (row.start_at, row.as_of))
    return f"start_at {start} lies before as_of {as_of}: ask about what is to come"


def _ambiguous(row) -> str:
    return f"creator_id {row.creator_id!r} stands on several platforms: name the platform"


def _no_platform(row) -> str:
    return f"{_who(row)} and the row names no platform: give a creator of the tables, or a profile with its platform"


def _nothing(row) -> str:
    return f"{_who(row)} on {row.platform} and the row has nothing to go by: give followers, averages or recent posts"


def _who(row) -> str:
    return f"creator_id {row.creator_id!r} is unknown" if isinstance(row.creator_id, str) else "no creator_id is given"
