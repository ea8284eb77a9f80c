"""The first screen: what did it cost, for whom, and is that normal?"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.address import DIMENSION_NAMES
from payi_transport.serve.page.charts import show_costs
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
    _show_chart(page, loaded)
    with ui.element("div").classes("two"):
        for ranking in loaded.rankings:
            title = DIMENSION_NAMES[ranking.by]
            link = page.address.link("/breakdown", by=ranking.by)
            with section(f"Cost by {title.lower()}", link, "All figures"):
                show_ranking(page, ranking, is_short=True)


def _show_breakdown(page: Page, loaded: _Loaded) -> None:
    _show_chart(page, loaded)
    with section(f"By {DIMENSION_NAMES[page.address.by].lower()}"):
        show_ranking(page, loaded.rankings[0])


def _show_chart(page: Page, loaded: _Loaded) -> None:
    with section(f"Cost over time, by {DIMENSION_NAMES[page.address.by].lower()}"):
        show_costs(loaded.series, page.address.by, page.colors, page.address.time_zone(), page.opened)


def _show_figures(figures: Figures) -> None:
    now, before = figures.now, figures.before
    # Before the first call, there is nothing to compare with.
    compare = formats.change if before.calls else lambda now, before: ""
    suffix = " vs. the previous period" if before.calls else ""
    with ui.element("div").classes("figures"):
        for title, value, exact, change, is_bad in (
            (
                "Cost (estimate)",
                formats.money(now.cost),
                formats.exact_money(now.cost),
                compare(now.cost, before.cost),
                False,
            ),
            ("Calls", formats.count(now.calls), str(now.calls), compare(now.calls, before.calls), False),
            (
                "Cost per call",
                formats.money(_each(now)),
                formats.exact_money(_each(now)),
                compare(_each(now), _each(before)),
                False,
            ),
            (
                "Errors",
                formats.percent(now.errors, now.calls),
                str(now.errors),
                compare(now.errors, before.errors),
                now.errors > 2 * before.errors,
            ),
        ):
            figure(title, value, exact, change + suffix if change else "", is_bad=is_bad)
    for remark in list_remarks(now):
        note(remark)


def list_remarks(sums: Sums) -> list[str]:
    """Return what a reader has to know about the sums."""
    remarks = []
    if sums.unpriced:
        remarks.append(
            f"{formats.count(sums.unpriced)} calls have no (full) price and are missing from the cost. To"
            " price such calls from now on, add their models to prices.own in your configuration."
        )
    if sums.included:
        count = formats.count(sums.included)
        remarks.append(f"{count} calls are included in a subscription and cost nothing more.")
    return remarks


def _each(sums: Sums) -> Decimal:
    return sums.cost / sums.calls if sums.calls else Decimal(0)


OVERVIEW = View("/", "Overview", _load_overview, _show_overview, has_dimension=True, has_filters=True)
BREAKDOWN = View(
    "/breakdown", "Breakdown", _load_breakdown, _show_breakdown, has_dimension=True, has_filters=True
)
