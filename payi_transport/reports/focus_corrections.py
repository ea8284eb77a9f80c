"""Rows that correct what was exported before: a price was added or corrected after its period was closed.

An exported period is never written again, because somebody may have reported it. The difference is exported
as rows of its own, of the class `Correction`, in the billing period in which it was found. Earlier
corrections count as exported, so what is corrected twice adds up, too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from payi_transport.budgets.periods import find_period
from payi_transport.errors import PayiError
from payi_transport.reports.focus import Row
from payi_transport.reports.focus_columns import SCALES, Column, list_columns
from payi_transport.reports.focus_files import format_value

__all__ = ["make_corrections", "read_exported"]

_ZERO = Decimal(0)
# What a price is for. Rows that differ in anything else, such as the price, are about the same usage.
_KEYS = (
    *("ChargePeriodStart", "ChargePeriodEnd", "SubAccountId", "x_UseCaseName", "ServiceName", "ResourceId"),
    *("RegionId", "x_Unit", "x_Direction"),
)
_COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
_QUANTITIES = ("ConsumedQuantity", "PricingQuantity", "x_CallCount")
# A row with the difference between an old and a new price has neither of them.
_PRICES = ("ContractedUnitPrice", "ListUnitPrice", "SkuPriceDetails", "SkuPriceId", "PricingCategory")


def read_exported(path: Path) -> list[Row]:
    """Return the rows of a CSV file that was exported before. Raises PayiError for any other file."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            names = set(reader.fieldnames or ())
            columns = [column for column in list_columns("1.3") if column.name in names]
            if not {*_KEYS, *_COSTS, *_QUANTITIES} <= names:
                raise PayiError(f"{path} is not a CSV file of payi-transport export --focus")
            return [{column.name: _read(column, row[column.name]) for column in columns} for row in reader]
    except OSError as exc:
        raise PayiError(f"{path} can't be read: {exc.strerror}") from None
    except (UnicodeDecodeError, csv.Error, ValueError, InvalidOperation) as exc:
        raise PayiError(f"{path} is not a CSV file of payi-transport export --focus: {exc}") from None


def _read(column: Column, text: str | None) -> Any:
    if not text:
        return None
    if column.type in SCALES:
        number = Decimal(text)
        if not number.is_finite():
            raise ValueError(f"{column.name}: expected a number, got {text!r}")
        return number
    # Python 3.10 does not know the letter for UTC.
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if column.type == "time" else text


def make_corrections(
    rows: Iterable[Row], exported: Iterable[Row], now: datetime, zone: tzinfo
) -> Iterator[Row]:
    """Yield the rows by which what was exported becomes what is right now."""
    before, after = _add_up(exported), _add_up(rows)
    period = find_period("month", now, zone)
    for key in sorted({*before, *after}):
        was, is_now = before.get(key), after.get(key)
        changes = {name: _get(is_now, name) - _get(was, name) for name in (*_COSTS, *_QUANTITIES)}
        if not any(changes.values()):
            continue
        # Usage that did not change is not counted once more.
        quantities = {name: changes[name] or None for name in _QUANTITIES}
        yield {
            **(is_now or was or {}),
            **dict.fromkeys(_PRICES),
            **{name: changes[name] for name in _COSTS},
            **quantities,
            "ConsumedUnit": _find_unit(is_now, was, "ConsumedUnit")
            if quantities["ConsumedQuantity"]
            else None,
            "PricingUnit": _find_unit(is_now, was, "PricingUnit") if quantities["PricingQuantity"] else None,
            "BillingPeriodStart": period.start,
            "BillingPeriodEnd": period.end,
            "ChargeClass": "Correction",
            "x_Note": f"corrected from {_show(was)} to {_show(is_now)}",
        }


def _add_up(rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
    """Return one row for each key. Rows of another rate are about the same usage."""
    sums: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(format_value(row.get(name)) for name in _KEYS)
        known = sums.get(key)
        if known is None:
            sums[key] = dict(row)
            continue
        for name in (*_COSTS, *_QUANTITIES):
            known[name] = _get(known, name) + _get(row, name)
        for name in ("ConsumedUnit", "PricingUnit"):
            known[name] = known.get(name) or row.get(name)
    return sums


def _get(row: Mapping[str, Any] | None, name: str) -> Decimal:
    value: Decimal | None = None if row is None else row.get(name)
    return _ZERO if value is None else value


def _find_unit(is_now: Row | None, was: Row | None, name: str) -> Any:
    return (is_now or {}).get(name) or (was or {}).get(name)


def _show(row: Row | None) -> str:
    return f"${format_value(_get(row, 'EffectiveCost'))}"
