"""The name of a campaign: one rule, whichever door it comes through."""

from features.errors import CreatorcastError
from features.tables.creator_ids import unseen_fault

#: Characters that a name may have.
MAX_CAMPAIGN = 200


class CampaignNameError(CreatorcastError):
    """A text is no name of a campaign; the message says what is wrong, without the place."""


def campaign_name(text: str) -> str:
    """Return the name of a campaign without the blanks around it.

    Raises CampaignNameError where nothing is left, or where people could not tell it from another.

    >>> campaign_name(" spring ")
    'spring'
    """
    name = text.strip()
    if not name:
        raise CampaignNameError("is blank: give a name, or leave it out")
    if len(name) > MAX_CAMPAIGN:
        raise CampaignNameError(
            f"has {len(name):,} characters: give a name of at most {MAX_CAMPAIGN}"
        )
    if fault := unseen_fault(name):
        raise CampaignNameError(fault)
    return name
