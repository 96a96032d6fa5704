"""Amounts of money and counts as sentences word them: never an exponent, never -0, always a thousands separator."""

import math

#: Amounts from which on they are whole; and below which two significant digits are told in place of two decimals.
WHOLE, SMALL = 100, 0.1
#: Lifts what lies halfway between two decimals to the upper one: floats keep it a little below as often as above.
_NUDGE = 1 + 1e-12


def money(value: float, currency: str = "USD") -> str:
    """Word an amount with its currency: whole from 100, two decimals below, two significant digits below 0.1.

    >>> money(1234.5), money(14.7098), money(50), money(0.0042), money(0.00001234, "EUR")
    ('1,235 USD', '14.71 USD', '50 USD', '0.0042 USD', '0.000012 EUR')
    """
    return f"{amount(value)} {currency}"


def amount(value: float) -> str:
    """Word an amount without its currency, as `money` does.

    >>> amount(2.5e9), amount(99.999), amount(-0.0), amount(0.3)
    ('2,500,000,000', '100', '0', '0.30')
    """
    size = abs(value)
    if size == 0:
        return "0"
    if size >= WHOLE:
        text = f"{math.floor(size + 0.5):,}"
    elif size >= SMALL:
        text = f"{size * _NUDGE:.2f}".removesuffix(".00")
    else:
        text = _significant(size * _NUDGE)
    return f"-{text}" if value < 0 else text


def rounded(value: float) -> str:
    """Word a count that is estimated: two digits, whole.

    >>> rounded(3412.7), rounded(7.4)
    ('3,400', '7')
    """
    return f"{float(f'{value:.2g}') if value >= 10 else abs(value):,.0f}"


def counted(count: str, noun: str) -> str:
    """Put a noun behind its count, in the singular behind "1".

    >>> counted("1", "post"), counted("1,200", "post"), counted("1.5", "post")
    ('1 post', '1,200 posts', '1.5 posts')
    """
    return f"{count} {noun}" if count == "1" else f"{count} {noun}s"


def share(value: float) -> str:
    """Word a share or probability in two significant digits, never rounded up to 1 or down to 0.

    >>> share(0.9), share(0.9996), share(0.00001), share(1.0), share(0.5)
    ('0.9', '0.9996', '0.00001', '1', '0.5')
    """
    rest = min(value, 1 - value)
    if rest <= 0:
        return plain(value)
    return f"{value:.{max(2, math.ceil(-math.log10(rest)))}f}".rstrip("0")


def plain(value: float) -> str:
    """Word a number that is known, with at most two decimals.

    >>> plain(3.0), plain(1250.0), plain(2.5)
    ('3', '1,250', '2.5')
    """
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def _significant(size: float) -> str:
    """Give two significant digits of an amount below SMALL, and at least two decimals."""
    decimals = 1 - math.floor(math.log10(size))
    whole, part = f"{size:.{decimals}f}".split(".")
    return f"{whole}.{part.rstrip('0'):0<2}"
