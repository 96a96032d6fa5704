"""Likes that an account hides, where they come as a tiny count instead: found in all merged posts
of the account.

Instagram's app gives every post of an account that hides its likes the same few likes, 3 mostly,
whatever the post has. Nothing in one record tells it; many posts with the same tiny count and far
more comments do, from whichever files.
"""

from collections.abc import Iterator

import duckdb

#: The largest count that stands for hidden likes, and the comments that are far more than it.
TINY, FAR, TIMES = 3, 10, 4
#: Posts of an account with the same tiny count and far more comments: no account of the real panel
#: that shows its likes
#: has even one post with so few.
MANY = 4
#: Share of an account's posts with tiny counts that have the same one: of 2,665 hidden counts of
#: the panel 99% are 3.
SAME = 0.8
BATCH = 1000


def create_shown_posts(con: duckdb.DuckDBPyConnection) -> None:
    """Make the view `shown_posts`, in which such likes are unknown, and the table `hiders`, of
    which it is made.

    `hiders`: platform and creator_id of accounts whose likes up to TINY are none. Of an account
    that has MANY posts with hidden likes already, one more such post is enough.
    """
    far = f"likes <= {TINY} AND comments >= {FAR} AND comments >= {TIMES} * likes AND NOT coalesce(repost, false)"
    con.execute(
        "CREATE TABLE hiders AS WITH "
        "tiny AS (SELECT platform, creator_id, likes, count(DISTINCT post_id) AS posts FROM merged_posts "
        f"WHERE {far} GROUP BY ALL), "
        "hiding AS (SELECT platform, creator_id, count(DISTINCT post_id) AS hidden FROM merged_posts "
        "SEMI JOIN tiny USING (platform, creator_id) WHERE likes_hidden AND likes IS NULL GROUP BY ALL) "
        "SELECT platform, creator_id FROM tiny LEFT JOIN hiding USING (platform, creator_id) GROUP BY ALL "
        f"HAVING (max(posts) >= {MANY} AND max(posts) >= {SAME} * sum(posts)) OR max(hidden) >= {MANY}"
    )
    con.execute(
        "CREATE VIEW shown_posts AS SELECT * EXCLUDE (hides) REPLACE (CASE WHEN NOT hides THEN likes END AS likes, "
        "hides OR likes_hidden AS likes_hidden) FROM (SELECT p.*, "
        f"h.creator_id IS NOT NULL AND coalesce(p.likes <= {TINY}, false) AS hides "
        "FROM merged_posts p LEFT JOIN hiders h ON p.platform = h.platform AND p.creator_id = h.creator_id)"
    )


def read_hidden_likes(
    con: duckdb.DuckDBPyConnection,
) -> Iterator[tuple[str, str, str, float, float | None]]:
    """Give (platform, creator_id, post_id, likes, comments) of each reading of a post with likes
    that are none.
    """
    found = con.execute(
        "SELECT platform, creator_id, post_id, likes, comments FROM merged_posts "
        f"SEMI JOIN hiders USING (platform, creator_id) WHERE likes <= {TINY} ORDER BY ALL"
    )
    while rows := found.fetchmany(BATCH):
        yield from rows
