"""The error of the ledger that a user can put right."""

from features.errors import CreatorcastError


class LedgerError(CreatorcastError):
    """The ledger cannot be used; the message names it without its password.

    `is_refused`: the database refuses the values themselves, so that trying again is of no use.
    """

    def __init__(self, message: str, is_refused: bool = False):
        super().__init__(message)
        self.is_refused = is_refused


class JournalError(CreatorcastError):
    """Forecasts could not be written to the journal, and are lost.

    The message is fit for whoever asked for them; `details`: place and remedy, for who runs it.
    """

    def __init__(self, message: str, details: str = ""):
        super().__init__(message)
        self.details = details
