"""Training: the demo market, training rows, fitting, backtest, tracking and promotion."""
