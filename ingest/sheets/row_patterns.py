"""What rows prove together: whose followers a column counts, and whether an account stands at many
dates.
"""

from itertools import pairwise
from statistics import median

from ingest.sheets.dates import parse_date
from ingest.sheets.number_parser import last_mark, number_value, parse_number_text
from ingest.sheets.workbook import Cell, NumberCell

#: How far the followers of an account may lie apart within a list of its posts, and from one date
#: to the next.
STEADY, STEP = 1.05, 1.5
#: Fewer followers that stay the same may be what posts gained.
FEW = 100
#: From so many days on, rows are figures of each day.
FEWEST_DAYS = 3

CellRows = list[list[Cell]]
#: Positions of the columns that say whose a row is, none where all rows are of one account.
AccountColumns = tuple[int, ...]


def _name(row: list[Cell], who: AccountColumns) -> str:
    return " ".join(str(row[k]).strip().lower() for k in who)


def comparable_number(cell: Cell) -> float | None:
    """Return the number of a cell as far as it is certain enough to be compared, else None."""
    if isinstance(cell, NumberCell):
        return float(cell.value)
    number = parse_number_text(cell) if isinstance(cell, str) and cell else None
    value = number_value(number, last_mark(number.core)) if number else None
    return None if value is None else float(value)


def numbers_by_account(rows: CellRows, index: int, who: AccountColumns) -> dict[str, list[float]]:
    """Return the numbers of a column by account, all as one account's where `who` is empty."""
    groups: dict[str, list[float]] = {}
    for row in rows:
        if (value := comparable_number(row[index])) is not None:
            groups.setdefault(_name(row, who), []).append(value)
    return groups


def is_account_count(rows: CellRows, index: int, who: AccountColumns, counts: int | None) -> bool:
    """Return whether a column of a list of posts counts the account's followers, and not what each
    post gained.

    `counts`: the position of likes or views. An account has much the same number
    at all its posts, or more than a post has likes.
    """
    groups = numbers_by_account(rows, index, who)
    values = [value for group in groups.values() for value in group]
    if not values:
        return True
    several = [group for group in groups.values() if len(group) > 1]
    several = several if sum(map(len, several)) > len(values) / 2 else []
    steady = [max(group) <= STEADY * min(group) for group in several]
    if steady and sum(steady) > len(steady) / 2 and median(values) >= FEW:
        return True
    liked = [
        value
        for row in rows
        if counts is not None and (value := comparable_number(row[counts])) is not None
    ]
    if not liked:
        return not several
    return min(values) > 0 and median(values) >= median(liked)


def is_follower_history(rows: CellRows, when: int, who: AccountColumns, followers: int) -> bool:
    """Return whether rows hold the followers of accounts at several dates, without large steps from
    one to the next.
    """
    if not has_many_dates(rows, when, who):
        return False
    groups = numbers_by_account(rows, followers, who).values()
    steps = [max(pair) <= STEP * min(pair) for group in groups for pair in pairwise(group)]
    return bool(steps) and sum(steps) >= 0.9 * len(steps)


def has_many_dates(rows: CellRows, when: int, who: AccountColumns) -> bool:
    """Return whether accounts have several dates each, seldom the same one twice."""
    dates: dict[str, list[str]] = {}
    for row in rows:
        dates.setdefault(_name(row, who), []).append(str(row[when]))
    different = sum(len(set(group)) for group in dates.values())
    return different > len(dates) and different >= 0.9 * len(rows)


def is_daily(rows: CellRows, when: int) -> bool:
    """Return whether rows are three or more days in a row, each once and without a time."""
    texts = [str(row[when]) for row in rows if str(row[when]).strip()]
    days = []
    for text in texts:
        date = parse_date(text.removesuffix(" 00:00:00"))
        day = date.moment(None) if date is not None and not date.seconds else None
        if day is None:
            return False
        days.append(day)
    if len(days) < FEWEST_DAYS:
        return False
    steps = {(later - earlier).days for earlier, later in pairwise(days)}
    return steps in ({1}, {-1})
