"""What a home's ledger says of its campaigns: its forecasts matched to what came."""

from pathlib import Path

import pandas as pd

from ledger.growth import growth_of_home
from ledger.matched_forecasts import Match, match_outcomes
from ledger.readings import read_readings
from ledger.store import Ledger
from models.bundle_files import read_manifest
from models.champion import champion_folder, champion_version
from models.shared_shock import DEFAULT_SHOCK, SharedShock
from monitoring.review import Review, review_campaign


def match_home(home: Path, ledger: Ledger) -> Match:
    """Return all forecasts of the ledger with what came until now, by the curves of the champion.

    Raises LedgerError, or BundleError for a champion that cannot be read.
    """
    now = pd.Timestamp.now(tz="UTC").value // 1000
    return match_outcomes(ledger.forecasts(), read_readings(ledger), now, growth_of_home(home))


def review_of_home(home: Path, ledger: Ledger, campaign: str) -> Review:
    """Return the review of a campaign; what creators have in common is that of the champion.

    Raises ReviewError for a campaign without forecasts, and what `match_home` raises.
    """
    shock = DEFAULT_SHOCK
    if champion_version(home) is not None:
        shock = SharedShock.of_manifest(read_manifest(champion_folder(home)))
    return review_campaign(match_home(home, ledger), campaign, shock)
