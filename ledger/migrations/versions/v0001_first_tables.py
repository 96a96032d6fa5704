"""The first tables: forecasts, readings of outcomes, and what was found in watching.

The migration keeps its own copy of the tables: ledger/tables.py goes on, this file does not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables and their indexes."""
    _make_forecasts()
    _make_outcomes()
    _make_watch_results()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("watch_results", "readings", "outcome_imports", "forecasts"):
        op.drop_table(name)


def _make_forecasts() -> None:
    op.create_table(
        "forecasts",
        sa.Column("forecast_id", sa.Text, primary_key=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("key_name", sa.Text),
        sa.Column("campaign", sa.Text),
        sa.Column("partnership_id", sa.Text),
        sa.Column("creator_id", sa.Text),
        sa.Column("handle", sa.Text),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("post_id", sa.Text),
        sa.Column("start_at", sa.BigInteger),
        sa.Column("format", sa.Text),
        sa.Column("package", sa.Text),
        sa.Column("deliverables", sa.Float, nullable=False),
        sa.Column("completion_rate", sa.Float),
        sa.Column("band", sa.Text),
        sa.Column("niche", sa.Text),
        sa.Column("followers", sa.Float),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("horizon_days", sa.Float, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("trained_on", sa.Text, nullable=False),
        sa.Column("features_version", sa.Integer, nullable=False),
        sa.Column("features_digest", sa.Text, nullable=False),
        sa.Column("location", sa.Float),
        sa.Column("scale", sa.Float),
        sa.Column("engagements", sa.Text, nullable=False),
        sa.Column("engagements_mean", sa.Float, nullable=False),
        sa.Column("views", sa.Text),
        sa.Column("views_mean", sa.Float),
        sa.Column("alternative_engagements", sa.Float),
        sa.Column("fee_usd", sa.Float),
        sa.Column("fee", sa.Float),
        sa.Column("currency", sa.Text),
        sa.Column("benchmark_cpe_usd", sa.Float),
        sa.Column("probability_benchmark", sa.Float),
        sa.Column("break_even_fee_usd", sa.Float),
        sa.Column("goal_engagements", sa.Float),
        sa.Column("probability_goal", sa.Float),
        sa.Column("verdict", sa.Text),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("warnings", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
    )
    op.create_index("forecasts_made_at", "forecasts", ["made_at"])
    op.create_index("forecasts_campaign", "forecasts", ["campaign"])
    op.create_index("forecasts_creator", "forecasts", ["platform", "creator_id"])


def _make_outcomes() -> None:
    op.create_table(
        "outcome_imports",
        sa.Column("import_id", _ROW_ID, primary_key=True),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_table(
        "readings",
        sa.Column("reading_id", _ROW_ID, primary_key=True),
        sa.Column("import_id", _ROW_ID, sa.ForeignKey("outcome_imports.import_id"), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("platform", sa.Text),
        sa.Column("creator_id", sa.Text),
        sa.Column("handle", sa.Text),
        sa.Column("partnership_id", sa.Text),
        sa.Column("post_id", sa.Text),
        sa.Column("posted_at", sa.BigInteger),
        sa.Column("format", sa.Text),
        sa.Column("sponsored", sa.Integer),
        sa.Column("deliverables", sa.Float),
        sa.Column("engagements", sa.Float),
        sa.Column("views", sa.Float),
    )
    op.create_index("readings_post", "readings", ["platform", "post_id"])
    op.create_index("readings_partnership", "readings", ["partnership_id"])
    op.create_index("readings_creator", "readings", ["platform", "creator_id"])


def _make_watch_results() -> None:
    op.create_table(
        "watch_results",
        sa.Column("watch_id", _ROW_ID, primary_key=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
