"""The starter bundle, made in memory from the shipped figures, and which bundle answers."""

from functools import cache
from pathlib import Path

from features.tables.vocabulary import ENGAGEMENT_DEFINITION, HORIZON_DAYS, TARGETS
from models.bundle import Bundle, load_bundle
from models.champion import champion_folder, champion_version
from models.fee import MarketFee
from models.rate_card import read_rate_card
from models.starter.benchmarks import starter_benchmarks
from models.starter.figures import figures_digest
from models.starter.forecasters import starter_forecaster
from models.starter.identity import STARTER_VERSION, TRAINED_ON
from models.starter.reference import PUBLISHED_UNTIL, starter_reference

#: Days ahead up to which forecasts of a trained bundle are made; the manifest must name a number.
LONGEST_LEAD_DAYS = 120.0


@cache
def starter_bundle() -> Bundle:
    """Return the starter bundle; it is made once in a process."""
    market_fee = MarketFee(read_rate_card())
    manifest = {
        "version": STARTER_VERSION,
        "created_at": PUBLISHED_UNTIL.isoformat(),
        "trained_on": TRAINED_ON,
        "source": "published and measured figures that ship with creatorcast (docs/starter.md)",
        "data_digest": figures_digest(),
        "until": PUBLISHED_UNTIL.isoformat(),
        "horizon_days": HORIZON_DAYS,
        "definitions": ENGAGEMENT_DEFINITION,
        "targets": list(TARGETS),
        "accounts": 0,
        "posts": 0,
        "recipe": {"sampling": {"longest_lead_days": LONGEST_LEAD_DAYS}},
        "market_fee": market_fee.describe(),
    }
    forecasters = {target: starter_forecaster(target) for target in TARGETS}
    return Bundle(manifest, starter_reference(), forecasters, starter_benchmarks(), market_fee)


def answering_bundle(home: Path) -> Bundle:
    """Return the bundle that answers in a home: its champion, checked, or the starter bundle where
    none was promoted.

    Raises models.bundle.BundleError for a champion that cannot be used: the starter never takes the
    place of a broken one.
    """
    if champion_version(home) is None:
        return starter_bundle()
    return load_bundle(champion_folder(home))
