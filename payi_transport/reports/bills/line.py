"""One line of a bill, in the same form for every provider, and the texts that it is read from.

Bills are files that somebody exported, and a spreadsheet may have changed them since. So every field may be
missing, of another type, or out of range, and then counts as absent. The user is told of numbers and dates
that can't be read (see `values.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from payi_transport.reports.bills.numbers import find_symbol

__all__ = [
    "USD",
    "BillLine",
    "Table",
    "find_multiplier",
    "find_step",
    "read_currency",
    "read_text",
]

USD = "USD"
# The rows of a file with named columns.
Table = Sequence[Mapping[str, Any]]
_SYMBOLS = {"$": USD, "US$": USD, "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CENTS = -2
# Not "1 month", "1 minute", or "1 MB".
_MILLION = re.compile(r"1 ?m(?!in|on|b\b)|million|1000000")
_THOUSAND = re.compile(r"1 ?k|thousand|1000")


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider bills for a period, a model, and a kind of tokens.

    `quantity` counts single tokens or requests. It is None in a report of costs alone, and `cost`, in
    `currency`, is None in one of usage alone. `model` and `kind` are empty for what belongs to no model, such
    as a tax. `tier` is "batch", "flex", or "priority"; empty is the standard one. `account` is the
    provider's own: a project, a workspace, or a linked account. `end` is None where the bill names no end,
    and then the line is for a day. `step` is what the last digit of an amount was worth before it was
    converted to US dollars, None where it was not.
    """

    provider: str
    start: datetime
    end: datetime | None = None
    model: str = ""
    kind: str = ""
    tier: str = ""
    account: str = ""
    quantity: Decimal | None = None
    cost: Decimal | None = None
    currency: str = USD
    step: Decimal | None = None
    requests: int = 0


def read_text(value: Any) -> str:
    """Return a text without space around it, empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def read_currency(value: Any, amount: Any = None) -> str:
    """Return the code of a currency, by its code or its sign.

    Where the bill names none, it is the one beside the amount, and US dollars where there is none either.
    """
    named = read_text(value).upper() or find_symbol(amount)
    return _SYMBOLS.get(named, named) or USD


def find_multiplier(unit: Any) -> int:
    """Return how many tokens a unit of a bill is: 1000 for "1K tokens", a million for "1M" or "Millions"."""
    text = read_text(unit).lower()
    if _MILLION.search(text):
        return 1_000_000
    return 1000 if _THOUSAND.search(text) else 1


def find_step(cost: Decimal) -> Decimal:
    """Return what the last digit of an amount is worth, at most 1.

    Zeros behind the cents say nothing: "1.250000" may well be a number of cents.
    """
    written, needed = (number.as_tuple().exponent for number in (cost, cost.normalize()))
    if not isinstance(written, int) or not isinstance(needed, int):
        return Decimal(1)
    return Decimal(1).scaleb(min(0, max(written, min(needed, _CENTS))))
