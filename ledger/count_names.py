"""The names of what a keeper of forecasts counts (ledger.keeper): forecasts kept, forecasts lost,
and forecasts that wait in the journal.
"""

KEPT, LOST, WAITING = "kept", "lost", "waiting"
