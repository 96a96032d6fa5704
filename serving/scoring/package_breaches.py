"""The rules that packages must hold before they can be scored."""

from collections.abc import Callable
from functools import partial

import numpy as np

from features.tables.packages import Package, package_text
from features.tables.vocabulary import FORMATS, PLATFORM_FORMATS, PLATFORMS, UNCOUNTED_FORMATS
from serving.scoring.breaches import Breach
from serving.scoring.package_rows import has_counted_format, packages_of
from serving.scoring.prospect_batch import ProspectBatch

_COUNTED = ", ".join(name for name in FORMATS if name not in UNCOUNTED_FORMATS)


def package_rules(
    prospects: ProspectBatch, platform: np.ndarray
) -> dict[Callable[[int], Breach], np.ndarray]:
    """Return for each rule on packages the rows (n,) that break it; `platform` (n,): positions in
    PLATFORMS, NaN where unknown.
    """
    packages = packages_of(prospects)
    lacking = [
        _lacking_format(package, code)
        for package, code in zip(packages, platform.tolist(), strict=True)
    ]
    uncounted = [package is not None and not has_counted_format(package) for package in packages]
    lacks_format = np.array([name is not None for name in lacking])
    return {
        partial(_format_breach, packages, lacking, platform): lacks_format,
        partial(_uncounted_breach, packages): np.array(uncounted) & ~lacks_format,
    }


def uncounted_breach(column: str, value: str) -> Breach:
    """Return that nothing can be forecast of what a row books: it shows no public counts."""
    what = "shows no public counts to forecast"
    expected = f"a format with public counts ({_COUNTED}), alone or in a package"
    return Breach(
        "no_public_count",
        column,
        what,
        expected,
        value,
        f"{column} {value!r} {what}: give {expected}",
    )


def _lacking_format(package: Package | None, platform: float) -> str | None:
    """Return the first format of a package that its platform does not have."""
    if package is None or np.isnan(platform):
        return None
    known = PLATFORM_FORMATS[PLATFORMS[int(platform)]]
    return next((name for name, _ in package if name not in known), None)


def _format_breach(
    packages: list[Package | None], lacking: list[str | None], platform: np.ndarray, row: int
) -> Breach:
    package = packages[row]
    assert package is not None
    platform_name, value = PLATFORMS[int(platform[row])], package_text(package)
    what = f"has {lacking[row]}, which is no format of {platform_name}"
    expected = f"formats among {', '.join(PLATFORM_FORMATS[platform_name])}"
    text = f"package {value!r} {what}: give {expected}"
    return Breach("format_not_on_platform", "package", what, expected, value, text)


def _uncounted_breach(packages: list[Package | None], row: int) -> Breach:
    package = packages[row]
    assert package is not None
    return uncounted_breach("package", package_text(package))
