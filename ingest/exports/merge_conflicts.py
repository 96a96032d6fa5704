"""Values that differ although they are of one thing at one moment."""

from dataclasses import dataclass

import duckdb

#: Columns whose values at one moment should not differ; what changes by itself (bio, handle) or
#: follows is left out.
CONFLICT_COLUMNS = {
    "creators": ("following", "posts_count", "niche", "country", "verified", "business"),
    "posts": ("likes", "comments", "shares", "saves", "views", "format", "sponsored", "repost"),
    "partnerships": ("engagements", "views", "fee_usd"),
}
MOST_CONFLICTS = 1000


@dataclass(frozen=True)
class Conflict:
    """Two values of one thing at one moment: which thing it is, the values, and the one kept."""

    table: str
    platform: str
    id: str
    field: str
    values: tuple[str, str]
    kept: str


class ConflictList:
    """The first MOST_CONFLICTS conflicts of a merge."""

    def __init__(self, con: duckdb.DuckDBPyConnection):
        self._con = con
        self.conflicts: list[Conflict] = []

    def add_from(self, grouped: str, table: str, columns: tuple[str, ...]) -> None:
        """Add the conflicts of a grouped table, which has platform, id, and of each column its
        value and its `extremes`.
        """
        for column in columns:
            room = MOST_CONFLICTS - len(self.conflicts)
            least, most = f"least_{column}", f"most_{column}"
            rows = self._con.sql(
                f"SELECT platform, id, {least}::VARCHAR, {most}::VARCHAR, {column}::VARCHAR "
                f"FROM {grouped} WHERE {least} <> {most} ORDER BY platform, id LIMIT {room}"
            ).fetchall()
            self.conflicts += [
                Conflict(table, platform, id_, column, (smallest, largest), merged)
                for platform, id_, smallest, largest, merged in rows
            ]
