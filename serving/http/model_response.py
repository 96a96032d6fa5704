"""The types of the answers about the model, for the OpenAPI document: GET /v1/model, GET /v1/watch
and GET /v1/benchmarks.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitoring.verdict import VERDICTS

_OPEN = ConfigDict(extra="allow")
_SPLIT = "seen: creators that trained the model; unseen: creators that did not"
_TRAINED_ON = "real or simulated data, or published figures"
_CREATORS = "distinct creators of these posts"


class CurveFacts(BaseModel):
    """The curve by which a count grows with the age of a post."""

    basis: str = Field(description="fitted, to posts that were read repeatedly, or published")
    posts: int = Field(description="posts that it was fitted to, 0 for a published one")
    tau_days: float = Field(description="scale of the curve 1 - (1 + age / tau_days)^-gamma")
    gamma: float = Field(description="power of the curve")
    theta: float = Field(description="variance of ln growth for each unit of its mean")
    source: str = Field(description="the published figures, also those that a fit was pulled to")
    share_of_day_30: dict[str, float] = Field(
        description="share of the count of day 30 that is there by day_1, day_7 and day_14"
    )


class PlatformRecord(BaseModel):
    """What the model has of a platform."""

    model_config = _OPEN
    first_post: datetime | None = Field(None, description="moment of the oldest post")
    until: datetime | None = Field(None, description="end of what the model knows of it")
    accounts: int | None = Field(None, description="accounts of the data")
    posts: int | None = Field(None, description="posts with known engagements")
    calibration: int | None = Field(None, description="later posts that set the ranges")
    backtest: int | None = Field(None, description="later posts that tested the forecasts")


class BacktestRow(BaseModel):
    """How good one way to forecast was on later posts, of creators with 5 or more earlier ones.

    Errors are of ln(1 + engagements); intervals are of 95 %, over creators. A null could not be
    computed.
    """

    model_config = _OPEN
    split: str | None = Field(None, description=_SPLIT)
    forecaster: str | None = Field(
        None, description="creatorcast is the model itself, the others are rules and other models"
    )
    platform: str | None = Field(None, description="in `platforms` alone")
    rows: int | None = Field(None, description="later posts that were forecast")
    creators: int | None = Field(None, description=_CREATORS)
    mae: float | None = Field(None, description="mean absolute error")
    mae_low: float | None = Field(None, description="lower end of the interval of mae")
    mae_high: float | None = Field(None, description="upper end of the interval of mae")
    vs_median: float | None = Field(
        None, description="error over that of the creator's own median, less 1: below 0 is better"
    )
    vs_median_low: float | None = Field(None, description="lower end of its interval")
    vs_median_high: float | None = Field(None, description="upper end of its interval")
    spearman: float | None = Field(None, description="rank correlation of forecasts and outcomes")
    spearman_within: float | None = Field(
        None, description="the same within platform and band, where size tells little"
    )
    crps: float | None = Field(
        None, description="error of the whole distribution (CRPS); of the model itself alone"
    )
    coverage_80: float | None = Field(
        None, description="share of the outcomes inside of the 80 % range, 0.8 is promised"
    )
    coverage_90: float | None = Field(
        None, description="share inside of the 90 % range, 0.9 is promised"
    )
    width_80: float | None = Field(
        None,
        description="mean width of the 80 % range in ln: e to this is its upper over its lower end",
    )


class CoverageCell(BaseModel):
    """How often the ranges held for one group of creators."""

    model_config = _OPEN
    split: str = Field(description=_SPLIT)
    platform: str = Field(description="of the accounts")
    band: str = Field(description="their size by followers")
    evidence: str = Field(description="what the forecasts had: history, summary or profile")
    rows: int | None = Field(None, description="later posts that were forecast")
    creators: int | None = Field(None, description=_CREATORS)
    judged: bool | None = Field(
        None, description="whether these are enough posts and creators to judge by"
    )
    fails: bool = Field(
        description="whether it is judged, and the whole interval lies more than 6 points from 80 %"
    )
    coverage_80: float = Field(description="share of the outcomes inside of the 80 % range")
    coverage_80_low: float | None = Field(None, description="lower end of its 95 % interval")
    coverage_80_high: float | None = Field(None, description="upper end of its 95 % interval")
    coverage_90: float | None = Field(None, description="share inside of the 90 % range")
    width_80: float | None = Field(None, description="mean width of the 80 % range in ln")
    crps: float | None = Field(None, description="error of the whole distribution (CRPS)")


class ReliabilityRow(BaseModel):
    """How many outcomes lay below one quantile of their forecasts."""

    model_config = _OPEN
    split: str = Field(description=_SPLIT)
    level: float = Field(description="the quantile: the share of outcomes that should lie below")
    below: float = Field(description="the share that did")
    below_low: float | None = Field(None, description="lower end of its 95 % interval")
    below_high: float | None = Field(None, description="upper end of its 95 % interval")
    rows: int | None = Field(None, description="later posts that were forecast")
    creators: int | None = Field(None, description=_CREATORS)


class BacktestFacts(BaseModel):
    """The test of the forecasts on posts that came later."""

    model_config = _OPEN
    cut: datetime | None = Field(None, description="moment that the forecasts were made from")
    table: list[BacktestRow] = Field(
        description="the model and other ways to forecast, on the same posts"
    )
    platforms: list[BacktestRow] | None = Field(
        None, description="the model by platform; rows is 0 where there were no later posts"
    )
    coverage: list[CoverageCell] | None = Field(
        None, description="ranges by platform, band, evidence and kind of creators"
    )
    reliability: list[ReliabilityRow] | None = Field(
        None, description="quantiles; bundles of before have none"
    )


class RecordedCoverage(BaseModel):
    """How often one range held, as reports draw it."""

    label: str = Field(description="of which creators, and on which platform")
    level: int = Field(description="percent of the outcomes that should lie inside")
    share: float = Field(description="share that did")
    low: float = Field(description="lower end of its 95 % interval: each creator counts once")
    high: float = Field(description="upper end of its 95 % interval")
    posts: int = Field(description="later posts that were forecast")
    creators: int = Field(description=_CREATORS)


class RecordFacts(BaseModel):
    """What is known of the model in sentences, as reports have them."""

    about: list[str] = Field(description="which model it is, and what it was trained on")
    tests: list[str] = Field(description="how good its forecasts were")
    coverage: list[RecordedCoverage] = Field(description="empty where no test is recorded")
    limits: list[str] = Field(description="what it does not know, and where not to rely on it")
    unknowable: list[str] = Field(description="what no such model can know")


class AdjustedRange(BaseModel):
    """What a recalibration did to the ranges of one platform and evidence."""

    platform: str = Field(description="of the accounts")
    evidence: str = Field(description="what the forecasts had: history, summary or profile")
    outcomes: int = Field(description="outcomes that it rests on")
    creators: int = Field(description="of these outcomes")
    moved: float = Field(description="by how much the middle was moved, in ln")
    stretched: float = Field(description="what the width was multiplied by")


class RecalibrationFacts(BaseModel):
    """How the ranges were adjusted by later outcomes, with the same model behind them."""

    model_config = _OPEN
    trained: str = Field(description="version of the model as it was trained")
    outcomes: int = Field(description="outcomes that were used")
    creators: int = Field(description="of these outcomes")
    since: datetime = Field(description="posting of the first one")
    until: datetime = Field(description="last reading")
    coverage_80_before: float | None = Field(
        None, description="share of the outcomes inside of the 80 % range before"
    )
    coverage_80_after: float | None = Field(None, description="the same after")
    width_ratio: float | None = Field(None, description="width of the range over that before")
    tables: list[AdjustedRange] = Field(description="what was done, by platform and evidence")


class ModelFacts(BaseModel):
    """The model in use. What its bundle does not have is left out."""

    model_config = _OPEN
    version: str = Field(description="name of the bundle")
    trained_on: str = Field(description=_TRAINED_ON)
    source: str | None = Field(None, description="where the data come from")
    data_digest: str | None = Field(None, description="sha256 of the data")
    created_at: datetime | None = Field(None, description="when the bundle was made, where told")
    until: datetime | None = Field(None, description="end of what the model knows")
    horizon_days: int = Field(description="days after posting at which it forecasts by default")
    definitions: dict[str, str] | None = Field(
        None, description="platform -> what counts as engagement there"
    )
    accounts: int | None = Field(None, description="accounts of the data")
    posts: int | None = Field(None, description="posts with known engagements")
    targets: list[str] | None = Field(None, description="what it forecasts: engagements, views")
    platforms: dict[str, PlatformRecord] | None = Field(
        None, description="platform -> what the model has of it"
    )
    maturation: dict[str, dict[str, CurveFacts]] | None = Field(
        None, description="platform -> measure -> the curve by which its count grows"
    )
    rows: dict[str, int] | None = Field(None, description="target -> rows that trained it")
    recipe: dict[str, Any] | None = Field(None, description="parameters of the training")
    made_with: dict[str, str] | None = Field(
        None, description="digest of the code, and versions of Python and packages"
    )
    fitted_by: str | None = Field(None, description="one process, or a cluster")
    beside_tables: dict[str, str] | None = Field(
        None, description="other files of the data folder -> digest"
    )
    input_reference: dict[str, Any] | None = Field(
        None, description="how the inputs were distributed in training, by platform"
    )
    shared_shock: dict[str, Any] | None = Field(
        None, description="what posts of different creators have in common, with intervals"
    )
    market_fee: dict[str, Any] | None = Field(
        None, description="what usual fees rest on: the rate card, and how many own fees"
    )
    recalibrated: RecalibrationFacts | None = Field(
        None, description="where its ranges were adjusted after training"
    )
    backtest: BacktestFacts | None = Field(None, description="the test; the starter has none")
    summary: dict[str, BacktestRow] | None = Field(
        None, description="seen and unseen -> the row of the model itself"
    )
    record: RecordFacts = Field(description="the record in sentences")
    limits: list[str] = Field(
        description="what it cannot do, with the names of warnings and fields, for programmers"
    )


class WatchFound(BaseModel):
    """What `creatorcast watch` found when it was run last."""

    made_at: datetime = Field(description="when it was run, UTC")
    model_version: str = Field(description="the model that was watched, perhaps an earlier one")
    verdict: str = Field(description=f"one of {', '.join(VERDICTS)}")
    sentences: list[str] = Field(
        description="verdict, ranges, centre, money, and what to do, for people"
    )
    notes: list[str] = Field(description="what else should be known")
    forecasts: int = Field(description="of the model in the ledger")
    outcomes: int = Field(description="of them with a matured outcome that was scored")


class WatchAnswer(BaseModel):
    """Whether forecasts are compared with their outcomes, and what that found last."""

    has_ledger: bool = Field(description="whether the service keeps forecasts")
    found: WatchFound | None = Field(
        description="null where `creatorcast watch` was not run, or there is no ledger; a new "
        "result is here within a minute"
    )


class BenchmarkCell(BaseModel):
    """What the creators of one group usually get or cost: quartiles over creators."""

    platform: str = Field(description="of the accounts")
    band: str = Field(description="size by followers; empty: all")
    niche: str = Field(description="what they are about; empty: all")
    format: str = Field(description="of the posts; empty: all")
    measure: str = Field(
        description="what is measured, per deliverable; rates are fractions, costs USD"
    )
    p25: float | None = Field(description="a quarter of the creators lie below it")
    p50: float | None = Field(description="half of the creators lie below it")
    p75: float | None = Field(description="three quarters of the creators lie below it")
    creators: float | None = Field(description="how many; null where nobody counted them")
    enough: bool = Field(
        description="whether they are enough to be used; else the larger group answers"
    )


class BenchmarkAnswer(BaseModel):
    """What creators usually get and cost."""

    model_version: str = Field(description="the model that the benchmarks belong to")
    trained_on: str = Field(description=_TRAINED_ON)
    until: datetime = Field(description="end of the data")
    horizon_days: int = Field(description="days after posting at which counts are taken")
    enough_creators: int = Field(description="creators that a group needs to be used")
    cells: list[BenchmarkCell] = Field(description="coarse groups before fine ones")
