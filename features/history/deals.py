"""The user's own deals whose outcome is known: what was paid, and what came of it.

A deal's fee, engagements and views are totals over its deliverables. A fee of 0, a gift, is no
price and counts as unknown.
"""

import numpy as np
import pandas as pd

from features.history.account_keys import account_name
from features.history.arrays import DAY_US, encode_categories, to_us
from features.history.history import History
from features.tables.vocabulary import PLATFORMS


def completed_deals(history: History, partnerships: pd.DataFrame, until: int) -> pd.DataFrame:
    """Return the partnerships whose outcome can be known at `until` (microseconds, UTC), with
    `account` and prices.

    `partnerships`: clean, of validated tables. The start lies the horizon before `until`; one
    without a start counts as past. Added are `account`, the position of the creator's account, and
    `cpe_usd`, `cpm_usd`, NaN where a count or the fee is unknown or 0.
    """
    start = to_us(partnerships["start_at"])
    deals = partnerships[start <= until - history.horizon_days * DAY_US]
    fee = deals["fee_usd"].where(deals["fee_usd"] > 0)
    return deals.assign(
        account=_accounts(history, deals),
        fee_usd=fee,
        cpe_usd=fee / deals["engagements"].where(deals["engagements"] > 0),
        cpm_usd=1000 * fee / deals["views"].where(deals["views"] > 0),
    ).reset_index(drop=True)


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
