"""What is wrong with a question to the registered model as a whole."""

from features.errors import CreatorcastError


class ModelInputError(CreatorcastError):
    """Columns or params of a question cannot be used."""
