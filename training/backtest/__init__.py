"""The backtest: forecasts made at earlier moments, against the outcomes and all baselines."""
