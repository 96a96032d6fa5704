"""Forecasts of the scorer as the ledger keeps them: what was asked, what was forecast, by what."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from features.derive.catalog import feature_column
from features.derive.version import FEATURES_VERSION
from features.history.arrays import NAT_US
from features.tables.packages import parse_package
from features.tables.vocabulary import UNCOUNTED_FORMATS
from ledger.forecast_batch import Column, ForecastBatch
from ledger.forecast_entry import LEVELS
from models.bounded_distribution import BoundedDistribution
from models.conformal import GRID
from models.distribution import PredictiveDistribution
from models.interpolation import between
from models.monitored_inputs import MONITORED_NUMBERS
from models.package_totals import PackageTotals
from serving.scoring.forecast_rows import ForecastRows
from serving.scoring.prospect_batch import ALLOWED_VALUES, ProspectBatch

#: Columns of answers that are fields of an entry.
_ANSWER_FIELDS = (
    *("creator_id", "platform", "package", "deliverables", "completion_rate"),
    *("band", "niche", "evidence", "horizon_days", "engagements_mean", "fee_usd", "fee"),
    *("currency", "benchmark_cpe_usd", "probability_benchmark", "break_even_fee_usd"),
    *("goal_engagements", "probability_goal", "verdict", "warnings", "views_mean"),
)
#: Not kept of a question: what a creator writes of himself.
_LEFT_OUT = "bio"
#: The numbers of SplitMix64.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LOW, _SHARE = between(GRID, np.array(LEVELS))
#: Positions of LEVELS in GRID, and of those between two of GRID the one above; half of both then.
_ABOVE = np.where(_SHARE > 1e-9, _LOW + 1, _LOW)
_KNOTS = np.unique(np.concatenate([_LOW, _ABOVE]))
_AT_LOW, _AT_ABOVE = np.searchsorted(_KNOTS, _LOW), np.searchsorted(_KNOTS, _ABOVE)
_BETWEEN = np.flatnonzero(_LOW != _ABOVE)


@dataclass(frozen=True)
class AskedBy:
    """Who asked for forecasts, and when: `door` of ledger.forecast_entry.DOORS; `made_at`:
    microseconds UTC; `run`: names a run over a list, whose rows then have the same forecast_id
    whenever it is taken up again.
    """

    door: str
    made_at: int
    campaign: str | None = None
    key_name: str | None = None
    run: str | None = None

    def forecast_ids(self, names: list) -> list[str]:
        """Return the forecast_id of each row; `names`: the partnership_id of each."""
        if self.run is None:
            # by time first, as in UUIDs of version 7: the index of the table grows at its end
            start_text = f"{self.made_at // 1000:012x}"
            text = secrets.token_hex(10 * len(names))
            return [start_text + text[start : start + 20] for start in range(0, len(text), 20)]
        start = hashlib.blake2b(f"{self.run}\n{self.campaign}\n".encode(), digest_size=16)
        return [_continued(start, str(name)) for name in names]


def forecast_batch(
    rows: ForecastRows,
    answers: Mapping[str, np.ndarray],
    asked: AskedBy,
    post_counts: np.ndarray | None = None,
    names: Sequence[str | None] | None = None,
) -> ForecastBatch:
    """Return the forecasts of rows (n,) that were scored; `answers`: their columns by names of
    serving.scoring.answer_table.ANSWER_COLUMNS; `post_counts` (n,): recent posts of each row;
    `names` (n,): of the creators as the list has them, kept with the question.
    """
    joint, x, prospects = rows.joint, rows.x, rows.prospects
    columns: dict[str, Column] = {
        name: _plain(answers[name]) for name in _ANSWER_FIELDS if name in answers
    }
    columns["forecast_id"] = asked.forecast_ids(prospects.text("partnership_id").tolist())
    columns["partnership_id"] = prospects.given_ids()
    columns["as_of"] = answers["as_of"].view(np.int64).tolist()
    columns["features_digest"] = row_digests(x)
    columns["followers"] = np.rint(np.expm1(feature_column(x, "followers_log")))
    columns["location"], columns["scale"] = _single_table(rows)
    columns["alternative_engagements"] = _by_last_posts(x, _counted(answers))
    question = _question(prospects)
    columns["handle"] = question.get("handle", [None] * len(x))
    columns["format"] = question.get("format", [None] * len(x))
    columns["start_at"] = question.get("start_at", [None] * len(x))
    if post_counts is not None:
        question["recent_posts"] = post_counts.tolist()
    if names is not None:
        question["name"] = list(names)
    views = None if joint.views is None else quantiles_at_levels(joint.views)
    return ForecastBatch(
        {
            "made_at": asked.made_at,
            "door": asked.door,
            "campaign": asked.campaign,
            "key_name": asked.key_name,
            "features_version": FEATURES_VERSION,
            "model_version": str(answers["model_version"][0]),
            "trained_on": str(answers["trained_on"][0]),
        },
        columns,
        _inputs(x, columns),
        question,
        quantiles_at_levels(joint.engagements),
        views,
        () if views is None else np.flatnonzero(joint.has_views).tolist(),
    )


@dataclass
class ForecastCollector:
    """Collects the forecasts that the scorer gives; a fault costs no answer, and is counted.

    `post_counts`: partnership_id -> recent posts that were given; `names`: partnership_id -> name
    of the creator as the list has it; `lost`: forecasts that could not
    be put into `batches`, and `fault` why.
    """

    asked: AskedBy
    post_counts: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    batches: list[ForecastBatch] = field(default_factory=list)
    lost: int = 0
    fault: str = ""

    def __call__(self, rows: ForecastRows, answers: Mapping[str, np.ndarray]) -> None:
        """Collect the forecasts of rows, as serving.scoring.forecast_rows.KeepForecasts."""
        self.add(
            lambda: forecast_batch(
                rows, answers, self.asked, self._posts(rows), self._names_of(rows)
            ),
            len(rows.x),
        )

    def add(self, make: Callable[[], ForecastBatch], number: int) -> None:
        """Collect a batch with that number of forecasts."""
        try:
            self.batches.append(make())
        except Exception as error:  # whatever it is, the answer is given
            self.lost += number
            self.fault = f"they could not be described ({type(error).__name__})"

    def _posts(self, rows: ForecastRows) -> np.ndarray | None:
        if not self.post_counts:
            return None
        names = rows.prospects.text("partnership_id").tolist()
        return np.array([self.post_counts.get(name, 0) for name in names])

    def _names_of(self, rows: ForecastRows) -> list[str | None] | None:
        if not self.names:
            return None
        return [self.names.get(name) for name in rows.prospects.text("partnership_id").tolist()]


def row_digests(x: np.ndarray) -> list[str]:
    """Return a digest of 64 bits of each row of the derived matrix (n, columns), in hex: the sum of
    its values, each moved by the place of its column and mixed as SplitMix64 does (Steele, Lea and
    Flood, 2014). It tells rows apart; it is no protection against forgery.

    >>> row_digests(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]]))
    ['463f281b672605ea', 'a0d52e9e6a777437', '463f281b672605ea']
    """
    places = np.arange(1, x.shape[1] + 1, dtype="<u8") * _GOLDEN
    mixed = np.ascontiguousarray(x, dtype="<f8").view("<u8") + places
    mixed ^= mixed >> 30
    mixed *= _MIX[0]
    mixed ^= mixed >> 27
    mixed *= _MIX[1]
    mixed ^= mixed >> 31
    text = mixed.sum(axis=1).astype(">u8").tobytes().hex()
    return [text[start : start + 16] for start in range(0, len(text), 16)]


def quantiles_at_levels(forecast: PredictiveDistribution) -> np.ndarray:
    """Return the quantiles of totals at LEVELS, (n, len(LEVELS)); between the probabilities of
    GRID they are linear in ln(1 + total).
    """
    totals = forecast.totals_at(_KNOTS)
    quantiles = np.ascontiguousarray(totals[:, _AT_LOW])
    low, above = np.log1p(totals[:, _AT_LOW[_BETWEEN]]), np.log1p(totals[:, _AT_ABOVE[_BETWEEN]])
    quantiles[:, _BETWEEN] = np.expm1(low * (1 - _SHARE[_BETWEEN]) + above * _SHARE[_BETWEEN])
    return quantiles


def at_levels(log_curves: np.ndarray) -> np.ndarray:
    """Return curves at GRID, (n, len(GRID)), at LEVELS, linear in between, (n, len(LEVELS))."""
    return log_curves[:, _LOW] * (1 - _SHARE) + log_curves[:, _ABOVE] * _SHARE


def _single_table(rows: ForecastRows) -> tuple[np.ndarray, np.ndarray]:
    """Return location and scale of one deliverable, (n,) each, NaN where the forecast is no single
    conformal table: of packages, of rows that are bounded or delivered in part.
    """
    forecast = rows.joint.engagements
    location, scale = forecast.location, forecast.scale
    if isinstance(forecast, PackageTotals):
        return np.full(len(location), np.nan), np.full(len(location), np.nan)
    other = np.zeros(len(location), dtype=bool)
    if isinstance(forecast, BoundedDistribution):
        other |= forecast.rows
    if rows.terms.completion_rate is not None:
        other |= rows.terms.completion_rate < 1
    if not other.any():
        return np.ascontiguousarray(location), np.ascontiguousarray(scale)
    return np.where(other, np.nan, location), np.where(other, np.nan, scale)


def _counted(answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the deliverables (n,) that show counts: of a package, those of its formats that do."""
    counted = np.array(answers["deliverables"], dtype=float)
    packages = answers.get("package")
    if packages is None:
        return counted
    for row, text in enumerate(packages.tolist()):
        if text:
            parts = parse_package(str(text))
            counted[row] = sum(number for name, number in parts if name not in UNCOUNTED_FORMATS)
    return counted


