"""The known creators by their names, for those who look for one: by a part of an id or a handle.

Names are compared in lower case and without the @ in front.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: How well a creator fits, best first: its id or handle is the text, begins with it, contains it.
_EXACT, _PREFIX, _PART, _NO_MATCH = range(4)


class CreatorIndex:
    """Accounts (n,) by names.

    `platform`: positions in PLATFORMS; `names`: arrays (n,) of text, null where an account has no
    name of that kind; `followers`: NaN where unknown, in any unit that grows with them.
    """

    def __init__(self, platform: np.ndarray, names: list[pa.Array], followers: np.ndarray):
        # unknown numbers of followers come last
        self._accounts = np.argsort(-followers, kind="stable")
        self._platform = platform[self._accounts]
        order = pa.array(self._accounts)
        self._names = [_comparable(texts).take(order) for texts in names]

    def search(
        self, text: str, platform: int | None = None, limit: int = 20
    ) -> tuple[np.ndarray, int]:
        """Return the accounts that fit a text best, then those with most followers, at most
        `limit`; and how many fit. All fit an empty text.
        """
        rank = self._rank(text.strip().lstrip("@").lower())
        if platform is not None:
            rank = np.where(self._platform == platform, rank, _NO_MATCH)
        found = np.flatnonzero(rank < _NO_MATCH)
        best = found[np.argsort(rank[found], kind="stable")][:limit]
        return self._accounts[best], len(found)

    def _rank(self, text: str) -> np.ndarray:
        """Return how well each account fits, by its best name."""
        rank = np.full(len(self._accounts), _NO_MATCH)
        for names in self._names:
            for level, fits in (
                (_PART, pc.match_substring(names, text)),
                (_PREFIX, pc.starts_with(names, text)),
                (_EXACT, pc.equal(names, text)),
            ):
                is_fit = pc.fill_null(fits, False).to_numpy(zero_copy_only=False)
                rank[is_fit] = np.minimum(rank[is_fit], level)
        return rank


def _comparable(names: pa.Array) -> pa.Array:
    return pc.utf8_lower(pc.utf8_ltrim(names, "@"))
