"""Probabilities at which the totals of several partnerships lie in jointly drawn scenarios.

In a scenario the total of a partnership is the quantile of its forecast at
u = Phi(sqrt(a) Z_platform + sqrt(b) Z_niche + sqrt(1 - a - b) Z_creator), a Gaussian copula with
common factors; a and b are the shares of its variance that creators of a platform, and of a niche
of it, have in common (models.shared_shock). The totals of one creator share all three draws.

Every creator, platform and niche has draws of its own, seeded by its name: they are the same
whoever else is in the list, and in any order. Draws are a Latin hypercube in each factor (McKay,
Beckman and Conover 1979), so that means over scenarios vary less.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr, ndtri

#: Scenarios of a plan.
SCENARIOS = 500


def draw_uniforms(
    creators: Sequence[str],
    platforms: Sequence[str],
    niches: Sequence[str],
    shares: tuple[np.ndarray, np.ndarray],
    draws: int = SCENARIOS,
    seed: int = 0,
) -> np.ndarray:
    """Return the probability at which each total lies in each scenario, (draws, n).

    `creators`, `platforms`, `niches`: names of each total's, n of each; an empty niche is unknown
    and shares nothing; `shares`: a and b of each total, (n,) each (`SharedShock.shares`).
    """
    of_platform, of_niche = (
        shares[0],
        np.where(np.array([*niches], dtype=object) == "", 0, shares[1]),
    )
    of_niche = of_niche.astype(float)
    own = 1 - of_platform - of_niche
    names = [f"{platform}/{niche}" for platform, niche in zip(platforms, niches, strict=True)]
    total = np.sqrt(own) * _normals("creator", creators, draws, seed)
    total += np.sqrt(of_platform) * _normals("platform", platforms, draws, seed)
    total += np.sqrt(of_niche) * _normals("niche", names, draws, seed)
    return ndtr(total)


def _normals(kind: str, names: Sequence[str], draws: int, seed: int) -> np.ndarray:
    """Return standard normal draws of each name, (draws, n)."""
    return ndtri(draw_by_name(kind, names, draws, seed))


def draw_by_name(kind: str, names: Sequence[str], draws: int, seed: int) -> np.ndarray:
    """Return draws in 0 to 1 of each name, one in each of `draws` equal parts, (draws, n)."""
    place = {name: number for number, name in enumerate(dict.fromkeys(names))}
    drawn = np.empty((draws, len(place)))
    for name, number in place.items():
        key = hashlib.sha256(f"{seed}\0{kind}\0{name}".encode()).digest()
        random = np.random.Generator(np.random.SFC64(int.from_bytes(key[:16], "little")))
        drawn[:, number] = random.permutation(draws)
        drawn[:, number] += random.random(draws)
    return (drawn / draws)[:, [place[name] for name in names]]
