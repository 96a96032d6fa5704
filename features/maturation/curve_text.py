"""The curves by which counts are brought to the horizon: in a manifest, and in words."""

from collections.abc import Iterable, Mapping

from features.maturation.maturation import FITTED, MEASURES, Maturation

#: Curves by platform and measure, each with basis, posts, tau_days, gamma, theta and source.
CurveEntries = Mapping[str, Mapping[str, Mapping]]


def describe_curves(maturation: Maturation, platforms: Iterable[str]) -> dict[str, dict[str, dict]]:
    """Return the curves of some platforms as plain values, by platform and measure.

    `basis` is FITTED, to so many `posts`, or PUBLISHED; a platform without curves has no measure.
    """
    return {
        platform: {
            measure: {
                "basis": curve.basis,
                "posts": curve.posts,
                "tau_days": curve.tau_days,
                "gamma": curve.gamma,
                "theta": curve.theta,
                "source": curve.source,
            }
            for measure in MEASURES
            if (curve := maturation.find(platform, measure)) is not None
        }
        for platform in platforms
    }


def curves_text(curves: CurveEntries, target: str, horizon_days: int) -> str:
    """Return to which age the counts of a target were brought, and by which curves.

    >>> fitted, published = {"basis": "fitted", "posts": 1234}, {"basis": "published", "posts": 0}
    >>> of = {"instagram": published, "tiktok": fitted, "youtube": published}
    >>> entries = {name: {"views": curve} for name, curve in of.items()}
    >>> print(curves_text({**entries, "x": {}}, "views", 30))  # doctest: +NORMALIZE_WHITESPACE
    counts brought to 30 days after posting: instagram and youtube by published figures,
    tiktok by a curve fitted to 1,234 posts; x as read, as it has no curve
    """
    platforms: dict[str, list[str]] = {}
    as_read = []
    for platform, measures in curves.items():
        if target in measures:
            platforms.setdefault(_basis_text(measures[target]), []).append(platform)
        else:
            as_read.append(platform)
    brought = [f"{_join(names)} {basis}" for basis, names in platforms.items()]
    parts = [
        f"counts brought to {horizon_days} days after posting: {', '.join(brought)}"
        if brought
        else "counts as they were read",
        f"{_join(as_read)} as read, as {'they have' if len(as_read) > 1 else 'it has'} no curve"
        if as_read
        else "",
    ]
    return "; ".join(part for part in parts if part)


def _basis_text(curve: Mapping) -> str:
    if curve["basis"] == FITTED:
        return f"by a curve fitted to {curve['posts']:,} posts"
    return "by published figures"


def _join(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
