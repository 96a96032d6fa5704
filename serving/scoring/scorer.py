"""Scorer: prospects in, answers out, in the same order. Batch files and the HTTP service both call
it.

A creator_id that is known is answered from what is known, and from posts that the row brings
besides. Any other row must bring a profile: a platform, and followers, averages or posts.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from features.comparables import Comparables
from features.derive.catalog import feature_column
from features.history.arrays import NAT_US
from features.history.history import History
from features.history.post_readings import PostReadings
from features.snapshot.reader import Snapshot
from features.tables.currency import CurrencyRates
from features.tables.model import Tables
from features.tables.vocabulary import ENGAGEMENT_DEFINITION, EVIDENCE, NICHES, PLATFORMS, UNKNOWN
from models.bundle import Bundle
from models.cost import cost_per
from models.emv import ValueTable
from models.joint import JointForecast, joint_forecast
from models.reasons import reasons
from serving.scoring.account_lookup import AccountLookup
from serving.scoring.answer_table import (
    ANSWER_COLUMNS,
    AnswerTable,
    amounts_in_fee_currency,
    completed,
    scatter_columns,
    scatter_values,
)
from serving.scoring.averages import RowAverages
from serving.scoring.creator_store import SnapshotCreatorStore, TableCreatorStore
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE, AnswerOptions, DealTerms
from serving.scoring.pricing import Pricing
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.quantiles import distribution_columns, extra_quantile_columns
from serving.scoring.row_features import RowFeatures
from serving.scoring.sentences import verdict_sentences
from serving.scoring.unused import DerivedProspects, UnusedValues
from serving.scoring.warning_flags import (
    forecast_warnings,
    model_age_warnings,
    validation_warnings,
    views_warnings,
    warning_names,
)
from serving.settings import STALE_DAYS

#: Repeated in answers as they were asked.
_ECHOED = (
    "fee_usd",
    "fee",
    "currency",
    "usd_per_unit",
    "completion_rate",
    "goal_engagements",
    "target_cpe_usd",
)
_PLATFORMS = np.array([*PLATFORMS, None], dtype=object)
_DEFINITIONS = np.array([*(ENGAGEMENT_DEFINITION[name] for name in PLATFORMS), None], dtype=object)
_NICHES, _EVIDENCE = (np.array([*names, UNKNOWN], dtype=object) for names in (NICHES, EVIDENCE))


class Scorer:
    """Answers for one bundle over the tables of one data set, or over a snapshot of them that fits
    the bundle.

    >>> Scorer(bundle, tables).score(ProspectBatch.of_rows([{"creator_id": "c7"}]), as_of)  # doctest: +SKIP
    """

    def __init__(
        self,
        bundle: Bundle,
        tables: Tables | None = None,
        rates: CurrencyRates | None = None,
        values: ValueTable | None = None,
        snapshot: Snapshot | None = None,
        stale_days: float = STALE_DAYS,
    ):
        self.bundle = bundle
        self.rates, self.values = rates or CurrencyRates(), values
        self.pricing, self._unused = Pricing(bundle), UnusedValues(bundle)
        self._comparables: Comparables | None = None
        if snapshot is not None:
            self.creator_store: TableCreatorStore | SnapshotCreatorStore = SnapshotCreatorStore(
                snapshot, bundle.reference, stale_days
            )
        else:
            tables = tables or Tables()
            history = History.from_tables(tables, bundle.reference.horizon_days, details=True)
            self.creator_store = TableCreatorStore(history, bundle.reference, tables.partnerships)
        self.rows = RowFeatures(self.creator_store, bundle.reference)
        self._bands = np.array([*bundle.reference.band_edges, UNKNOWN], dtype=object)

    def score(
        self,
        asked: ProspectBatch,
        as_of: int,
        posts: PostReadings | None = None,
        extras: AnswerOptions | None = None,
        columns: Collection[str] = ANSWER_COLUMNS,
    ) -> AnswerTable:
        """Forecast every prospect that can be; say of every other why not.

        `as_of`: the moment of the forecast, microseconds UTC. `posts`: recent posts of prospects
        that bring their own, whose account is the row. `columns`: those of ANSWER_COLUMNS that are
        wanted; what no other needs is not made. Quantiles and those of EXTRA_COLUMNS that `extras`
        asks for follow.
        """
        extras = extras or AnswerOptions()
        besides = [*extra_quantile_columns(extras.quantiles), *extras.columns]
        wanted = [*(ANSWER_COLUMNS if columns is ANSWER_COLUMNS else _in_order(columns)), *besides]
        own_posts = np.zeros(asked.n, dtype=bool)
        if posts is not None:
            own_posts[posts.account] = True
        place = AccountLookup.of(
            asked, self._held(asked), as_of, own_posts, self.rates, self._knows
        )
        sources = self.rows.sources(place.account, place.platform, posts, as_of)
        early = self.creator_store.as_of_breach(as_of)
        for row in np.flatnonzero(sources.account >= 0).tolist() if early else ():
            place.breaches.setdefault(row, []).append(early)
        terms = DealTerms.of(asked, place.platform, self.rates, self.values)
        found = self._echo(asked, place, terms, as_of, frozenset(wanted))
        found["as_of"] = np.where(
            sources.account >= 0, self.creator_store.effective_as_of(as_of), as_of
        ).view("datetime64[us]")
        ready = np.ones(asked.n, dtype=bool)
        ready[list(place.breaches)] = False
        if ready.any():
            rows = slice(None) if ready.all() else ready
            own = sources if ready.all() else sources[ready]
            x, flags = self.rows.derive(asked[rows], own, place.platform[rows], as_of)
            joint = self._forecast(x, terms[rows])
            question = asked[rows], own.account >= 0, as_of
            figures = self._figures(
                x, terms[rows], joint, question, frozenset(wanted), flags, extras.quantiles
            )
            figures |= self._extra_columns(x, joint, own.account, as_of, extras.columns)
            found |= scatter_columns(figures, ready)
        return AnswerTable(asked.n, completed(asked.n, found, wanted), place.breaches)

    def _knows(self, creator_id: str) -> bool:
        return any(self.creator_store.find(platform, creator_id) >= 0 for platform in PLATFORMS)

    def _held(self, asked: ProspectBatch) -> np.ndarray:
        """Give the account of each row's creator_id on every platform, (n, platforms), -1 where
        there is none.
        """
        held = np.full((asked.n, len(PLATFORMS)), -1)
        if "creator_id" in asked.texts and len(self.creator_store):
            ids, given = asked.texts["creator_id"], asked.code("platform")
            for code, name in enumerate(PLATFORMS):
                rows = np.flatnonzero(np.isnan(given) | (given == code))
                held[rows, code] = [
                    -1 if ids[row] is None else self.creator_store.find(name, ids[row])
                    for row in rows.tolist()
                ]
        return held

    def _forecast(self, x: np.ndarray, terms: DealTerms) -> JointForecast:
        in_part = None if terms.completion_rate is None else terms.completion_rate < 1
        return joint_forecast(
            self.bundle.forecasters, self.bundle.reference, x, terms.deliverables, in_part
        )

    def _figures(
        self,
        x: np.ndarray,
        terms: DealTerms,
        joint: JointForecast,
        question: tuple[ProspectBatch, np.ndarray, int],
        wanted: Collection[str],
        besides: dict[str, np.ndarray],
        quantiles: Collection[float],
    ) -> dict:
        """Give the columns of rows.

        `question`: the rows as asked, which of them are known creators, and as_of; `besides`: what
        there is to warn of, by name, before anything is forecast.
        """
        found = distribution_columns("engagements", joint.engagements, quantiles)
        if joint.views is not None:
            own = distribution_columns("views", joint.views, quantiles)
            found |= {name: scatter_values(values, joint.has_views) for name, values in own.items()}
        found |= self.pricing.columns(x, terms, joint.engagements, joint.views, joint.has_views)
        found |= amounts_in_fee_currency(found, terms.usd_per_unit)
        found |= self._said(x, terms, found)
        if "warnings" in wanted:
            flags = self._warnings(x, question, joint) | self.pricing.warnings(x, terms, found)
            found["warnings"] = warning_names(flags | joint.warnings(quantiles) | besides)
        if "sentence" in wanted:
            found["sentence"] = verdict_sentences(found, terms)
        return found

    def _warnings(
        self, x: np.ndarray, question: tuple[ProspectBatch, np.ndarray, int], joint: JointForecast
    ) -> dict:
        """Say by name which rows, (n,), have what."""
        asked, known, as_of = question
        reference = self.bundle.reference
        longest = self.bundle.manifest["recipe"]["sampling"]["longest_lead_days"]
        moment = self.creator_store.effective_as_of(as_of)
        averages = RowAverages.of(asked, x, reference)
        return {
            **forecast_warnings(x, asked.code("format"), reference, longest),
            **views_warnings(x, joint.has_views, reference),
            **model_age_warnings(x, np.where(known, moment, as_of), reference),
            **validation_warnings(x, self.bundle),
            "snapshot_stale": known & self.creator_store.is_stale(as_of),
            **({} if averages is None else averages.warnings(x, reference)),
            **self._unused.warnings(
                DerivedProspects(
                    asked, known, moment, x, joint.has_views, joint.has_level_from_views, averages
                )
            ),
        }

    def _said(self, x: np.ndarray, terms: DealTerms, found: dict) -> dict:
        p50, followers = found["engagements_p50"], np.expm1(feature_column(x, "followers_log"))
        said = {
            "band": _named(self._bands, feature_column(x, "band_code")),
            "niche": _named(_NICHES, feature_column(x, "niche_code")),
            "evidence": _named(_EVIDENCE, feature_column(x, "engagements_evidence_code")),
            "engagement_rate_by_followers_p50": cost_per(p50 / terms.deliverables, followers),
        }
        if "views_p50" in found:
            said["engagement_rate_by_views_p50"] = cost_per(p50, found["views_p50"])
        return said

    def _echo(
        self,
        asked: ProspectBatch,
        place: AccountLookup,
        terms: DealTerms,
        as_of: int,
        wanted: Collection[str],
    ) -> dict:
        """Give what answers repeat of the question, and what all of them say; of every row, scored
        or not.
        """
        start, code = (
            asked.time("start_at"),
            np.where(np.isnan(place.platform), -1, place.platform).astype(int),
        )
        manifest = self.bundle.manifest
        said = {
            **{name: asked.text(name) for name in ("partnership_id", "creator_id")},
            "platform": _PLATFORMS[code],
            "start_at": np.where(start == NAT_US, as_of, start).view("datetime64[us]"),
            "deliverables": terms.deliverables,
            "confidence": np.full(asked.n, DEFAULT_CONFIDENCE)
            if terms.confidence is None
            else terms.confidence,
            "definition": _DEFINITIONS[code],
            "horizon_days": np.full(asked.n, self.bundle.reference.horizon_days),
        }
        for name, text in (
            ("model_version", manifest["version"]),
            ("trained_on", manifest["trained_on"]),
        ):
            if name in wanted:
                said[name] = np.full(asked.n, text, dtype=object)
        told = {name: getattr(terms, name) for name in _ECHOED} | {"emv_source": terms.valued}
        return said | {name: values for name, values in told.items() if values is not None}

    def _extra_columns(
        self,
        x: np.ndarray,
        joint: JointForecast,
        account: np.ndarray,
        as_of: int,
        besides: list[str],
    ) -> dict:
        made = {
            "reasons": lambda: reasons(
                self.bundle.forecasters["engagements"], x, besides=joint.reasons()
            ),
            "comparables": lambda: self._comparables_at(as_of).nearest(_likeness(x), account),
        }
        found = {}
        for name in besides:
            found[name] = np.empty(len(x), dtype=object)
            found[name][:] = made[name]()
        return found

    def _comparables_at(self, as_of: int) -> Comparables:
        """Give the known creators as of the start of the day, or of the snapshot; described once a
        day.
        """
        day = pd.Timestamp(as_of, unit="us", tz="UTC").floor("D")
        if self._comparables is None or self._comparables.as_of != day:
            self._comparables = self.creator_store.comparables(day)
        return self._comparables


def _in_order(columns: Collection[str]) -> list[str]:
    chosen = set(columns)
    return [name for name in ANSWER_COLUMNS if name in chosen]


def _likeness(x: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {name: feature_column(x, name) for name in ("platform_code", "followers_log", "niche_code")}
    )


def _named(names: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Give the name of each code, the last one for NaN."""
    return names[np.where(np.isnan(codes), -1, codes).astype(int)]
