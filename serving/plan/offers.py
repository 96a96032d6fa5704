"""From candidates to options: each row with each number of deliverables, scored and priced."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from features.derive.catalog import feature_column
from features.history.post_readings import PostReadings
from features.tables.currency import USD
from ingest.sheets.fee_text import GIFT, no_fee_reason
from models.delivery import DeliveredTotals
from models.rate_card import FEE_RANGE
from serving.plan.answer import RejectedCandidate
from serving.plan.candidates import CandidateList, posts_of_rows
from serving.plan.fees import FeePartError, merge_parts, part_amounts
from serving.plan.options import Options, fold_name
from serving.plan.problem import PlanError
from serving.plan.settings import MARKET_FEES, MEASURES, PlanSettings
from serving.scoring.answer_table import ANSWER_COLUMNS, AnswerTable
from serving.scoring.breaches import Breach
from serving.scoring.forecast_rows import ForecastRows
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.scorer import Scorer

QUOTED = "quoted"
_COLUMNS = {
    *("creator_id", "platform", "band", "niche", "evidence", "deliverables", "package"),
    *("engagements_mean", "views_mean", "fee_usd", "market_fee_source"),
    *(f"market_fee_usd_{name}" for name in FEE_RANGE),
}
#: Columns whose values tell two offers of one creator apart.
_OFFER_CODES = ("format", "brand_niche")


@dataclass(frozen=True)
class Offers:
    """The options of a plan, and what became of the rows (n,) that have none.

    `means`: expected totals of the options by measure, (n,) each, NaN where there is no forecast;
    `forecasts`: of the options of one format, and of those that are packages; `unused`: row -> a
    code of answer.REASONS; `rejected`: row -> why it cannot be used; `accounts`: how many
    creators the others are of; `evidence`: row -> what its forecast rests on.
    """

    options: Options
    means: dict[str, np.ndarray]
    forecasts: list[ForecastRows | None]
    unused: dict[int, str]
    rejected: dict[int, list[str]]
    accounts: int
    evidence: dict[int, str]

    def totals(
        self, measure: str, chosen: np.ndarray
    ) -> Iterator[tuple[np.ndarray, DeliveredTotals]]:
        """Yield the totals of options at the positions `chosen`, those of one kind of forecast
        together: places in `chosen`, and the totals of these; all must have the measure.
        """
        group = self.options.group[chosen]
        for number, forecasts in enumerate(self.forecasts):
            places = np.flatnonzero(group == number)
            if forecasts is None or not len(places):
                continue
            rows, joint = self.options.forecast[chosen[places]], forecasts.joint
            rate = forecasts.terms.completion_rate
            forecast = joint.engagements[rows] if measure == "engagements" else joint.views
            if measure == "views":
                assert joint.views is not None
                forecast = joint.views[(np.cumsum(joint.has_views) - 1)[rows]]
            assert forecast is not None
            yield places, DeliveredTotals.of(forecast, None if rate is None else rate[rows])

    def expected(self, measure: str) -> np.ndarray:
        """Return the expected total of each option, (n,), NaN where there is no forecast."""
        return self.means[measure]

    def has_views(self, chosen: np.ndarray) -> np.ndarray:
        """Mark those of the options at the positions `chosen` whose views are forecast."""
        return ~np.isnan(self.means["views"][chosen])


def build_offers(
    scorer: Scorer, candidates: CandidateList, settings: PlanSettings, as_of: int
) -> Offers:
    """Return the options of candidates. Raises PlanError where no row can be scored or priced."""
    row, times = _rows_and_times(candidates, settings)
    batch = with_deliverables(candidates, row, times)
    scored = _score(scorer, batch, posts_of_rows(candidates.posts, row.tolist()), as_of)
    table = scored.table
    rejected = _unscored_rows(candidates, table, row)
    if not table.is_scored.any():
        first = next(iter(rejected.values()))[0]
        raise PlanError(f"none of {candidates.prospects.n:,} candidates can be forecast: {first}")
    account, key = _accounts(candidates, table, row)
    rejected |= _repeated_rows(candidates, account[np.searchsorted(row, np.arange(row[-1] + 1))])
    pricing = _Pricing(scorer, candidates, settings, batch, table)
    fee, market = pricing.fees()
    means: dict[str, np.ndarray] = {
        measure: _expected(measure, table, batch) for measure in MEASURES
    }
    expected = means[settings.measure]
    parts, part_faults = pricing.all_parts(row, times, fee)
    rejected |= {one: reasons for one, reasons in part_faults.items() if one not in rejected}
    unused = _unused_rows(row, fee, expected, rejected) | {
        one: "gift"
        for one in range(candidates.prospects.n)
        if one not in rejected and is_gift(candidates.fee_word(one))
    }
    is_used = ~np.isin(row, [*rejected, *unused])
    if not is_used.any():
        _raise_nothing(candidates, unused, rejected)
    used_parts = [parts[place] for place in np.flatnonzero(is_used).tolist()]
    amounts = np.array([sum(amount for _, amount in one) for one in used_parts])
    source = np.where(np.isnan(pricing.quoted()), table.columns["market_fee_source"], QUOTED)
    names = ("platform", "band", "niche", "evidence")
    options = Options(
        row=row[is_used],
        candidate=account[is_used],
        key=key[is_used],
        deliverables=table.columns["deliverables"][is_used].astype(int),
        fee=fee[is_used] + amounts,
        fee_for_engagement=fee[is_used],
        fee_source=source[is_used],
        times=times[is_used].astype(int),
        market_fee=market[is_used],
        parts=used_parts,
        expected=expected[is_used],
        **{name: table.columns[name][is_used] for name in names},
        authenticity=scored.authenticity[is_used],
        group=scored.group[is_used],
        forecast=scored.forecast[is_used],
        names_of_row=candidates.known_names(),
    )
    evidence = dict(zip(row.tolist(), table.columns["evidence"].tolist(), strict=True))
    usable = np.unique(account[~np.isin(row, [*rejected])])
    means = {measure: values[is_used] for measure, values in means.items()}
    return Offers(options, means, scored.forecasts, unused, rejected, len(usable), evidence)


@dataclass(frozen=True)
class _Scored:
    """Options that were scored, (n,) each: `group` and `forecast` as in Options."""

    table: AnswerTable
    forecasts: list[ForecastRows | None]
    group: np.ndarray
    forecast: np.ndarray
    authenticity: np.ndarray


def _score(scorer: Scorer, batch: ProspectBatch, posts: PostReadings | None, as_of: int) -> _Scored:
    """Score options, those that are packages apart from the others."""
    names = [name for name in ANSWER_COLUMNS if name in _COLUMNS]
    packages = batch.texts.get("package", np.full(batch.n, None))
    group = np.array([package is not None for package in packages], dtype=int)
    authenticity, forecast = np.full(batch.n, np.nan), np.full(batch.n, -1)
    columns: dict[str, np.ndarray] = {}
    breaches: dict[int, list[Breach]] = {}
    forecasts: list[ForecastRows | None] = []
    for number in range(2):
        places = np.flatnonzero(group == number)
        if not len(places):
            forecasts.append(None)
            continue
        rows = batch[places]
        if not number:
            rows.texts.pop("package", None)
        own = posts_of_rows(posts, places.tolist())
        table, made = scorer.score_with_forecasts(rows, as_of, own, columns=names)
        forecasts.append(made)
        for name, values in table.columns.items():
            empty = np.full(batch.n, None if values.dtype == object else np.nan)
            columns.setdefault(name, empty)[places] = values
        breaches |= {int(places[row]): found for row, found in table.breaches.items()}
        if made is not None:
            scored = places[table.is_scored]
            forecast[scored] = np.arange(len(scored))
            authenticity[scored] = feature_column(made.x, "authenticity_score")
    table = AnswerTable(batch.n, columns, breaches)
    return _Scored(table, forecasts, group, forecast, authenticity)


def is_gift(word: str | None) -> bool:
    """Return whether what stands in place of a fee says that none is paid."""
    return word is not None and no_fee_reason(word.lower()) == GIFT


def _unscored_rows(
    candidates: CandidateList, table: AnswerTable, row: np.ndarray
) -> dict[int, list[str]]:
    """Return why rows cannot be scored; `row`: that of each answer of the table, (n,)."""
    reasons: dict[int, list[str]] = {}
    for place, found in table.reasons.items():
        one = int(row[place])
        unread = candidates.unread.get(one, []) if table.lacks_profile(place) else []
        reasons[one] = [*unread, *found]
    return reasons


def account_key(platform: str, creator_id: str | None, partnership_id: str) -> str:
    """Return a text that names an account; a row that names no creator is one of its own."""
    return f"{platform}:{fold_name(creator_id)}" if creator_id else f"row:{partnership_id}"


def with_deliverables(
    candidates: CandidateList, row: np.ndarray, times: np.ndarray
) -> ProspectBatch:
    """Return the prospects at `row`, their deliverables and fees `times` as many; those bought as a
    whole have times 1.
    """
    batch = candidates.prospects[row]
    numbers = dict(batch.numbers)
    single = is_single(candidates)[row]
    deliverables = batch.number("deliverables").copy()
    deliverables[single] = times[single]
    if not np.isnan(deliverables).all():
        numbers["deliverables"] = deliverables
    for name in ("fee_usd", "fee"):
        if name in numbers:
            numbers[name] = numbers[name] * times
    return replace(batch, numbers=numbers)


def is_single(candidates: CandidateList) -> np.ndarray:
    """Mark the rows, (n,), whose fee is for one deliverable, which may be bought several times."""
    deliverables = candidates.prospects.number("deliverables")
    is_one = np.isnan(deliverables) | (deliverables == 1)
    packages = candidates.prospects.texts.get("package")
    if packages is None:
        return is_one
    return is_one & np.array([package is None for package in packages.tolist()], dtype=bool)


def _rows_and_times(
    candidates: CandidateList, settings: PlanSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of each option, ascending, and how often its fee is bought."""
    most = [own or settings.max_deliverables for own in candidates.max_deliverables]
    counts = np.where(is_single(candidates), most, 1).astype(int)
    row = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return row, (np.arange(len(row)) - first[row] + 1).astype(float)


