"""A report as rows of texts, for every layout that has rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from payi_transport.reports.commitments import Commitment
from payi_transport.reports.formats import format_change, format_count, format_money, format_rounded
from payi_transport.reports.report import Group, Report
from payi_transport.reports.summary import Summary

__all__ = [
    "NONE",
    "UNUSED",
    "Row",
    "find_cost",
    "list_columns",
    "list_commitment_rows",
    "list_rows",
    "list_unit_rows",
    "make_cells",
    "name_group",
]

NONE, UNUSED = "(none)", "(not used)"


class Row(NamedTuple):
    """A group with its depth: 0 for those of the first dimension, 1 for those inside them."""

    name: str
    depth: int
    group: Group
    is_total: bool = False


def list_rows(report: Report) -> Iterator[Row]:
    """Yield the rows of a report, with the total at the end."""
    for group in report.groups:
        yield Row(name_group(group), 0, group)
        yield from (Row(name_group(inner), 1, inner) for inner in group.groups)
    yield Row("Total", 0, report.total, is_total=True)


def name_group(group: Group) -> str:
    """Return the name of a group as it is shown."""
    return f"({group.others:,} others)" if group.others else group.name or NONE


def find_cost(summary: Summary) -> Decimal | None:
    """Return what is known of a group's cost, None where no call has a price."""
    without = summary.unpriced == summary.calls and summary.calls
    return None if without else summary.cost


def list_columns(report: Report) -> list[str]:
    """Return the headings of the figures; a column that would say nothing in every row is left out."""
    total = report.total.summary
    columns = ["Cost", "Calls", "Errors", "Input", "Output", "p50 ms", "p95 ms"]
    if report.total.before is not None:
        columns.insert(1, "Change")
    if total.unpriced or total.partial:
        columns.insert(1, "Unpriced")
    if total.included:
        columns.insert(1, "Included")
    return columns


def make_cells(group: Group, columns: Sequence[str], *, rounded: bool = False) -> list[str]:
    """Return the figures of a group in the columns; tokens in thousands or millions if they are `rounded`."""
    summary, before = group.summary, group.before
    count = format_rounded if rounded else format_count
    cost = find_cost(summary)
    cells = {
        "Cost": "included" if summary.calls and summary.included == summary.calls else format_money(cost),
        "Included": format_count(summary.included),
        "Unpriced": format_count(summary.unpriced + summary.partial),
        "Change": format_change(cost, None if before is None else before.cost),
        "Calls": format_count(summary.calls),
        "Errors": format_count(summary.errors),
        "Input": count(summary.count_tokens("input")),
        "Output": count(summary.count_tokens("output")),
        "p50 ms": format_count(summary.find_latency(50)),
        "p95 ms": format_count(summary.find_latency(95)),
    }
    return [cells[column] for column in columns]


def list_unit_rows(summary: Summary) -> Iterator[tuple[str, str, str, str]]:
    """Yield each unit with its input, its output, and what both cost, the most expensive first."""
    names = {unit for unit, _ in summary.units}
    sums = {
        name: [summary.units.get((name, direction)) for direction in ("input", "output")] for name in names
    }
    costs = {name: sum((part.cost for part in parts if part), Decimal(0)) for name, parts in sums.items()}
    for name in sorted(names, key=lambda name: (-costs[name], name)):
        parts = sums[name]
        counts = [format_count(None if part is None else part.count) for part in parts]
        unpriced = all(part.unpriced == part.count for part in parts if part)
        yield name, counts[0], counts[1], format_money(None if unpriced else costs[name])


def list_commitment_rows(commitment: Commitment) -> Iterator[tuple[str, str, str]]:
    """Yield who used a commitment, with tokens and money, the part that nobody used, and the sum."""
    parts = sorted(commitment.parts.items(), key=lambda part: (-part[1], part[0] or ""))
    for name, amount in parts:
        yield name or NONE, format_count(commitment.tokens[name]), format_money(amount)
    if commitment.capacity is not None or commitment.unused:
        left = max(0, (commitment.capacity or 0) - sum(commitment.tokens.values()))
        yield UNUSED, format_count(left or None), format_money(commitment.unused)
    hours = f"{commitment.hours:.2f}".rstrip("0").rstrip(".")
    yield f"Total of {hours} {'hour' if hours == '1' else 'hours'}", "", format_money(commitment.cost)
