"""Errors that a platform or a scraper reports instead of data."""

from ingest.shapes.record_paths import get_path

MESSAGE_FIELDS = ("message", "detail", "title", "reason", "description", "code", "type")
LONGEST_MESSAGE = 120


def reported_errors(page: dict) -> list[str]:
    """Return the messages of the errors in a page: {"error": ...} or {"errors": [...]}."""
    error, errors = page.get("error"), page.get("errors")
    reported = [error] if error and get_path(error, "code") not in ("ok", 0) else []
    if isinstance(errors, list):
        reported += errors
    elif isinstance(errors, dict | str) and errors:
        reported.append(errors)
    return [_message(one, page) for one in reported]


def _message(error: object, page: dict) -> str:
    if isinstance(error, dict):
        sources = [error]
    else:
        sources = [{"message": error}, {"message": page.get("errorDescription")}]
    texts = [
        str(source[name])
        for source in sources
        for name in MESSAGE_FIELDS
        if isinstance(source.get(name), str | int)
    ]
    return " ".join(dict.fromkeys(texts))[:LONGEST_MESSAGE] or "no message"