def _accounts(
    candidates: CandidateList, table: AnswerTable, row: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the account of each option, and a text that names it."""
    prospects = candidates.prospects[row]
    owners = (prospects.text("creator_id"), prospects.text("handle"))
    keys = np.array(
        [
            account_key(platform, creator or handle, name)
            for platform, creator, handle, name in zip(
                table.columns["platform"], *owners, prospects.text("partnership_id"), strict=True
            )
        ],
        dtype=object,
    )
    _, first, place = np.unique(keys.astype(str), return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=int)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place], keys


def _repeated_rows(candidates: CandidateList, account: np.ndarray) -> dict[int, list[str]]:
    """Return why rows that offer the same as an earlier row cannot be used; `account` (n,).

    Where the two fees differ, neither can be used: nobody knows which one holds.
    """
    prospects = candidates.prospects
    offers: dict[tuple, int] = {}
    faults: dict[int, list[str]] = {}
    codes = [prospects.code(name) for name in _OFFER_CODES]
    deliverables = np.nan_to_num(prospects.number("deliverables"), nan=1.0)
    start = prospects.time("start_at")
    packages = prospects.texts.get("package", np.full(prospects.n, None))
    for row in range(prospects.n):
        offer = (
            int(account[row]),
            deliverables[row],
            packages[row],
            int(start[row]),
            *(float(np.nan_to_num(code[row], nan=-1.0)) for code in codes),
        )
        if offer not in offers:
            offers[offer] = row
            continue
        first = offers[offer]
        place, earlier = candidates.place_word, candidates.places[first]
        if _terms(candidates, first) == _terms(candidates, row) or not _has_fee(candidates, row):
            faults[row] = [f"repeats {place} {earlier}: the same offer of the same creator"]
            continue
        if not _has_fee(candidates, first):
            later = candidates.places[row]
            faults[first] = [f"is offered with a fee in {place} {later}: the same offer"]
            offers[offer] = row
            continue
        name = candidates.names[row]
        for one, other in ((first, candidates.places[row]), (row, earlier)):
            faults[one] = [f"{name} has the same offer at another fee in {place} {other}: keep one"]
    return faults


def _has_fee(candidates: CandidateList, row: int) -> bool:
    fees = [candidates.prospects.number(name)[row] for name in ("fee_usd", "fee")]
    return not np.isnan(fees).all()


def _terms(candidates: CandidateList, row: int) -> tuple:
    prospects = candidates.prospects
    fees = (str(prospects.number(name)[row]) for name in ("fee_usd", "fee"))
    own = (candidates.max_deliverables[row], candidates.fee_parts[row])
    return (*fees, prospects.text("currency")[row], *own)


def _expected(measure: str, table: AnswerTable, batch: ProspectBatch) -> np.ndarray:
    """Return the expected total of each option: its mean, times its completion rate."""
    rate = np.nan_to_num(batch.number("completion_rate"), nan=1.0)
    return table.columns[f"{measure}_mean"] * rate


def _unused_rows(
    row: np.ndarray, fee: np.ndarray, expected: np.ndarray, rejected: dict[int, list[str]]
) -> dict[int, str]:
    unused = {}
    for reason, values in (("no_views", expected), ("no_fee", fee)):
        for one in np.unique(row[np.isnan(values)]).tolist():
            if one not in rejected:
                unused[one] = reason
    return unused


def _raise_nothing(
    candidates: CandidateList, unused: dict[int, str], rejected: dict[int, list[str]]
) -> None:
    if "no_fee" in unused.values():
        raise PlanError(
            "no candidate has a fee, and the model has no market fees for them: give fee_usd, or "
            "fee and currency"
        )
    if "gift" in unused.values():
        raise PlanError(
            "no candidate has a fee that is an amount: write what a gift costs you, the goods too"
        )
    if unused:
        raise PlanError(
            "no candidate has a forecast of views, which platform and format do not show: plan by "
            "engagements"
        )
    place, reasons = next(iter(rejected.items()))
    where = f"{candidates.place_word} {candidates.places[place]}"
    raise PlanError(f"no candidate can be used: {where}: {reasons[0]}")


@dataclass(frozen=True)
class _Pricing:
    """The fees of options, in the currency of the plan."""

    scorer: Scorer
    candidates: CandidateList
    settings: PlanSettings
    batch: ProspectBatch
    table: AnswerTable

    def quoted(self) -> np.ndarray:
        """Return the quoted fees, (n,), NaN where there is none; those that are in the currency of
        the plan stay as they are.
        """
        currency = self.settings.currency
        fee_usd = self.table.columns["fee_usd"]
        quoted = fee_usd / self.scorer.rates.of([currency])[0]
        is_own = self.batch.text("currency") == currency
        return np.where(is_own, self.batch.number("fee"), fee_usd if currency == USD else quoted)

    def fees(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the fees for engagement (n,), and the market fees (n, 3)."""
        rate = self.scorer.rates.of([self.settings.currency])[0]
        columns = [self.table.columns[f"market_fee_usd_{name}"] for name in FEE_RANGE]
        market = np.column_stack(columns) / rate
        planned = market[:, MARKET_FEES[self.settings.market_fee]]
        quoted = self.quoted()
        return np.where(np.isnan(quoted), planned, quoted), market

    def all_parts(
        self, row: np.ndarray, times: np.ndarray, fee: np.ndarray
    ) -> tuple[list[list[tuple[str, float]]], dict[int, list[str]]]:
        """Return the parts of the fee of each option, and why rows cannot be priced."""
        for_all, own = self.settings.rules.fee_parts, self.candidates.fee_parts
        if not for_all and not any(own):
            return [[]] * len(row), {}
        found: list[list[tuple[str, float]]] = []
        faults: dict[int, list[str]] = {}
        for one, count, amount, currency in zip(
            row.tolist(), times, fee, self._currencies(), strict=True
        ):
            parts = [
                replace(part, currency=part.currency or currency)
                for part in merge_parts(own[one], for_all)
            ]
            try:
                found.append(
                    part_amounts(amount, count, parts, self.settings.currency, self.scorer.rates)
                )
            except FeePartError as error:
                faults[one] = [str(error)]
                found.append([])
        return found, faults

    def _currencies(self) -> Iterator[str]:
        """Yield the currency of the fee of each option; of the plan where it has none."""
        fee_usd = self.batch.number("fee_usd")
        for code, usd in zip(self.batch.text("currency").tolist(), fee_usd, strict=True):
            yield code or (self.settings.currency if np.isnan(usd) else USD)


def rejected_candidates(
    candidates: CandidateList, rejected: dict[int, list[str]]
) -> list[RejectedCandidate]:
    """Return all rows that cannot be used, in the order of the list."""
    ids = candidates.ids
    found: list[RejectedCandidate] = [
        {"row": candidates.places[row], "partnership_id": ids[row], "reasons": reasons}
        for row, reasons in rejected.items()
    ]
    return sorted([*candidates.rejected, *found], key=lambda one: one["row"])
