"""A bundle as a model of MLflow: rows of partnerships, or derived columns, in; forecasts and costs
out.

`loader` and what it imports go with each logged model; `packaging` makes what is logged.
"""
