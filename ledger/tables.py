"""The tables of the ledger, the same in SQLite and Postgres.

Moments are microseconds UTC; quantiles, mappings and lists are JSON texts. A change here needs a
migration in ledger/migrations.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData()
#: 64 bits; SQLite numbers rows by itself only where the type is INTEGER.
ROW_ID = BigInteger().with_variant(Integer, "sqlite")

FORECASTS = Table(
    "forecasts",
    METADATA,
    Column("forecast_id", Text, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("door", Text, nullable=False),
    Column("key_name", Text),
    Column("campaign", Text),
    Column("partnership_id", Text),
    Column("creator_id", Text),
    Column("handle", Text),
    Column("platform", Text, nullable=False),
    Column("post_id", Text),
    Column("start_at", BigInteger),
    Column("format", Text),
    Column("package", Text),
    Column("deliverables", Float, nullable=False),
    Column("completion_rate", Float),
    Column("band", Text),
    Column("niche", Text),
    Column("followers", Float),
    Column("evidence", Text, nullable=False),
    Column("horizon_days", Float, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("trained_on", Text, nullable=False),
    Column("features_version", Integer, nullable=False),
    Column("features_digest", Text, nullable=False),
    Column("location", Float),
    Column("scale", Float),
    Column("engagements", Text, nullable=False),
    Column("engagements_mean", Float, nullable=False),
    Column("views", Text),
    Column("views_mean", Float),
    Column("alternative_engagements", Float),
    Column("fee_usd", Float),
    Column("fee", Float),
    Column("currency", Text),
    Column("benchmark_cpe_usd", Float),
    Column("probability_benchmark", Float),
    Column("break_even_fee_usd", Float),
    Column("goal_engagements", Float),
    Column("probability_goal", Float),
    Column("verdict", Text),
    Column("inputs", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("question", Text, nullable=False),
    Index("forecasts_made_at", "made_at"),
    Index("forecasts_campaign", "campaign"),
    Index("forecasts_creator", "platform", "creator_id"),
)

#: A file of outcomes that was read: `counts` is JSON, what went in and what came out.
OUTCOME_IMPORTS = Table(
    "outcome_imports",
    METADATA,
    Column("import_id", ROW_ID, primary_key=True),
    Column("recorded_at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("counts", Text, nullable=False),
)

#: Counts of a post, or the totals of a partnership, at the moment when they were read. No row is
#: ever changed: a correction is a further row with the same post and moment, and the row that was
#: recorded last counts.
READINGS = Table(
    "readings",
    METADATA,
    Column("reading_id", ROW_ID, primary_key=True),
    Column("import_id", ROW_ID, ForeignKey("outcome_imports.import_id"), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("platform", Text),
    Column("creator_id", Text),
    Column("handle", Text),
    Column("partnership_id", Text),
    Column("post_id", Text),
    Column("posted_at", BigInteger),
    Column("format", Text),
    Column("sponsored", Integer),
    Column("deliverables", Float),
    Column("engagements", Float),
    Column("views", Float),
    Index("readings_post", "platform", "post_id"),
    Index("readings_partnership", "partnership_id"),
    Index("readings_creator", "platform", "creator_id"),
)

#: What `creatorcast watch` found, as JSON: the newest is what /metrics tells.
WATCH_RESULTS = Table(
    "watch_results",
    METADATA,
    Column("watch_id", ROW_ID, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("result", Text, nullable=False),
)
