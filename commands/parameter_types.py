"""What arguments and options hold: paths, and moments in time."""

from __future__ import annotations

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
