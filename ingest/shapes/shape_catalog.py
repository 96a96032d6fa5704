"""The shapes of records that are known, by the export that they belong to."""

from ingest.shapes import (
    instagram_graph,
    instagram_scraper,
    tiktok,
    x,
    x_scraper,
    x_web,
    youtube,
    youtube_scraper,
    ytdlp,
)
from ingest.shapes.record_shapes import RecordShape

#: In this order: the first that fits is taken.
SHAPES = (
    *ytdlp.SHAPES,
    *x_web.SHAPES,
    *x_scraper.SHAPES,
    *youtube_scraper.SHAPES,
    *youtube.SHAPES,
    *instagram_graph.SHAPES[:1],
    *x.SHAPES,
    *instagram_scraper.SHAPES,
    *tiktok.SHAPES,
    *instagram_graph.SHAPES[1:],
)
JSON_KINDS = {
    youtube.KIND: "YouTube Data API v3",
    instagram_graph.KIND: "Instagram Graph API",
    instagram_scraper.KIND: "scrapers' JSON of Instagram",
    tiktok.API: "TikTok Research and Display API",
    tiktok.SCRAPER: "scrapers' JSON of TikTok",
    x.KIND: "X API v2 and v1.1",
    x_scraper.KIND: "scrapers' JSON of X",
    youtube_scraper.KIND: "scrapers' JSON of YouTube",
    ytdlp.KIND: "yt-dlp's info JSON",
}


def shapes_for_kind(kind: str | None) -> tuple[RecordShape, ...]:
    """Return the shapes of one kind of export, all of them for None."""
    return tuple(shape for shape in SHAPES if kind in (None, shape.kind))


def list_known_kinds() -> str:
    """Return the names of the known kinds, for messages."""
    return ", ".join(JSON_KINDS.values())
