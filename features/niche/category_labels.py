"""The niches that the categories of other catalogues stand for."""

from numbers import Real

import numpy as np

from features.niche.tokens import fold_label, label_niches
from features.tables.vocabulary import NICHES

#: Catalogues whose categories are known. Those in VENDORS share one list of interest names besides
#: their own.
VENDORS = ("modash", "hypeauditor", "upfluence", "heepsy", "kolsquare", "vendor")
LABEL_SOURCES = ("tiktok", "instagram", "youtube", "panel", *VENDORS)


def niche_for_label(label: object, source: str) -> str | None:
    """Return the niche that a category of another catalogue stands for, None where it stands for
    none or is not known.

    `source` is one of LABEL_SOURCES; `label` is that catalogue's name, whatever its case and
    punctuation, a YouTube category id (number or text) or topic address, or a niche of ours. Raises
    ValueError for another source.

    >>> niche_for_label("Food/Beverage", "tiktok"), niche_for_label(20, "youtube")
    ('food', 'gaming')
    >>> niche_for_label("Public figure", "instagram") is None
    True
    """
    if source not in LABEL_SOURCES:
        raise ValueError(
            f"{source!r} is no catalogue of categories: expected one of {', '.join(LABEL_SOURCES)}"
        )
    name = fold_label(_label_text(label))
    catalogues = (source, "vendor") if source in VENDORS else (source,)
    for catalogue in catalogues:
        if (catalogue, name) in label_niches():
            return label_niches()[catalogue, name]
    return name if name in NICHES else None


def _label_text(label: object) -> str:
    if isinstance(label, int) and not isinstance(label, bool):
        return str(label)  # of any size, which floating numbers are not
    if isinstance(label, Real) and not isinstance(label, bool):
        number = float(label)
        return f"{number:.0f}" if np.isfinite(number) else ""
    text = label if isinstance(label, str) else ""
    return text.rsplit("/", 1)[-1] if text.startswith(("http://", "https://")) else text
