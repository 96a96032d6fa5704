"""What arguments and options hold: paths, and moments in time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
FILE_OR_FOLDER = click.Path(path_type=Path)
#: Also "-", which is standard input or output.
FILE_OR_STDIO = click.Path(path_type=Path, allow_dash=True)


#: Numbers with one sort of thousands mark, and their marks.
_GROUPED = re.compile(r"\d{1,3}(?:([ ,.'\u00a0\u202f])\d{3})(?:\1\d{3})*")
_SHORT = re.compile(r"(\d+(?:\.\d{1,2})?)\s*([kKmM])")
_THOUSANDS = {"k": 1e3, "m": 1e6}


class Amount(click.ParamType):
    """A number of money or of engagements as people type it: 10000, 10,000, 10 000 or 10k.

    A point before three digits is refused, as it is a thousands mark to some and a decimal one to
    others.
    """

    name = "number"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number. Fails for what is none, or can be read in two ways."""
        if isinstance(value, int | float):
            return float(value)
        text = value.strip()
        if match := _SHORT.fullmatch(text):
            return float(match[1]) * _THOUSANDS[match[2].lower()]
        if match := _GROUPED.fullmatch(text):
            mark = match[1]
            plain = text.replace(mark, "")
            if mark == "." and text.count(mark) == 1:
                self.fail(f"{value!r} can be read in two ways: write {plain}", param, ctx)
            return float(plain)
        try:
            return float(text)
        except ValueError:
            self.fail(f"{value[:40]!r} is no number: write it such as 10000", param, ctx)


class CampaignName(click.ParamType):
    """The name of a campaign, without the blanks around it."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Fails for one that is blank or cannot be told from another."""
        from ledger.campaign_name import CampaignNameError, campaign_name

        try:
            return campaign_name(value)
        except CampaignNameError as error:
            self.fail(f"{value[:40]!r} {error}", param, ctx)


class Name(click.ParamType):
    """The name of something, without the blanks around it. `what`: what it names."""

    name = "text"

    def __init__(self, what: str):
        self.what = what

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Fails for one that is blank, or is an @ alone."""
        if not value.strip().removeprefix("@").strip():
            self.fail(f"{value!r} names nothing: name {self.what}", param, ctx)
        return value.strip()


class Moment(click.ParamType):
    """A moment in ISO form; without a time it is midnight, without an offset UTC."""

    name = "date"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> pd.Timestamp:
        """Return the moment in UTC. Fails for text that is no moment."""
        import pandas as pd

        from features.tables.timestamps import TimestampError, parse_timestamp

        try:
            return pd.Timestamp(parse_timestamp(value))
        except TimestampError as error:
            self.fail(str(error), param, ctx)


class ReadingMoment(Moment):
    """The moment of a reading; a date alone is the end of that day, after all posts of it."""

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> pd.Timestamp:
        """Return the moment in UTC. Fails for text that is no moment."""
        import pandas as pd

        from features.tables.timestamps import is_date_only

        moment = super().convert(value, param, ctx)
        if is_date_only(value):
            return moment + pd.Timedelta(hours=23, minutes=59, seconds=59)
        return moment
