"""The inputs whose drift is watched: few columns that say who is asked about.

The bundle's manifest keeps their distribution in training (`input_reference`), the ledger their
values of each forecast (`inputs`).
"""

#: Derived columns, numeric, and what of the question is a word.
MONITORED_NUMBERS = (
    "followers_log",
    "engagements_log_offset",
    "lead_days",
)
MONITORED_WORDS = ("platform", "format", "niche", "band", "evidence")
MONITORED_INPUTS = (*MONITORED_NUMBERS, *MONITORED_WORDS)
