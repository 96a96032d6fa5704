"""The ledger: forecasts that were made, the outcomes that came, and how the two are matched."""
