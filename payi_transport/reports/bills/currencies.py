"""Amounts of a bill in another currency than US dollars, in which our estimates are.

Rates are the user's: a bill was converted by the provider at a rate of its own, and what the bank took is
another one. So nothing is looked up, and a bill without a rate is an error that says which rate is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from payi_transport.errors import PayiError
from payi_transport.reports.bills.line import USD, BillLine, find_step
from payi_transport.reports.bills.numbers import read_decimal

__all__ = ["convert", "find_currency", "read_rates"]

_EXPECTED = "expected a currency and what one of it is in US dollars, such as EUR=1.08"


def read_rates(texts: Iterable[str]) -> dict[str, Decimal]:
    """Return rates by currency. Raises PayiError for a text that is none, such as "EUR" or "EUR=0"."""
    rates = {}
    for text in texts:
        currency, _, value = text.partition("=")
        rate = read_decimal(value)
        if not currency.strip() or rate is None or rate <= 0:
            raise PayiError(f"--rate: {_EXPECTED}, got {text!r}")
        rates[currency.strip().upper()] = rate
    return rates


def find_currency(lines: Iterable[BillLine]) -> str | None:
    """Return the currency that all amounts are in, None if there are several."""
    found = {line.currency for line in lines if line.cost is not None}
    return found.pop() if len(found) == 1 else None if found else USD


def convert(lines: Iterable[BillLine], rates: Mapping[str, Decimal]) -> list[BillLine]:
    """Return the lines in US dollars. Raises PayiError for a currency without a rate."""
    return [_convert(line, rates) for line in lines]


def _convert(line: BillLine, rates: Mapping[str, Decimal]) -> BillLine:
    if line.currency == USD or line.cost is None:
        return line
    rate = rates.get(line.currency)
    if rate is None:
        raise PayiError(
            f"the bill is in {line.currency}, and estimates are in US dollars; say what one {line.currency}"
            f" is in US dollars, such as --rate {line.currency}=1.08"
        )
    step = find_step(line.cost) * rate
    return msgspec.structs.replace(line, cost=line.cost * rate, currency=USD, step=step)
