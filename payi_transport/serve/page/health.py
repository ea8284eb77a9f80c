"""Latency, errors, waste, and money without an owner."""

from __future__ import annotations

from typing import NamedTuple

from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.costs import share_cell, sums_cell
from payi_transport.serve.page.elements import Cell, Column, empty, figure, note, section, table
from payi_transport.serve.page.frame import Page, View
from payi_transport.serve.queries import Queries
from payi_transport.serve.views import Figures, Group, Percentiles, UnitSums, Unowned

__all__ = ["HEALTH"]

_OWNERS = {"account": "customer", "use_case": "use case", "environment": "environment"}


class _Loaded(NamedTuple):
    figures: Figures
    latency: list[Percentiles]
    first_token: list[Percentiles]
    errors: list[Group]
    waste: list[Group]
    units: list[UnitSums]
    unowned: Unowned


def _load(queries: Queries, page: Page) -> _Loaded:
    span = page.span
    return _Loaded(
        queries.figures(span),
        queries.percentiles(span, "model"),
        queries.percentiles(span, "model", first_token=True),
        queries.errors(span),
        queries.waste(span),
        queries.units(span),
        queries.unowned(span),
    )


def _show(page: Page, loaded: _Loaded) -> None:
    now = loaded.figures.now
    with ui.element("div").classes("figures"):
        figure("Errors", formats.percent(now.errors, now.calls), str(now.errors), formats.calls(now.errors))
        figure("Wasted", formats.money(now.waste), formats.exact_money(now.waste), formats.calls(now.wasted))
        hits = formats.percent(now.cache_read, now.input)
        figure("Read from caches", hits, str(now.cache_read), "of all input tokens")
        figure(
            "Saved by caches", formats.money(now.saved), formats.exact_money(now.saved), "against full price"
        )
    for name, title, found in (
        ("latency", "Latency by model, to the end of the response", loaded.latency),
        ("first-token", "Time to the first token by model", loaded.first_token),
    ):
        with section(title):
            _show_percentiles(name, title, found)
    with ui.element("div").classes("two"):
        with section("Errors by status"):
            _show_groups(page, "errors", loaded.errors, "Status")
        with section("Waste"):
            _show_groups(page, "waste", loaded.waste, "Reason")
            note("Money spent on calls that failed, were retried, were abandoned, or hit their token limit.")
    with section("Money without an owner"):
        _show_unowned(page, loaded.unowned)
    with section("Tokens and other units"):
        columns = [Column("Unit", is_number=False), Column("Calls"), Column("In"), Column("Out")]
        rows = [
            [
                Cell(unit.unit),
                *(Cell(formats.count(n), str(n)) for n in (unit.calls, unit.input, unit.output)),
            ]
            for unit in loaded.units
        ]
        table("units", columns, rows, "Units")


def _show_percentiles(name: str, title: str, found: list[Percentiles]) -> None:
    if not found:
        empty("No calls report it.")
        return
    columns = [Column("Model", is_number=False), *(Column(t) for t in ("Calls", "p50", "p90", "p95", "p99"))]
    rows = [
        [
            Cell(row.name or "none"),
            Cell(formats.count(row.calls), str(row.calls)),
            *(_about(ms) for ms in (row.p50, row.p90, row.p95, row.p99)),
        ]
        for row in found
    ]
    table(name, columns, rows, title)
    note(
        "Times are approximate, within about 5%. Failed calls count in neither the times nor the calls here;"
        " payi-transport report includes their times."
    )


def _about(ms: int | None) -> Cell:
    if ms is None:
        return Cell("—")
    shown = formats.milliseconds(ms)
    # Three digits in exports, too: more would look exact.
    return Cell(shown, str(round(ms, 3 - len(str(ms)))), hint=f"about {shown}")


def _show_groups(page: Page, name: str, groups: list[Group], title: str) -> None:
    if not groups:
        empty("None.")
        return
    columns = [Column(title, is_number=False), Column("Calls"), Column("Cost")]
    rows = [
        [
            # Events report 299 for a call without a response.
            Cell("no response" if group.name == "299" else group.name, link=_link(page, name, group)),
            Cell(formats.count(group.sums.calls), str(group.sums.calls)),
            sums_cell(group.sums),
        ]
        for group in groups
    ]
    table(name, columns, rows, title)


def _link(page: Page, name: str, group: Group) -> str:
    is_status = name == "errors" and group.name.isdecimal()
    return page.address.link("/calls", failed=True, status=int(group.name)) if is_status else ""


def _show_unowned(page: Page, unowned: Unowned) -> None:
    columns = [Column("Missing", is_number=False), Column("Calls"), Column("Cost"), Column("Share")]
    rows = [
        [
            Cell(f"no {_OWNERS[group.name]}", link=page.address.link("/calls", **{group.name: ""})),
            Cell(formats.count(group.sums.calls), str(group.sums.calls)),
            sums_cell(group.sums),
            share_cell(group.sums, unowned.total),
        ]
        for group in unowned.missing
    ]
    table("unowned", columns, rows, "Money without an owner")


HEALTH = View("/health", "Health", _load, _show)
