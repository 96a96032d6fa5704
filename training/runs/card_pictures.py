"""Pictures as PNG, and those of a model card as parts of its page."""

import base64
import io
from collections.abc import Mapping

from matplotlib.figure import Figure

#: Pictures of the page, in order, where they are there: file name -> title.
PAGE_PICTURES = {
    "error_by_forecaster.png": "Error of the model beside rules of thumb and other models",
    "reliability.png": "Calibration: outcomes below each quantile, and inside each interval",
    "coverage_by_cell.png": "How often the 80 % interval held, by group",
    "error_by_followers.png": "Error by band of followers",
    "error_by_history.png": "Error by the posts known before the forecast",
    "importance_engagements.png": "What the corrections of the creator's level rest on",
    "effects_engagements.png": "How the forecast changes with one column",
}


def draw_picture(figure: Figure) -> bytes:
    """Return a figure as PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()


def card_pictures(pictures: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return title and data address of each of PAGE_PICTURES that is among `pictures` (PNG by file
    name).
    """
    return [
        (title, _data_address(pictures[name]))
        for name, title in PAGE_PICTURES.items()
        if name in pictures
    ]


def _data_address(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"
