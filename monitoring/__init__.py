"""How good the forecasts of the ledger were: scores, alarm, drift, and the verdict on the model."""
