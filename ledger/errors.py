"""The error of the ledger that a user can put right."""

from features.errors import CreatorcastError


class LedgerError(CreatorcastError):
    """The ledger cannot be used; the message names it without its password."""
