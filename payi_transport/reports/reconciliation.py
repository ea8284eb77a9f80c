"""The result of `reconcile`: one sentence, the parts of the difference, its reasons, and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from payi_transport.budgets.notices import format_money
from payi_transport.reports.bills.currencies import convert
from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.bills.values import Unread
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.reports.reconcile import Comparison, Parts, compare
from payi_transport.reports.reconcile_findings import Finding, find_findings
from payi_transport.reports.sentences import choose_format

__all__ = ["Line", "Reconciliation", "reconcile", "sum_rows"]

_ZERO = Decimal(0)
_SUMMED = ("billed", "estimated", *Parts._fields, "unpriced")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A day, model, and kind of tokens, or several of them. Amounts are in US dollars."""

    day: date | None = None
    model: str | None = None
    kind: str | None = None
    billed: Decimal
    estimated: Decimal
    not_seen: Decimal
    quantity: Decimal
    price: Decimal
    undivided: Decimal
    # Tokens of our calls without a price.
    unpriced: int = 0


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a bill differs from the estimate of the calls that were seen. Amounts are in US dollars.

    `unpriced` is the number of tokens for which we have no price.
    """

    sentence: str
    first_day: date
    last_day: date
    billed: Decimal
    estimated: Decimal
    difference: Decimal
    total: Line
    findings: list[Finding]
    rows: list[Line]
    unpriced: int
    currency: str = "USD"
    # What one of each other currency of the bill was taken for, in US dollars.
    rates: dict[str, Decimal] = {}
    # What of the bill can't be read, and so is not in these amounts.
    unread: list[Unread] = []


def reconcile(
    bill: Bill,
    calls: Iterable[PricedCall],
    repeats: Iterable[PricedCall] = (),
    rates: Mapping[str, Decimal] | None = None,
) -> Reconciliation:
    """Compare a bill with calls. `repeats` is read after them, and has those that were left out.

    `rates` says what one of another currency is in US dollars. Raises PayiError if the bill needs one that
    is missing.
    """
    rates = rates or {}
    currencies = {line.currency for line in bill.lines if line.cost is not None}
    bill = bill._replace(lines=convert(bill.lines, rates), repeats=convert(bill.repeats, rates))
    comparison = compare(bill, calls)
    left_out = [call.estimate.total or _ZERO for call in repeats]
    findings = find_findings(comparison, bill, (len(left_out), sum(left_out, _ZERO)))
    rows = [
        Line(
            day=row.key.day,
            model=comparison.names.get(row.key.model, row.key.model),
            kind=row.key.kind,
            billed=row.cell.bill.cost,
            estimated=row.cell.ours.cost,
            unpriced=int(row.cell.ours.unpriced),
            **row.parts._asdict(),
        )
        for row in comparison.rows
    ]
    return Reconciliation(
        sentence=_make_sentence(comparison),
        first_day=comparison.first,
        last_day=comparison.last,
        billed=comparison.billed,
        estimated=comparison.estimated,
        difference=comparison.parts.total,
        total=_make_total(comparison),
        findings=findings,
        rows=rows,
        unpriced=_count_unpriced(comparison),
        rates={currency: rates[currency] for currency in sorted(currencies & set(rates))},
        unread=list(bill.unread),
    )


def _make_total(comparison: Comparison) -> Line:
    return Line(
        billed=comparison.billed,
        estimated=comparison.estimated,
        unpriced=_count_unpriced(comparison),
        **comparison.parts._asdict(),
    )


def _count_unpriced(comparison: Comparison) -> int:
    return int(sum((row.cell.ours.unpriced for row in comparison.rows), _ZERO))


def sum_rows(rows: Iterable[Line], field: str) -> list[Line]:
    """Return the sums by "day", "model", or "kind": the largest differences first, or days in order."""
    sums: dict[object, Line] = {}
    for row in rows:
        name = getattr(row, field)
        before = sums.get(name)
        added = {
            part: getattr(row, part) if before is None else getattr(before, part) + getattr(row, part)
            for part in _SUMMED
        }
        sums[name] = Line(**{field: name}, **added)
    lines = list(sums.values())
    if field == "day":
        return lines
    return sorted(lines, key=lambda line: -abs(line.billed - line.estimated))


def _make_sentence(comparison: Comparison) -> str:
    if not comparison.billed:
        worth = comparison.parts.total
        return (
            "The bill has no amounts. At our prices, its quantities are worth"
            f" {format_money(abs(worth))} {_say_way(worth)} than the calls seen here,"
            f" {format_money(comparison.estimated)}."
        )
    difference = comparison.parts.total
    show = choose_format(
        [(comparison.billed, (comparison.estimated, difference)), (difference, comparison.parts)]
    )
    share = f"{abs(100 * difference / comparison.billed):.1f} %"
    seen = f"the estimate of the calls seen here, {show(comparison.estimated)}"
    if not difference:
        return f"The bill of {show(comparison.billed)} is exactly {seen}."
    names = (
        "not seen here",
        "other quantity",
        "other price",
        "other quantity or price, which a bill without quantities does not tell apart",
    )
    parts = [
        f"{show(part)} {name}"
        for part, name in sorted(zip(comparison.parts, names, strict=True), key=lambda row: -abs(row[0]))
        if part
    ]
    change = f"{show(abs(difference))} {_say_way(difference)} ({share})"
    return f"The bill of {show(comparison.billed)} is {change} than {seen}: {', '.join(parts)}."


def _say_way(money: Decimal) -> str:
    return "more" if money > 0 else "less"
