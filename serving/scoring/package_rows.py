"""The parts that packages are made of, and the batches that they are scored in."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from features.history.post_readings import PostReadings
from features.tables.packages import Package, read_package
from features.tables.vocabulary import FORMATS, UNCOUNTED_FORMATS
from serving.scoring.answer_table import AnswerTable
from serving.scoring.breaches import Breach
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.row_features import select_posts

Score = Callable[[ProspectBatch, PostReadings | None], AnswerTable]


@dataclass(frozen=True)
class PackageRows:
    """m packages, each with one counted format or more, p counted parts in all.

    `package` (p,): the package of each part, ascending; `format` (p,): its position in FORMATS, and
    `count` (p,): how many are booked. `uncounted` (m, len(FORMATS)): how many are booked of formats
    that show no counts.
    """

    package: np.ndarray
    format: np.ndarray
    count: np.ndarray
    uncounted: np.ndarray
    #: Derived columns of the parts, (p, columns).
    x: np.ndarray

    @cached_property
    def first(self) -> np.ndarray:
        """Where the parts of each package begin, (m,)."""
        return np.flatnonzero(np.diff(self.package, prepend=-1))

    @cached_property
    def counted(self) -> np.ndarray:
        """The counted deliverables of each package, (m,)."""
        return np.add.reduceat(self.count, self.first)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over the parts of each package, (m, ...), of values (p, ...)."""
        return np.add.reduceat(values, self.first, axis=0)

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return the means over the counted deliverables of each package, (m, ...), of values a
        post of each part, (p, ...).
        """
        shares = self.count / self.counted[self.package]
        return self.sums(values * (shares if values.ndim == 1 else shares[:, None]))

    def combine_flags(self, flags: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return by warning the packages (m,) that have it, from the parts (p,) that have it: any
        of them; that a value is not used, all of them.
        """
        return {
            name: (np.logical_and if name.endswith("_not_used") else np.logical_or).reduceat(
                rows, self.first
            )
            for name, rows in flags.items()
        }


def packages_of(prospects: ProspectBatch) -> list[Package | None]:
    """Return the package of each row, None for rows of one format."""
    return [
        None if text is None else read_package(text) for text in prospects.text("package").tolist()
    ]


def has_counted_format(package: Package) -> bool:
    """Return whether a package has a format that shows public counts."""
    return any(name not in UNCOUNTED_FORMATS for name, _ in package)


def counted_parts(packages: list[Package]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return package, format and number of each counted part, (p,) each, in order."""
    parts = [
        (row, FORMATS.index(name), count)
        for row, package in enumerate(packages)
        for name, count in package
        if name not in UNCOUNTED_FORMATS
    ]
    package, code, count = np.array(parts).T
    return package, code, count


def uncounted_numbers(packages: list[Package]) -> np.ndarray:
    """Return how many are booked of each format without counts, (m, len(FORMATS))."""
    numbers = np.zeros((len(packages), len(FORMATS)))
    for row, package in enumerate(packages):
        for name, count in package:
            if name in UNCOUNTED_FORMATS:
                numbers[row, FORMATS.index(name)] = count
    return numbers


def is_mixed(prospects: ProspectBatch) -> bool:
    """Return whether some rows are packages and some are not."""
    return "package" in prospects.texts and None in prospects.texts["package"].tolist()


def score_apart(prospects: ProspectBatch, posts: PostReadings | None, score: Score) -> AnswerTable:
    """Return the answers of rows some of which are packages: both kinds scored apart, in order."""
    is_package = np.array([text is not None for text in prospects.texts["package"].tolist()])
    columns: dict[str, np.ndarray] = {}
    breaches: dict[int, list[Breach]] = {}
    for rows in (~is_package, is_package):
        if not rows.any():
            continue
        group = prospects[rows]
        if rows is not is_package:
            texts = {name: values for name, values in group.texts.items() if name != "package"}
            group = replace(group, texts=texts)
        answers = score(group, select_posts(posts, rows))
        place = np.flatnonzero(rows)
        for name, values in answers.columns.items():
            if name not in columns:
                columns[name] = np.empty(prospects.n, dtype=values.dtype)
            columns[name][rows] = values
        breaches |= {int(place[row]): found for row, found in answers.breaches.items()}
    return AnswerTable(prospects.n, columns, dict(sorted(breaches.items())))
