"""Numbers as bills and spreadsheets write them: with signs, currencies, and groups of thousands.

A number is read with a decimal point here. One with a decimal comma has its marks swapped before, which takes
the whole column (see `locales.py`): alone, `1,234` may be either.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

__all__ = ["NUMBER_FORMS", "find_symbol", "list_marks", "read_decimal", "swap_marks"]

NUMBER_FORMS = "1234.56, 1,234.56, -$5.00, (5.00), or 1.234,56 in a column with decimal commas"
# Above this, a number is a mistake, and sums of such numbers would not be exact.
_LARGEST = Decimal("1e15")
_SMALLEST_EXPONENT = -20
# No number has more characters.
_LONGEST = 60
_EXACT = Context(prec=_LONGEST, rounding=ROUND_HALF_EVEN)
# What separates thousands beside a comma or a point.
_SPACES = r"\s'\N{RIGHT SINGLE QUOTATION MARK}"
_SIGN = "[-+\N{MINUS SIGN}]"
_CURRENCY = r"(?:US\$|[$€£¥₹]|[A-Z]{3})"
# What stands around a number. Accountants write a loss in parentheses.
_AROUND = re.compile(
    rf"(?P<loss>\()?\s*(?P<sign>{_SIGN}?\s*{_CURRENCY}?|{_CURRENCY}\s*{_SIGN})\s*"
    rf"(?P<digits>[0-9.,].*?)\s*{_CURRENCY}?\s*(?(loss)\))"
)
_SYMBOL = re.compile(_CURRENCY)
_SWAPPED = str.maketrans(".,", ",.")


def _make_form(mark: str, group: str, middle: str) -> re.Pattern[str]:
    """Return the form of numbers with a decimal mark, whose groups are between marks of another kind."""
    gap = rf"(?P<gap>[{group}{_SPACES}])"
    grouped = rf"[1-9][0-9]{{0,2}}{gap}(?:[0-9]{middle}(?P=gap))*[0-9]{{3}}"
    return re.compile(rf"(?:(?:{grouped}|[0-9]+)(?:[{mark}][0-9]*)?|[{mark}][0-9]+)(?:[eE][-+]?[0-9]+)?")


# In India, groups before the last one have two digits.
_FORMS = {".": _make_form(".", ",", "{2,3}"), ",": _make_form(",", ".", "{3}")}
_GAPS = re.compile(rf"[,{_SPACES}]")


def read_decimal(value: Any) -> Decimal | None:
    """Return a number with a decimal point, None for anything else.

    One of JSON is read by its text, so that it stays exact.
    """
    if isinstance(value, str):
        found = _AROUND.fullmatch(value.strip()) if len(value) <= _LONGEST else None
        if found is None or _FORMS["."].fullmatch(found["digits"]) is None:
            return None
        digits = _GAPS.sub("", found["digits"])
        is_below = found["loss"] or "-" in found["sign"] or "\N{MINUS SIGN}" in found["sign"]
        return _make_decimal(f"-{digits}" if is_below else digits)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return _make_decimal(str(value)) if is_number else None


def _make_decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > _LARGEST:
        return None
    # Binary floats have digits that nobody billed.
    exponent = number.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < _SMALLEST_EXPONENT
    return number.quantize(Decimal(1).scaleb(_SMALLEST_EXPONENT), context=_EXACT) if is_long else number


def list_marks(text: str) -> set[str]:
    """Return the decimal marks with which a text is a number: "1,50" needs a comma, "1,234" has either."""
    found = _AROUND.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return {mark for mark, form in _FORMS.items() if found and form.fullmatch(found["digits"])}


def swap_marks(text: str) -> str:
    """Return a number that has a decimal comma with a point, and points between thousands as commas."""
    return text.translate(_SWAPPED)


def find_symbol(value: Any) -> str:
    """Return the sign or the code of a currency that stands beside a number, empty if there is none."""
    found = _SYMBOL.search(value) if isinstance(value, str) else None
    return found[0] if found else ""
