"""From prospects to answers, in the same order, for batch files and for the HTTP service.

A known creator_id is answered from the tables or the snapshot, and from recent posts of the row.
Any other row must have a profile: a platform, and followers, averages or posts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.comparables import Comparables
from features.derive.catalog import feature_column
from features.history.history import History
from features.history.post_readings import PostReadings
from features.snapshot.reader import Snapshot
from features.tables.currency import CurrencyRates
from features.tables.model import Tables
from features.tables.vocabulary import PLATFORMS, UNKNOWN
from models.bundle import Bundle
from models.emv import ValueTable
from models.joint import joint_forecast, lacks_curve
from models.reasons import reasons
from serving.scoring.account_lookup import AccountLookup
from serving.scoring.answer_table import (
    ANSWER_COLUMNS,
    AnswerTable,
    amounts_in_fee_currency,
    completed,
    scatter_columns,
)
from serving.scoring.averages import RowAverages
from serving.scoring.breaches import Breach
from serving.scoring.creator_store import SnapshotCreatorStore, TableCreatorStore
from serving.scoring.deal_terms import AnswerOptions, DealTerms, no_curve_breach
from serving.scoring.descriptive_columns import creator_columns, model_columns, request_columns
from serving.scoring.forecast_rows import ForecastRows, KeepForecasts
from serving.scoring.package_rows import is_mixed, score_apart
from serving.scoring.packages import forecast_packages, package_flags
from serving.scoring.pricing import Pricing
from serving.scoring.pricing_warnings import PricingWarnings
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.quantiles import distribution_columns, extra_quantile_columns
from serving.scoring.row_features import RowFeatures, RowSources
from serving.scoring.sentences import verdict_sentences
from serving.scoring.unused import DerivedProspects, UnusedValues
from serving.scoring.warning_flags import (
    forecast_warnings,
    model_age_warnings,
    unvalidated_platforms,
    views_warnings,
    warning_names,
    with_starter_warning,
)
from serving.settings import STALE_DAYS


@dataclass(frozen=True)
class _LookedUp:
    """What n prospects are scored by, and the rules that they break, by row."""

    lookup: AccountLookup
    sources: RowSources
    terms: DealTerms
    breaches: dict[int, list[Breach]]


class Scorer:
    """Scores prospects with one bundle, over the tables of a data set or a snapshot of them.

    The snapshot must fit the bundle.

    >>> prospects = ProspectBatch.from_rows([{"creator_id": "c7"}])
    >>> Scorer(bundle, tables).score(prospects, as_of)  # doctest: +SKIP
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
        self.pricing, self._pricing_warnings = Pricing(bundle), PricingWarnings(bundle)
        self._unused = UnusedValues(bundle)
        self._unvalidated_platforms = unvalidated_platforms(bundle)
        self._comparables: Comparables | None = None
        if snapshot is not None:
            self.creator_store: TableCreatorStore | SnapshotCreatorStore = SnapshotCreatorStore(
                snapshot, bundle.reference, stale_days
            )
        else:
            tables = tables or Tables()
            history = History.from_tables(tables, details=True)
            self.creator_store = TableCreatorStore(
                history, bundle.reference, tables.partnerships, tables.creators
            )
        self.rows = RowFeatures(self.creator_store, bundle.reference)
        self._band_names = np.array([*bundle.reference.band_edges, UNKNOWN], dtype=object)

    def score(
        self,
        prospects: ProspectBatch,
        as_of: int,
        posts: PostReadings | None = None,
        extras: AnswerOptions | None = None,
        columns: Collection[str] = ANSWER_COLUMNS,
        keep: KeepForecasts | None = None,
    ) -> AnswerTable:
        """Return the answer of every prospect, or the rules that it breaks and so cannot be scored.

        `as_of`: the moment of the forecast, microseconds UTC. `posts`: recent posts of prospects,
        whose account is the row. `columns`: those of ANSWER_COLUMNS to return; what no other needs
        is not made. The quantiles and the EXTRA_COLUMNS of `extras` follow. `keep`: is given the
        forecasts, in one call or two.
        """
        if is_mixed(prospects):
            return score_apart(
                prospects,
                posts,
                lambda rows, own: self.score(rows, as_of, own, extras, columns, keep),
            )
        return self.score_with_forecasts(prospects, as_of, posts, extras, columns, keep)[0]

    def score_with_forecasts(
        self,
        prospects: ProspectBatch,
        as_of: int,
        posts: PostReadings | None = None,
        extras: AnswerOptions | None = None,
        columns: Collection[str] = ANSWER_COLUMNS,
        keep: KeepForecasts | None = None,
    ) -> tuple[AnswerTable, ForecastRows | None]:
        """Return the answers as `score` does, and the forecasts of the rows that were scored, in
        their order, None where there is none; of rows of one format each, or of packages alone.
        """
        extras = extras or AnswerOptions()
        chosen = frozenset(columns)
        answer_columns = [name for name in ANSWER_COLUMNS if name in chosen]
        answer_columns += [*extra_quantile_columns(extras.quantiles), *extras.columns]
        looked_up = self._look_up(prospects, as_of, posts)
        lookup, sources, terms = looked_up.lookup, looked_up.sources, looked_up.terms
        breaches = looked_up.breaches
        reference = self.bundle.reference
        answers = request_columns(prospects, lookup, terms, as_of, reference)
        n = prospects.n
        answers |= model_columns(self.bundle, n)
        effective_as_of = self.creator_store.effective_as_of(as_of)
        answers["as_of"] = np.where(sources.account >= 0, effective_as_of, as_of).view(
            "datetime64[us]"
        )
        can_score = np.ones(n, dtype=bool)
        can_score[list(breaches)] = False
        scored = None
        if can_score.any():
            platform = lookup.platform
            rows: slice | np.ndarray = slice(None)
            if not can_score.all():
                rows = can_score
                prospects, terms, sources = prospects[rows], terms[rows], sources[rows]
                platform = platform[rows]
            scored = self._derive_and_forecast(prospects, terms, sources, platform, as_of)
            made = {*answer_columns, "warnings"} if keep is not None else answer_columns
            figures = self._figures(scored, frozenset(made), extras)
            if keep is not None:
                keep(scored, {name: values[rows] for name, values in answers.items()} | figures)
            answers |= scatter_columns(figures, can_score)
        answered = completed(n, answers, answer_columns)
        return AnswerTable(n, answered, breaches), scored

    def check(self, prospects: ProspectBatch, as_of: int) -> AnswerTable:
        """Return the rules that prospects break and so cannot be scored, without any forecast.

        `as_of`: the moment of the forecast, microseconds UTC.
        """
        if is_mixed(prospects):
            return score_apart(prospects, None, lambda rows, _: self.check(rows, as_of))
        return AnswerTable(prospects.n, {}, self._look_up(prospects, as_of, None).breaches)

    def _look_up(
        self, prospects: ProspectBatch, as_of: int, posts: PostReadings | None
    ) -> _LookedUp:
        """Return what prospects would be scored by, and the rules that they break."""
        has_posts = np.zeros(prospects.n, dtype=bool)
        if posts is not None:
            has_posts[posts.account] = True
        accounts = self._accounts(prospects)
        lookup = AccountLookup.of(
            prospects, accounts, as_of, has_posts, self.rates, self._is_known_creator
        )
        sources = self.rows.sources(lookup.account, lookup.platform, posts, as_of)
        terms = DealTerms.of(prospects, lookup.platform, self.rates, self.values)
        breaches = self._with_as_of_breaches(lookup.breaches, sources, as_of)
        breaches = self._with_horizon_breaches(breaches, lookup.platform, terms)
        return _LookedUp(lookup, sources, terms, breaches)

    def _is_known_creator(self, creator_id: str) -> bool:
        return any(self.creator_store.find(platform, creator_id) >= 0 for platform in PLATFORMS)

    def _accounts(self, prospects: ProspectBatch) -> np.ndarray:
        """Return the known account of each row's creator_id on every platform, (n, platforms).

        It is -1 where there is none, and on platforms other than the one that a row names.
        """
        accounts = np.full((prospects.n, len(PLATFORMS)), -1)
        if "creator_id" not in prospects.texts or not len(self.creator_store):
            return accounts
        creator_ids = prospects.texts["creator_id"]
        named_platform = prospects.code("platform")
        for code, platform in enumerate(PLATFORMS):
            is_possible = np.isnan(named_platform) | (named_platform == code)
            for row in is_possible.nonzero()[0].tolist():
                if creator_ids[row] is not None:
                    accounts[row, code] = self.creator_store.find(platform, creator_ids[row])
        return accounts

    def _with_as_of_breaches(
        self, breaches: dict[int, list[Breach]], sources: RowSources, as_of: int
    ) -> dict[int, list[Breach]]:
        """Return the breaches of rows, with that of known creators that cannot be described as of
        the moment.
        """
        breach = self.creator_store.as_of_breach(as_of)
        if breach is None:
            return breaches
        known_rows = (sources.account >= 0).nonzero()[0].tolist()
        late = {row: [*breaches.get(row, []), breach] for row in known_rows}
        return breaches | late

    def _with_horizon_breaches(
        self, breaches: dict[int, list[Breach]], platform: np.ndarray, terms: DealTerms
    ) -> dict[int, list[Breach]]:
        """Return the breaches of rows, with those that ask for a day to which the engagements of
        their platform cannot be brought.
        """
        reference = self.bundle.reference
        lacking = lacks_curve("engagements", platform, terms.horizon_days, reference)
        refused = {
            row: [*breaches.get(row, []), no_curve_breach(row, platform, terms, reference)]
            for row in lacking.nonzero()[0].tolist()
        }
        return breaches | refused

    def _derive_and_forecast(
        self,
        prospects: ProspectBatch,
        terms: DealTerms,
        sources: RowSources,
        platform: np.ndarray,
        as_of: int,
    ) -> ForecastRows:
        if "package" in prospects.texts:
            return forecast_packages(
                self.rows, self.bundle, prospects, terms, sources, platform, as_of
            )
        x, post_flags = self.rows.derive(prospects, sources, platform, as_of)
        is_partial = None if terms.completion_rate is None else terms.completion_rate < 1
        joint = joint_forecast(
            self.bundle.forecasters,
            self.bundle.reference,
            x,
            terms.deliverables,
            is_partial,
            terms.horizon_days,
        )
        return ForecastRows(prospects, terms, sources.account, as_of, x, joint, post_flags)

    def _figures(
        self, rows: ForecastRows, answer_columns: Collection[str], extras: AnswerOptions
    ) -> dict[str, np.ndarray]:
        """Return the columns that only scored rows have, (n,) each."""
        x, terms, joint = rows.x, rows.terms, rows.joint
        figures = distribution_columns("engagements", joint.engagements, extras.quantiles)
        if joint.views is not None:
            views = distribution_columns("views", joint.views, extras.quantiles)
            figures |= scatter_columns(views, joint.has_views)
        figures |= self.pricing.columns(x, terms, joint, rows.packages)
        figures |= amounts_in_fee_currency(figures, terms.usd_per_unit)
        figures |= creator_columns(x, self._band_names, terms, figures)
        if "warnings" in answer_columns:
            flags = self._warning_flags(rows) | self._pricing_warnings.flags(x, terms, figures)
            flags |= package_flags(rows, self.bundle.market_fee, figures)
            flags |= joint.warnings(extras.quantiles_read) | rows.post_flags
            figures["warnings"] = warning_names(with_starter_warning(flags, self.bundle))
        if "sentence" in answer_columns:
            figures["sentence"] = verdict_sentences(figures, terms)
        if extras.explain:
            booster = self.bundle.forecasters["engagements"]
            explained = reasons(
                booster,
                x,
                besides=joint.reasons(),
                reference=self.bundle.reference,
                horizon_days=terms.horizon_days,
            )
            figures["reasons"] = _objects(explained)
        if extras.comparables:
            comparables = self._comparables_at(rows.as_of)
            figures["comparables"] = _objects(comparables.nearest(_likeness(x), rows.account))
        return figures

    def _warning_flags(self, rows: ForecastRows) -> dict[str, np.ndarray]:
        """Return `_forecast_flags`, of packages those of their parts together."""
        if rows.packages is None or rows.parts is None:
            return self._forecast_flags(rows)
        return rows.packages.combine_flags(self._forecast_flags(rows.parts))

    def _forecast_flags(self, rows: ForecastRows) -> dict[str, np.ndarray]:
        """Return by warning about evidence and model the rows (n,) that have it."""
        prospects, x, joint, reference = rows.prospects, rows.x, rows.joint, self.bundle.reference
        longest_lead_days = self.bundle.manifest["recipe"]["sampling"]["longest_lead_days"]
        platform = feature_column(x, "platform_code").astype(int)
        is_known = rows.account >= 0
        known_as_of = self.creator_store.effective_as_of(rows.as_of)
        as_of = np.where(is_known, known_as_of, rows.as_of)
        averages = RowAverages.of(prospects, x, reference)
        flags = forecast_warnings(x, prospects.code("format"), reference, longest_lead_days)
        flags |= views_warnings(x, joint.has_views, reference)
        flags |= model_age_warnings(platform, as_of, reference)
        flags |= {name: rows[platform] for name, rows in self._unvalidated_platforms.items()}
        flags["followers_zero"] = ~is_known & (prospects.number("followers") == 0)
        flags["snapshot_stale"] = is_known & self.creator_store.is_stale(rows.as_of)
        if averages is not None:
            flags |= averages.warnings(x, reference)
        derived = DerivedProspects(
            prospects,
            is_known,
            known_as_of,
            x,
            joint.has_views,
            joint.has_level_from_views,
            averages,
        )
        return flags | self._unused.warnings(derived)

    def _comparables_at(self, as_of: int) -> Comparables:
        """Return the known creators as of the start of the day, or of the snapshot.

        They are described once a day.
        """
        day = pd.Timestamp(as_of, unit="us", tz="UTC").floor("D")
        if self._comparables is None or self._comparables.as_of != day:
            self._comparables = self.creator_store.comparables(day)
        return self._comparables


def _objects(values: Sequence) -> np.ndarray:
    """Return values as an array of objects (n,), whatever each of them is."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _likeness(x: np.ndarray) -> pd.DataFrame:
    """Return the features by which comparable creators are found."""
    names = ("platform_code", "followers_log", "niche_code")
    return pd.DataFrame({name: feature_column(x, name) for name in names})
