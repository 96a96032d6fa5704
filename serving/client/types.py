"""Types of requests and answers, as in the OpenAPI document, for type checkers and editors.

But: values that programs rarely read are left out here; the answers have them nevertheless.
"""

from typing import Any, NotRequired, TypedDict

Number = float | None


class Error(TypedDict):
    """One broken rule.

    `where`: the place in the request; `what`: the fault; `got`: the value in the request.
    """

    code: str
    where: str
    what: str
    expected: str | None
    got: str | float | bool | None


class RecentPost(TypedDict, total=False):
    """A past post of a creator; posted_at is needed, times as ISO text or datetime with a zone."""

    posted_at: Any
    observed_at: Any
    post_id: str
    format: str
    likes: Number
    comments: Number
    shares: Number
    saves: Number
    views: Number
    sponsored: bool
    text: str


class PackagePart(TypedDict, total=False):
    """A format of a package, with how many of it are booked; format is needed."""

    format: str
    deliverables: Number


class Partnership(TypedDict, total=False):
    """A partnership to forecast: a creator_id that the service knows, or a platform and profile."""

    partnership_id: str
    creator_id: str
    platform: str
    followers: Number
    niche: str
    bio: str
    avg_likes: Number
    avg_comments: Number
    avg_shares: Number
    avg_views: Number
    engagement_rate_by_followers: Number
    engagement_rate_by_views: Number
    recent_posts: list[RecentPost]
    brand_niche: str
    format: str
    deliverables: Number
    package: list[PackagePart] | str
    start_at: Any
    fee_usd: Number
    fee: Number
    currency: str
    completion_rate: Number
    target_cpe_usd: Number
    goal_engagements: Number
    horizon_days: int
    confidence: Number


class Quantiles(TypedDict):
    """A distribution of a total over the deliverables."""

    p05: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    p95: float
    mean: Number


class Cost(TypedDict):
    """Quantiles of a cost."""

    p10: Number
    p50: Number
    p90: Number


class Result(TypedDict):
    """The forecast of one partnership; where it has `errors`, nothing else but partnership_id."""

    partnership_id: str
    errors: NotRequired[list[Error]]
    creator_id: NotRequired[str | None]
    platform: NotRequired[str]
    band: NotRequired[str]
    niche: NotRequired[str]
    evidence: NotRequired[str]
    as_of: NotRequired[str]
    package: NotRequired[str | None]
    engagements: NotRequired[Quantiles]
    views: NotRequired[Quantiles | None]
    fee_usd: NotRequired[Number]
    fee: NotRequired[Number]
    currency: NotRequired[str | None]
    usd_per_unit: NotRequired[Number]
    cpe_usd: NotRequired[Cost | None]
    cpm_usd: NotRequired[Cost | None]
    cpe: NotRequired[Cost | None]
    cpm: NotRequired[Cost | None]
    probability_benchmark: NotRequired[Number]
    probability_target: NotRequired[Number]
    probability_goal: NotRequired[Number]
    break_even_fee_usd: NotRequired[Number]
    break_even_fee: NotRequired[Number]
    verdict: NotRequired[str | None]
    sentence: NotRequired[str | None]
    benchmark: NotRequired[dict[str, Any] | None]
    horizon_days: NotRequired[int]
    maturation_source: NotRequired[str | None]
    reasons: NotRequired[dict[str, Any] | None]
    comparables: NotRequired[list[dict[str, Any]] | None]
    warnings: NotRequired[list[str]]


class Answer(TypedDict):
    """The answer to a request: one result for each partnership, in the order of the request."""

    model_version: str
    trained_on: str
    ledger: NotRequired[str]
    results: list[Result]


class Ranked(Result):
    """A result with its rank; `unranked` says why there is none."""

    rank: int | None
    value: Number
    unranked: Error | None


class Ranking(TypedDict):
    """Results in the order of the measure `by`."""

    model_version: str
    trained_on: str
    ledger: NotRequired[str]
    by: str
    order: str
    asked: int
    ranked: int
    results: list[Ranked]


class Reading(TypedDict, total=False):
    """The counts of a post at a moment; observed_at is needed."""

    observed_at: Any
    likes: Number
    comments: Number
    shares: Number
    saves: Number
    views: Number
    likes_hidden: bool


class PublishedPost(TypedDict, total=False):
    """A deliverable that is online; posted_at and readings are needed."""

    post_id: str
    format: str
    posted_at: Any
    readings: list[Reading]


