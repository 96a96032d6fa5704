"""Finds likes that an account hides, where they come as a tiny count instead: in all merged posts
of the account.

Instagram's app gives every post of an account that hides its likes the same few likes, 3 mostly,
whatever the post has. Nothing in one record shows it; many posts with the same tiny count and far
more comments do, from whichever files.
"""

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

#: The largest count that stands for hidden likes, and the comments that are far more than it.
MOST_LIKES, LEAST_COMMENTS, LEAST_COMMENTS_PER_LIKE = 3, 10, 4
#: Posts of an account with the same tiny count and far more comments: no account of the real panel
#: that shows its likes has even one post with so few.
LEAST_POSTS = 4
#: Share of an account's posts with tiny counts that have the same one: of 2,665 hidden counts of
#: the panel 99% are 3.
LEAST_SHARE = 0.8
BATCH_ROWS = 1000


class HiddenLikes(NamedTuple):
    """A reading of a post whose likes are hidden: the tiny count in their place, and comments."""

    platform: str
    creator_id: str
    post_id: str
    likes: float
    comments: float | None


def create_shown_posts(con: duckdb.DuckDBPyConnection) -> None:
    """Make the view `shown_posts`, in which such likes are unknown, and the table `hiders`, of
    which it is made.

    `hiders`: platform and creator_id of accounts whose likes up to MOST_LIKES are none. Of an
    account that has LEAST_POSTS posts with hidden likes already, one more such post is enough.
    """
    suspicious = (
        f"likes <= {MOST_LIKES} AND comments >= {LEAST_COMMENTS} "
        f"AND comments >= {LEAST_COMMENTS_PER_LIKE} * likes AND NOT coalesce(repost, false)"
    )
    con.execute(
        "CREATE TABLE hiders AS WITH "
        "tiny AS (SELECT platform, creator_id, likes, count(DISTINCT post_id) AS posts "
        f"FROM merged_posts WHERE {suspicious} GROUP BY ALL), "
        "hiding AS (SELECT platform, creator_id, count(DISTINCT post_id) AS hidden "
        "FROM merged_posts SEMI JOIN tiny USING (platform, creator_id) "
        "WHERE likes_hidden AND likes IS NULL GROUP BY ALL) "
        "SELECT platform, creator_id FROM tiny "
        "LEFT JOIN hiding USING (platform, creator_id) GROUP BY ALL "
        f"HAVING (max(posts) >= {LEAST_POSTS} AND max(posts) >= {LEAST_SHARE} * sum(posts)) "
        f"OR max(hidden) >= {LEAST_POSTS}"
    )
    con.execute(
        "CREATE VIEW shown_posts AS SELECT * EXCLUDE (hides) REPLACE ("
        "CASE WHEN NOT hides THEN likes END AS likes, hides OR likes_hidden AS likes_hidden) "
        "FROM (SELECT p.*, "
        f"h.creator_id IS NOT NULL AND coalesce(p.likes <= {MOST_LIKES}, false) AS hides "
        "FROM merged_posts p "
        "LEFT JOIN hiders h ON p.platform = h.platform AND p.creator_id = h.creator_id)"
    )


def read_hidden_likes(con: duckdb.DuckDBPyConnection) -> Iterator[HiddenLikes]:
    """Yield the readings of posts whose likes stand for hidden ones, in the order of their keys."""
    result = con.execute(
        "SELECT platform, creator_id, post_id, likes, comments FROM merged_posts "
        f"SEMI JOIN hiders USING (platform, creator_id) WHERE likes <= {MOST_LIKES} ORDER BY ALL"
    )
    while rows := result.fetchmany(BATCH_ROWS):
        for row in rows:
            yield HiddenLikes(*row)
