"""Work on all cores by threads of this process: NumPy and Arrow let go of the interpreter while
they sort, gather and compute.

Parts are the same for any number of cores, and with them every result.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

#: Rows from which on a thread pays for a part that is as cheap as a copy.
MIN_THREADED_ROWS = 65_536


def map_threads(
    work: Callable[[Part], Result], parts: Sequence[Part], rows: int = MIN_THREADED_ROWS
) -> list[Result]:
    """Return the result of each part, in their order; few parts or `rows` start no thread.

    `rows`: of each part, where it may be small.
    """
    if len(parts) <= 1 or rows < MIN_THREADED_ROWS:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(min(len(parts), os.cpu_count() or 1)) as pool:
        return list(pool.map(work, parts))


def split_rows(rows: int, size: int) -> list[slice]:
    """Return parts of `size` rows or less, all of about as many.

    >>> split_rows(5, 2)
    [slice(0, 1, None), slice(1, 3, None), slice(3, 5, None)]
    """
    parts = -(-rows // size)
    ends = [rows * part // max(parts, 1) for part in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]