class TrackedPartnership(TypedDict, total=False):
    """A partnership with deliverables that are online; published is needed.

    `forecast`: p10, p50 and p90 of one deliverable, as they were forecast before; else the model
    makes that forecast by the creator or its profile.
    """

    partnership_id: str
    creator_id: str
    platform: str
    followers: Number
    niche: str
    avg_likes: Number
    avg_comments: Number
    avg_shares: Number
    avg_views: Number
    format: str
    deliverables: Number
    fee_usd: Number
    goal_engagements: Number
    make_good_engagements: Number
    horizon_days: Number
    forecast: dict[str, float]
    published: list[PublishedPost]


class TrackedTotal(TypedDict):
    """One measure of all deliverables: at present, and at the horizon by quantile."""

    count: Number
    horizon: dict[str, float] | None
    mean: Number
    forecast: dict[str, float] | None
    reason: str | None


class TrackResult(TypedDict):
    """The answer for one partnership; where it has `errors`, nothing else but partnership_id."""

    partnership_id: str
    errors: NotRequired[list[Error]]
    posts: NotRequired[list[dict[str, Any]]]
    engagements: NotRequired[TrackedTotal]
    views: NotRequired[TrackedTotal]
    probability_goal: NotRequired[Number]
    probability_make_good: NotRequired[Number]
    sentence: NotRequired[str]
    warnings: NotRequired[list[str]]


class TrackAnswer(TypedDict):
    """The answer to a request: one result for each partnership, in the order of the request."""

    as_of: str
    model_version: str
    trained_on: str
    ledger: NotRequired[str]
    results: list[TrackResult]


class PlanPartnership(Partnership, total=False):
    """A partnership that may be signed; parts of the fee as texts such as "20 %" or "150 EUR"."""

    max_deliverables: int
    usage_rights: str
    whitelisting: str
    exclusivity: str
    agency: str


class PlanFigures(TypedDict):
    """A forecast: three quantiles and the expectation."""

    p10: float
    p50: float
    p90: float
    mean: float


class PlannedFee(TypedDict):
    """What a partnership costs, in the currency of the plan."""

    total: float
    for_engagement: float
    source: str
    low: Number
    typical: Number
    high: Number
    parts: list[dict[str, Any]]


class RosterEntry(TypedDict):
    """A partnership to sign."""

    partnership_id: str
    creator_id: str | None
    name: str
    platform: str
    deliverables: int
    format: str | None
    package: str | None
    fee: PlannedFee
    engagements: PlanFigures
    views: PlanFigures | None
    cpe: Number
    break_even_fee: Number
    adds: float
    sentence: str
    warnings: list[str]


class PlanTotal(TypedDict):
    """What the whole roster brings."""

    creators: int
    deliverables: int
    engagements: PlanFigures
    views: PlanFigures | None
    cpe: Number
    probability_goal: Number


class Plan(TypedDict):
    """The answer to a budget: whom to sign; `report` where the request asks for one."""

    report: NotRequired[str]
    ledger: NotRequired[str]
    currency: str
    budget: float
    spend: float
    left: float
    status: str
    gap: float
    counts: dict[str, int]
    roster: list[RosterEntry]
    total: PlanTotal
    left_out: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    binding: list[dict[str, str]]
    next_1000: dict[str, Any] | None
    frontier: list[dict[str, Any]]
    close_plans: list[dict[str, Any]]
    warnings: list[str]
    sentence: str


class Feature(TypedDict):
    """One derived column of a creator."""

    name: str
    value: Number
    unit: str
    meaning: str
    missing: str


class CreatorPost(TypedDict):
    """A post that the service knows; its counts as they were read, and at the horizon."""

    post_id: str | None
    posted_at: str
    format: str | None
    observed_at: str | None
    engagements_read: Number
    engagements: Number
    views_read: Number
    views: Number
    counts: bool
    reason: str | None


class FoundCreator(TypedDict):
    """A creator that the service knows, found by its id or handle."""

    creator_id: str
    platform: str
    handle: str | None
    followers: Number
    band: str | None
    niche: str | None


class FoundCreators(TypedDict):
    """Creators that fit a search, best match first; `total`: how many fit."""

    total: int
    creators: list[FoundCreator]


class Creator(TypedDict):
    """What the service knows of a creator."""

    creator_id: str
    platform: str
    as_of: str
    stale: bool
    model_version: str
    handle: str | None
    followers: Number
    followers_read_at: str | None
    last_post_at: str | None
    band: str | None
    niche: str | None
    evidence: str
    features: list[Feature]
    horizon_days: int
    posts: list[CreatorPost] | None
    posts_known: int | None
    posts_note: str | None