def _by_last_posts(x: np.ndarray, deliverables: np.ndarray) -> np.ndarray:
    """Return the totals (n,) by the mean of the last 12 posts, NaN where there are none;
    `deliverables` (n,): those that show counts.
    """
    log_mean = feature_column(x, "engagements_log_offset") + feature_column(
        x, "engagements_dev_mean_12"
    )
    return deliverables * np.expm1(log_mean)


def _inputs(x: np.ndarray, columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the values of models.monitored_inputs.MONITORED_INPUTS by name."""
    inputs: dict[str, Column] = {
        name: feature_column(x, name).tolist() for name in MONITORED_NUMBERS
    }
    return inputs | {
        name: columns[name] for name in ("platform", "format", "niche", "band", "evidence")
    }


def _question(prospects: ProspectBatch) -> dict[str, Column]:
    """Return what was asked by column, but not what a creator writes of himself."""
    question: dict[str, Column] = {
        name: _plain(values) for name, values in prospects.numbers.items()
    }
    for name, codes in prospects.codes.items():
        words = ALLOWED_VALUES[name]
        question[name] = [words[int(code)] if code == code else None for code in codes.tolist()]
    for name, times in prospects.times.items():
        question[name] = [None if time == NAT_US else time for time in times.tolist()]
    for name, texts in prospects.texts.items():
        if name != _LEFT_OUT:
            question[name] = texts.tolist()
    if "partnership_id" in question:
        question["partnership_id"] = prospects.given_ids()
    return question


def _plain(values: np.ndarray) -> Column:
    """Return values as the encoder takes them: arrays of numbers as they are, where they lie in one
    piece.
    """
    return values if values.dtype == float and values.flags.c_contiguous else values.tolist()


def _continued(start: "hashlib.blake2b", name: str) -> str:
    digest = start.copy()
    digest.update(name.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
