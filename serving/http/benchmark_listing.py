"""The benchmarks of a bundle as a list, whole or in part: for GET /v1/benchmarks and `creatorcast
benchmarks`. A segment is a row of it.
"""

import pandas as pd

from features.errors import CreatorcastError
from features.number_text import format_amount
from features.segments import MEASURES, MIN_SEGMENT_CREATORS, SEGMENT_KEYS
from features.tables.vocabulary import NICHES, PLATFORMS
from models.bundle import Bundle

#: What a list can be narrowed by, as in the query.
FILTERS = (*SEGMENT_KEYS[:3], "measure")


class BenchmarkListingError(CreatorcastError):
    """The benchmarks cannot be listed; `name`: the filter with an unknown value, None where the
    bundle has no benchmarks.
    """

    def __init__(self, message: str, name: str | None = None, allowed: tuple[str, ...] = ()):
        super().__init__(message)
        self.name, self.allowed = name, allowed


def filter_benchmarks(bundle: Bundle, **filters: str | None) -> pd.DataFrame:
    """Return the segments of a bundle, one a row, narrowed by any of FILTERS; None does not narrow.

    Raises BenchmarkListingError for a value that no segment can have, and for a bundle without
    benchmarks.
    """
    if bundle.benchmarks is None:
        raise BenchmarkListingError(
            f"bundle {bundle.version!r} was made before there were benchmarks: "
            "train and promote anew"
        )
    allowed = dict(
        zip(FILTERS, (PLATFORMS, bundle.benchmarks.bands, NICHES, MEASURES), strict=True)
    )
    segments = bundle.benchmarks.to_frame()
    for name, value in filters.items():
        if value is None:
            continue
        if value not in allowed[name]:
            message = f"{name} {value!r} is unknown: expected one of {', '.join(allowed[name])}"
            raise BenchmarkListingError(message, name, tuple(allowed[name]))
        segments = segments[segments[name] == value]
    return segments.reset_index(drop=True)


def benchmarks_text(segments: pd.DataFrame) -> str:
    """Return segments as a table for a terminal; parts that are pooled over are "all"."""
    lines = [
        f"{'platform':<10} {'band':<9} {'niche':<14} {'format':<9} {'measure':<28} {'creators':>8} "
    ]
    lines[0] += f"{'quarter':>10} {'median':>10} {'three q.':>10}"
    for row in segments.itertuples():
        place = (
            f"{getattr(row, part) or 'all':<{width}}"
            for part, width in zip(SEGMENT_KEYS, (10, 9, 14, 9), strict=True)
        )
        figures = " ".join(
            f"{_format_figure(row.measure, value):>10}" for value in (row.p25, row.p50, row.p75)
        )
        few = "" if row.enough else "  too few"
        lines.append(
            f"{' '.join(place)} {row.measure:<28} {_format_count(row.creators):>8} {figures}{few}"
        )
    if len(segments) and segments["creators"].isna().all():
        lines.append("creators: nobody counted them, the figures are of published rates")
    else:
        lines.append(
            f"too few: under {MIN_SEGMENT_CREATORS} creators; not used, "
            "and shown as shrunk toward the cell above"
        )
    return "\n".join(lines)


def _format_count(creators: float | None) -> str:
    """Return a number of creators as text, "-" where nobody counted them."""
    return "-" if creators is None or creators != creators else f"{creators:,.0f}"


def _format_figure(measure: str, value: float) -> str:
    """Return a figure as text: costs as amounts, rates as fractions, counts whole; "-" where there
    is none.
    """
    if value != value:
        return "-"
    if "_usd" in measure:
        return format_amount(value)
    return f"{value:.5f}" if "_rate" in measure else f"{value:,.0f}"


def benchmarks_json(bundle: Bundle, segments: pd.DataFrame) -> dict:
    """Return segments as the body of GET /v1/benchmarks."""
    return {
        "model_version": bundle.version,
        "trained_on": bundle.manifest["trained_on"],
        "until": bundle.manifest["until"],
        "horizon_days": bundle.reference.horizon_days,
        "enough_creators": MIN_SEGMENT_CREATORS,
        "cells": segments.to_dict("records"),
    }
