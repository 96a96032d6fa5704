"""What a forecast suffers from, by name: the warnings of an answer."""

import numpy as np

from features.reference import Reference
from features.vocabulary import PLATFORMS
from models.inputs import column


def cautions(x: np.ndarray, formats: np.ndarray, reference: Reference, longest_lead_days: float) -> dict:
    """Say by name which rows of the derived matrix, (n,), have what; `formats`: positions (n,), NaN where not told."""
    niche = column(x, "niche_code")
    seen = np.array([name in reference.engagements.priors for name in PLATFORMS])
    return {
        "followers_unknown": np.isnan(column(x, "followers_log")),
        "followers_read_after_as_of": column(x, "followers_late_flag") == 1,
        "posts_read_after_as_of": column(x, "readings_late_share") > 0,
        "niche_unknown": np.isnan(niche),
        "niche_from_text": (column(x, "niche_declared_flag") == 0) & ~np.isnan(niche),
        "format_not_told": np.isnan(formats),
        "lead_beyond_training": column(x, "lead_days") > longest_lead_days,
        "few_creators_of_platform_in_training": ~seen[column(x, "platform_code").astype(int)],
        "no_sponsored_posts_in_training": np.full(len(x), reference.sponsored_posts == 0),
    }


def named(flags: dict[str, np.ndarray]) -> np.ndarray:
    """Give for each row the names of the flags that it has, as a tuple; (n,) objects, rows alike share theirs."""
    bits = 1 << np.arange(len(flags))
    patterns = (bits @ np.array(list(flags.values()))).tolist()
    words = {kind: tuple(name for bit, name in enumerate(flags) if kind >> bit & 1) for kind in set(patterns)}
    found = np.empty(len(patterns), dtype=object)
    for row, kind in enumerate(patterns):
        found[row] = words[kind]
    return found
