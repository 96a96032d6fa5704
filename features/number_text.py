"""Amounts of money and counts as sentences word them: never an exponent, never -0, always a
thousands separator.
"""

import math

import numpy as np

#: Amounts from which on they are whole; and below which two significant digits are told in place of
#: two decimals.
MIN_WHOLE, MIN_TWO_DECIMALS = 100, 0.1
#: Lifts what lies halfway between two decimals to the upper one: floats keep it a little below as
#: often as above.
_NUDGE = 1 + 1e-12


def format_money(value: float, currency: str = "USD") -> str:
    """Word an amount with its currency: whole from 100, two decimals below, two significant digits
    below 0.1.

    >>> [format_money(value) for value in (1234.5, 14.7098, 50, 0.0042)]
    ['1,235 USD', '14.71 USD', '50 USD', '0.0042 USD']
    >>> format_money(0.00001234, "EUR")
    '0.000012 EUR'
    """
    return f"{format_amount(value)} {currency}"


def format_amount(value: float) -> str:
    """Word an amount without its currency, as `format_money` does.

    >>> format_amount(2.5e9), format_amount(99.999), format_amount(-0.0), format_amount(0.3)
    ('2,500,000,000', '100', '0', '0.30')
    """
    size = abs(value)
    if size == 0:
        return "0"
    if size >= MIN_WHOLE:
        text = f"{math.floor(size + 0.5):,}"
    elif size >= MIN_TWO_DECIMALS:
        text = f"{size * _NUDGE:.2f}".removesuffix(".00")
    else:
        text = _significant(size * _NUDGE)
    return f"-{text}" if value < 0 else text


def format_amounts(values: np.ndarray) -> list[str]:
    """Word finite amounts, (n,), as `format_amount` does.

    >>> format_amounts(np.array([1234.5, 99.999, 0.3, 0.0042123, -0.0]))
    ['1,235', '100', '0.30', '0.0042', '0']
    """
    size = np.abs(values)
    lifted = size * _NUDGE
    with np.errstate(divide="ignore"):
        decimals = np.where(size > 0, np.maximum(1 - np.floor(np.log10(lifted)), 2), 2)
    unit = 10.0**decimals
    rounded = np.where(size < MIN_WHOLE, np.rint(lifted * unit) / unit, np.floor(size + 0.5))
    amounts = np.copysign(rounded, values).tolist()
    # a list has few distinct ones, and wording them takes longer than rounding
    texts = {amount: format_amount(amount) for amount in set(amounts)}
    return [texts[amount] for amount in amounts]


def round_amount(value: float) -> float:
    """Return an amount as `format_amount` words it.

    >>> [round_amount(value) for value in (1234.5, 14.7098, 0.0042123)]
    [1235.0, 14.71, 0.0042]
    """
    return float(format_amount(value).replace(",", ""))


def round_amounts(values: np.ndarray) -> np.ndarray:
    """Return finite amounts, (n,), as `format_amounts` words them.

    >>> round_amounts(np.array([1234.5, 14.7098, 0.0042123])).tolist()
    [1235.0, 14.71, 0.0042]
    """
    texts = format_amounts(values)
    amounts = {text: float(text.replace(",", "")) for text in set(texts)}
    return np.array([amounts[text] for text in texts], dtype=float)


def round_estimates(values: np.ndarray) -> np.ndarray:
    """Return counts that are estimated as `format_estimates` words them, (n,).

    >>> round_estimates(np.array([3412.7, 7.4, np.nan])).tolist()
    [3400.0, 7.0, nan]
    """
    with np.errstate(divide="ignore"):
        exponents = np.maximum(np.floor(np.log10(values)), 1)
    units = 10.0 ** (exponents - 1)
    return np.rint(values / units) * units + 0.0  # + 0.0: never -0


