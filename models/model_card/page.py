"""The model card as one HTML page."""

from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

TEMPLATE = "card.html.jinja"


def card_page(text: str, pictures: Iterable[tuple[str, str]] = ()) -> str:
    """Return the card as one HTML page: no script, nothing loaded from elsewhere.

    `text`: as models.model_card.text.card_text gives it; `pictures`: title and data address of
    each.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    environment = Environment(
        autoescape=True, loader=PackageLoader("models.model_card", "."), undefined=StrictUndefined
    )
    title = text.partition("\n")[0].lstrip("# ")
    return environment.get_template(TEMPLATE).render(
        title=title, body=body, pictures=list(pictures)
    )
