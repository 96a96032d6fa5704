"""The backtest: forecasts made at earlier moments against what came, beside every rule of thumb."""
