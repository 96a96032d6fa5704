"""The user's own deals whose outcome is known: what was paid, and what came of it.

A deal's fee, engagements and views are totals over its deliverables. A fee of 0, a gift, is no
price and counts as unknown.
"""

import numpy as np
import pandas as pd

from features.history.account_keys import account_name
from features.history.arrays import DAY_US, NAT_US, encode_categories, to_us
from features.history.history import History
from features.tables.vocabulary import FRESH_DAYS, MATURE_DAYS, PLATFORMS, TARGETS


def completed_deals(history: History, partnerships: pd.DataFrame, until: int) -> pd.DataFrame:
    """Return the partnerships whose outcome can be known at `until` (microseconds, UTC), with
    `account` and prices.

    `partnerships`: clean, of validated tables. The start lies MATURE_DAYS before `until`; one
    without a start counts as past. Engagements and views are brought to the horizon of the history,
    where it has one, from their age at reading: observed_at - start_at, grown up where that is
    unknown; a count read before FRESH_DAYS is unknown. Added are `account`, the position of the
    creator's account, and `cpe_usd`, `cpm_usd`, NaN where a count or the fee is unknown or 0.
    """
    start = to_us(partnerships["start_at"])
    deals = partnerships[start <= until - MATURE_DAYS * DAY_US]
    fee = deals["fee_usd"].where(deals["fee_usd"] > 0)
    account = _accounts(history, deals)
    deals = deals.assign(**_outcomes_at_horizon(history, deals, account))
    return deals.assign(
        account=account,
        fee_usd=fee,
        cpe_usd=fee / deals["engagements"].where(deals["engagements"] > 0),
        cpm_usd=1000 * fee / deals["views"].where(deals["views"] > 0),
    ).reset_index(drop=True)


def _outcomes_at_horizon(
    history: History, deals: pd.DataFrame, account: np.ndarray
) -> dict[str, np.ndarray]:
    """Return engagements and views of deals at the history's horizon, (n,) each."""
    age = np.full(len(deals), np.nan)
    if "observed_at" in deals:
        start, observed = to_us(deals["start_at"]), to_us(deals["observed_at"])
        is_dated = (start != NAT_US) & (observed != NAT_US)
        age[is_dated] = (observed[is_dated] - start[is_dated]) / DAY_US
    outcomes = {}
    for target in TARGETS:
        count = deals[target].to_numpy(float)
        if history.horizon is not None:
            platform = np.where(account >= 0, history.platform[account], np.nan)
            growth = history.horizon.growth(target, platform, age)
            count = count * np.exp(growth)
        outcomes[target] = np.where(age < FRESH_DAYS, np.nan, count)
    return outcomes


def _accounts(history: History, deals: pd.DataFrame) -> np.ndarray:
    """Return the account of each deal; one without a platform is on the creator's only one."""
    held = np.column_stack(
        [
            history.accounts.get_indexer(account_name(name, "") + deals["creator_id"])
            for name in PLATFORMS
        ]
    )
    code = encode_categories(deals["platform"], PLATFORMS)
    code = np.where(np.isnan(code), (held >= 0).argmax(axis=1), code).astype(int)
    return held[np.arange(len(deals)), code]
