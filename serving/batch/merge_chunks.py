"""Two chunks of the same lines put together in the order of the lines."""

import numpy as np
import pandas as pd
import pyarrow as pa

from serving.batch.chunks import Chunk


def merge_chunks(plain: Chunk, other: Chunk, blank: int) -> Chunk:
    """Return the rows of both chunks, in the order of their positions.

    `plain` has rows and what is unread of them alone; `blank`: blank lines besides those of
    `other`.
    """
    positions = np.concatenate([plain.positions, other.positions])
    order = np.argsort(positions, kind="stable")
    split = len(plain.positions)
    new_rows = np.empty(len(order), dtype=int)
    new_rows[order] = np.arange(len(order))

    def text(rows: list[int]) -> list[list[str]]:
        sources = order[rows]
        texts: dict[int, list[str]] = {}
        for chunk, start, inside in ((plain, 0, sources < split), (other, split, sources >= split)):
            chosen = sources[inside]
            if len(chosen):
                cells = chunk.text((chosen - start).tolist())
                texts.update(zip(chosen.tolist(), cells, strict=True))
        return [texts[source] for source in sources.tolist()]

    def own(rows: np.ndarray) -> pa.Table:
        sources = order[rows]
        is_plain = sources < split
        parts = [plain.own(sources[is_plain]), other.own(sources[~is_plain] - split)]
        places = np.empty(len(rows), dtype=int)
        places[np.concatenate([np.flatnonzero(is_plain), np.flatnonzero(~is_plain)])] = np.arange(
            len(rows)
        )
        return pa.concat_tables(parts).take(pa.array(places))

    frames = [chunk.rows for chunk in (plain, other) if len(chunk.rows)] or [plain.rows]
    rows = pd.concat(frames, ignore_index=True)
    return Chunk(
        rows.take(order).reset_index(drop=True),
        positions[order],
        text,
        {int(new_rows[split + row]): reasons for row, reasons in other.reasons.items()},
        other.invalid_lines,
        other.blank + blank,
        other.notes,
        _merge_marks(plain.unread, other.unread, split, order),
        _merge_marks(plain.remarks, other.remarks, split, order),
        plain.unclear | other.unclear,
        own,
    )


def _merge_marks(
    first: dict[str, np.ndarray], second: dict[str, np.ndarray], split: int, order: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the marks of both by name, (n,) in the new order; False where a chunk has none of a
    name.
    """
    none_of_first = np.zeros(split, dtype=bool)
    none_of_second = np.zeros(len(order) - split, dtype=bool)
    marks = {}
    for name in first | second:
        both = [first.get(name, none_of_first), second.get(name, none_of_second)]
        marks[name] = np.concatenate(both)[order]
    return marks
