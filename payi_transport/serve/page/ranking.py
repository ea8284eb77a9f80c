"""Tables of what costs most, with a bar for each share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from payi_transport.serve.page import formats
from payi_transport.serve.page.address import DIMENSION_NAMES
from payi_transport.serve.page.charts import NONE, OTHER
from payi_transport.serve.page.costs import each_cell, share_cell, sums_cell
from payi_transport.serve.page.elements import Cell, Column, empty, note, table
from payi_transport.serve.page.frame import Page
from payi_transport.serve.views import Breakdown, Dimension, Group, Sums

__all__ = ["show_ranking", "sum_cells", "sum_columns"]

# Errors from this share on are marked. Some are usual, and a column of red figures would say nothing.
_MANY = Decimal("0.05")
# What a reader asks next about one value of a dimension.
_NEXT: dict[str, Dimension] = {
    "use_case": "model",
    "account": "use_case",
    "user": "use_case",
    "category": "model",
    "model": "use_case",
    "environment": "use_case",
    "step": "model",
}


def show_ranking(
    page: Page, found: Breakdown, colors: Mapping[str, str] | None, *, is_short: bool = False
) -> None:
    """Show the most expensive values of a dimension; a short table has the first eight and fewer columns.

    `colors` are those of the chart above by name, None where it shows another dimension.
    """
    dimension: Dimension = found.by  # type: ignore[assignment]
    groups = found.groups[:8] if is_short else found.groups
    if not groups:
        empty("No calls in this period.")
        return
    columns = [Column(DIMENSION_NAMES[dimension], is_number=False), Column("Cost"), Column("Share")]
    columns += [Column("Calls")] if is_short else sum_columns()
    top = max(group.sums.cost for group in groups)
    rows = [
        [_name(page, dimension, group, colors), *_figures(group.sums, top, found.total, is_short)]
        for group in groups
    ]
    if not found.overlaps:
        rest = _rest(groups, found.total)
        rows += [[Cell("other"), *_figures(rest, top, found.total, is_short)]] if rest.calls else []
    rows.append([Cell("Total"), *_figures(found.total, None, found.total, is_short)])
    caption = f"Cost by {DIMENSION_NAMES[dimension].lower()}"
    table(f"cost-by-{dimension}", columns, rows, caption, is_wide=not is_short)
    if sum(group.sums.calls for group in found.groups) > found.total.calls:
        note(
            "A call with several of these counts in several rows, so the rows add up to more than the total."
        )


def _name(page: Page, dimension: Dimension, group: Group, colors: Mapping[str, str] | None) -> Cell:
    color = "" if colors is None else colors.get(group.name, OTHER if group.name else NONE)
    return Cell(group.name or "none", color=color, link=_link(page, dimension, group))


def _link(page: Page, dimension: Dimension, group: Group) -> str:
    if dimension == "limit":
        return page.address.link("/budgets")
    # From a value to its breakdown, and from there to its calls.
    filters, following = page.address.active_filters(), _NEXT.get(dimension)
    is_narrow = dimension in filters or len(filters) > 1 or page.address.path == "/breakdown"
    if is_narrow or following is None:
        return page.address.link("/calls", **{dimension: group.name})
    return page.address.link("/breakdown", by=following, **{dimension: group.name})


def _figures(sums: Sums, top: Decimal | None, total: Sums, is_short: bool) -> list[Cell]:
    cells = [sums_cell(sums, top), share_cell(sums, total)]
    return cells + ([_count(sums.calls)] if is_short else sum_cells(sums))


def sum_columns() -> list[Column]:
    """Return the columns of `sum_cells`."""
    titles = ("Calls", "Cost per call", "Tokens in", "Tokens out", "Cache", "Errors", "Unpriced")
    return [Column(title) for title in titles]


def sum_cells(sums: Sums) -> list[Cell]:
    """Return the other figures of some calls."""
    return [
        _count(sums.calls),
        each_cell(sums),
        _count(sums.input),
        _count(sums.output),
        Cell(formats.percent(sums.cache_read, sums.input)),
        Cell(
            formats.percent(sums.errors, sums.calls),
            mark="bad" if sums.errors >= _MANY * max(sums.calls, 1) else "",
        ),
        Cell(formats.count(sums.unpriced), mark="warn" if sums.unpriced else ""),
    ]


def _count(number: int) -> Cell:
    return Cell(formats.count(number), str(number))


def _rest(groups: list[Group], total: Sums) -> Sums:
    names = Sums.__struct_fields__
    return Sums(
        **{name: getattr(total, name) - sum(getattr(group.sums, name) for group in groups) for name in names}
    )