def format_estimates(values: np.ndarray) -> list[str]:
    """Word counts that are estimated, (n,) finite and not negative: two digits, whole.

    >>> format_estimates(np.array([3412.7, 7.4, -0.0]))
    ['3,400', '7', '0']
    """
    rounded = round_estimates(values).tolist()
    # a list has few distinct ones, and wording them takes longer than rounding
    texts = {count: f"{count:,.0f}" for count in set(rounded)}
    return [texts[count] for count in rounded]


def pluralize(count: str, noun: str) -> str:
    """Return a count and its noun, in the singular behind "1".

    >>> pluralize("1", "post"), pluralize("1,200", "post"), pluralize("1.5", "post")
    ('1 post', '1,200 posts', '1.5 posts')
    """
    return f"{count} {noun}" if count == "1" else f"{count} {noun}s"


def count_text(number: float, noun: str) -> str:
    """Word a whole number of things.

    >>> count_text(1, "post"), count_text(1200, "post"), count_text(0, "outcome")
    ('1 post', '1,200 posts', '0 outcomes')
    """
    return pluralize(f"{number:,.0f}", noun)


def choose_verb(number: float, singular: str, plural: str) -> str:
    """Return the form of a verb that a number of things has.

    >>> choose_verb(1, "lies", "lie"), choose_verb(0, "lies", "lie")
    ('lies', 'lie')
    """
    return singular if number == 1 else plural


def format_paid(value: float, currency: str) -> str:
    """Word an amount that was paid: to the cent, so that amounts add up as they are told.

    >>> format_paid(1200.0, "EUR"), format_paid(1234.5, "USD"), format_paid(0.125, "USD")
    ('1,200 EUR', '1,234.50 USD', '0.12 USD')
    """
    return f"{value:,.2f}".removesuffix(".00") + f" {currency}"


def format_fraction(value: float) -> str:
    """Word a share or probability in two significant digits, never rounded up to 1 or down to 0.

    >>> [format_fraction(value) for value in (0.9, 0.9996, 0.00001, 1.0, 0.5)]
    ['0.9', '0.9996', '0.00001', '1', '0.5']
    """
    rest = min(value, 1 - value)
    if rest <= 0:
        return format_number(value)
    return f"{value:.{max(2, math.ceil(-math.log10(rest)))}f}".rstrip("0")


def format_probability(value: float, decimals: int = 2) -> str:
    """Word a probability, never as certain or impossible, which no forecast is.

    >>> [format_probability(value) for value in (0.876, 0.9999, 0.0001)]
    ['0.88', 'over 0.99', 'under 0.01']
    """
    if value < 0.005:
        return "under 0.01"
    return "over 0.99" if value >= 0.995 else f"{value:.{decimals}f}"


def _least_value(hundredths: int) -> float:
    """Return the least probability that is worded by the text of so many hundredths."""
    middle = (hundredths - 0.5) / 100
    is_worded_so = format_probability(middle) == _PROBABILITIES[hundredths]
    return middle if is_worded_so else math.nextafter(middle, 1.0)


#: The texts of probabilities in their order, and the least value of each but the first.
_PROBABILITIES = [format_probability(hundredths / 100) for hundredths in range(101)]
_LEAST_VALUES = np.array([_least_value(hundredths) for hundredths in range(1, 101)])


def format_probabilities(values: np.ndarray) -> list[str]:
    """Word probabilities, (n,), as `format_probability` does.

    >>> format_probabilities(np.array([0.876, 0.9999, 0.0001]))
    ['0.88', 'over 0.99', 'under 0.01']
    """
    places = np.searchsorted(_LEAST_VALUES, values, side="right")
    return [_PROBABILITIES[place] for place in places.tolist()]


def format_number(value: float) -> str:
    """Word a number that is known, with at most two decimals.

    >>> format_number(3.0), format_number(1250.0), format_number(2.5)
    ('3', '1,250', '2.5')
    """
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def _significant(size: float) -> str:
    """Return two significant digits, and at least two decimals, of a small amount."""
    decimals = 1 - math.floor(math.log10(size))
    whole, part = f"{size:.{decimals}f}".split(".")
    return f"{whole}.{part.rstrip('0'):0<2}"
