"""The first screen: what did it cost, for whom, and is that normal?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.address import DIMENSION_NAMES
from payi_transport.serve.page.charts import show_costs
from payi_transport.serve.page.costs import each_cell, find_each, sum_cost
from payi_transport.serve.page.elements import figure, note, section
from payi_transport.serve.page.frame import Page, View
from payi_transport.serve.page.ranking import show_ranking
from payi_transport.serve.queries import Queries
from payi_transport.serve.views import Breakdown, Dimension, Figures, Series, Sums

__all__ = ["BREAKDOWN", "OVERVIEW", "list_remarks"]


class _Loaded(NamedTuple):
    figures: Figures
    series: Series
    rankings: list[Breakdown]


def _load_overview(queries: Queries, page: Page) -> _Loaded:
    others: tuple[Dimension, ...] = ("use_case", "account", "model")
    # What a filter has narrowed to one value needs no ranking.
    shown = (page.address.by, *page.address.active_filters())
    return _load(queries, page, [page.address.by, *[name for name in others if name not in shown][:1]])


def _load_breakdown(queries: Queries, page: Page) -> _Loaded:
    return _load(queries, page, [page.address.by])


def _load(queries: Queries, page: Page, dimensions: list[Dimension]) -> _Loaded:
    filters = page.address.filters
    return _Loaded(
        queries.figures(page.span, filters),
        queries.series(page.span, page.address.by, filters),
        [queries.breakdown(name, page.span, filters) for name in dimensions],
    )


def _show_overview(page: Page, loaded: _Loaded) -> None:
    _show_figures(loaded.figures)
    colors = _show_chart(page, loaded)
    with ui.element("div").classes("two"):
        for ranking in loaded.rankings:
            title = DIMENSION_NAMES[ranking.by]
            link = page.address.link("/breakdown", by=ranking.by)
            with section(f"Cost by {title.lower()}", link, "All figures"):
                is_charted = ranking.by == page.address.by
                show_ranking(page, ranking, colors if is_charted else None, is_short=True)


def _show_breakdown(page: Page, loaded: _Loaded) -> None:
    colors = _show_chart(page, loaded)
    with section(f"By {DIMENSION_NAMES[page.address.by].lower()}"):
        show_ranking(page, loaded.rankings[0], colors)


def _show_chart(page: Page, loaded: _Loaded) -> Mapping[str, str]:
    by, zone = page.address.by, page.address.time_zone()
    with section(f"Cost over time, by {DIMENSION_NAMES[by].lower()}"):
        return show_costs(loaded.series, by, page.colors, page.span, zone, page.opened)


def _show_figures(figures: Figures) -> None:
    now, before = figures.now, figures.before
    each, each_before = find_each(now), find_each(before)
    rate, rate_before = _error_rate(now), _error_rate(before)
    shown = [
        (
            "Cost (estimate)",
            sum_cost(now),
            formats.exact_money(now.cost),
            formats.change(now.cost, before.cost),
        ),
        ("Calls", formats.count(now.calls), str(now.calls), formats.change(now.calls, before.calls)),
        ("Cost per call", each_cell(now).text, formats.exact_money(each), formats.change(each, each_before)),
    ]
    # Before the first call, there is nothing to compare with.
    suffix = " vs. the previous period" if before.calls else ""
    with ui.element("div").classes("figures"):
        for title, value, exact, change in shown:
            figure(title, value, exact, change + suffix if suffix else "")
        figure(
            "Errors",
            formats.percent(now.errors, now.calls),
            f"{now.errors:,} of {now.calls:,} calls",
            formats.points(rate, rate_before) + suffix if suffix else "",
            is_bad=rate > 2 * rate_before,
        )
    for remark in list_remarks(now):
        note(remark)


def list_remarks(sums: Sums) -> list[str]:
    """Return what a reader has to know about the sums."""
    remarks = []
    if sums.unpriced:
        remarks.append(
            f"The cost lacks {formats.calls(sums.unpriced)} without a (full) price. To price such calls from"
            " now on, add their models to your configuration, under [[prices.own]]."
        )
    if sums.included:
        remarks.append(f"A subscription includes {formats.calls(sums.included)}, which cost nothing more.")
    return remarks


def _error_rate(sums: Sums) -> Decimal:
    return Decimal(sums.errors) / sums.calls if sums.calls else Decimal(0)


OVERVIEW = View("/", "Overview", _load_overview, _show_overview, has_dimension=True, has_filters=True)
BREAKDOWN = View(
    "/breakdown", "Breakdown", _load_breakdown, _show_breakdown, has_dimension=True, has_filters=True
)
