"""The model card as a file, and the pictures of a training."""

from pathlib import Path

from features.errors import CreatorcastError
from features.files.atomic import replace_text
from models.model_card.page import card_page
from models.model_card.text import card_text
from training.artifacts import TrainingResult
from training.backtest.plots import backtest_figures
from training.runs.card_pictures import card_pictures, draw_picture
from training.runs.explanation_plots import explanation_figures

PAGE, TEXT = ".html", ".md"


class CardError(CreatorcastError):
    """The model card cannot be written."""


def training_pictures(trained: TrainingResult) -> dict[str, bytes]:
    """Return the pictures of a training, PNG by file name: its backtest, and what its models rest
    on.
    """
    figures = {} if trained.backtest is None else backtest_figures(trained.backtest)
    figures |= explanation_figures(trained.note.get("explanations", {}))
    return {name: draw_picture(figure) for name, figure in figures.items()}


def check_card_path(path: Path) -> None:
    """Raise CardError, before any work, unless the file's name says which kind it is to be."""
    if path.suffix.lower() not in (PAGE, TEXT):
        raise CardError(f"--out {str(path)!r} ends in neither {PAGE} nor {TEXT}: name one of them")
    if not path.resolve().parent.is_dir():
        raise CardError(f"the folder of --out {str(path)!r} does not exist: make it first")


def write_card(trained: TrainingResult, path: Path) -> None:
    """Write the card, whole or not at all. Raises CardError where the file cannot be written."""
    text = card_text(trained.bundle, trained.note)
    if path.suffix.lower() == PAGE:
        text = card_page(text, card_pictures(training_pictures(trained)))
    try:
        replace_text(path, text)
    except OSError as error:
        raise CardError(
            f"--out {str(path)!r} cannot be written: {error.strerror or error}: name another file"
        ) from error
