"""From tables to a bundle with a record: the demo market, labels, fitting, backtest, tracking and
promotion.
"""
