"""What is decided of a sheet before its rows are converted."""

from dataclasses import dataclass, field

from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.package_columns import PackageUse
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_types import Guess


@dataclass(frozen=True)
class SheetPlan:
    """Everything that is decided of a sheet once, before its rows are converted.

    `platform`: of rows that name none; `platform_outranks_links`: it counts more than their links.
    `unread`: of the columns that stay unclear, position -> the name that `Sheet.unread` has for
    them. `sums`: line of a row that sums up others -> which ones. `gifts`: a gift is a fee of 0, as
    in past partnerships; in a list to score it is no fee. `other_accounts`: position of a column
    of accounts on another platform than the one of --platform -> that platform. `packages`: whether
    packages of several formats are read as such, by their number alone (a past partnership has one
    format), or refused (a post has one format).
    """

    source: SheetSource
    plans: list[ColumnPlan]
    guesses: list[Guess]
    notes: list[str]
    table: str
    platform: str | None
    platform_outranks_links: bool
    unread: dict[int, str]
    sums: dict[int, str] = field(default_factory=dict)
    gifts: bool = False
    other_accounts: dict[int, str] = field(default_factory=dict)
    packages: PackageUse = "read"
