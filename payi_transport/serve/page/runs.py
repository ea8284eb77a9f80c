"""The runs of use cases, each with what it cost."""

from __future__ import annotations

from datetime import timedelta

from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.costs import sums_cell
from payi_transport.serve.page.elements import Cell, Column, empty, link, table
from payi_transport.serve.page.frame import Page, View, show_pages
from payi_transport.serve.queries import Queries
from payi_transport.serve.views import Run, RunPage

__all__ = ["RUNS"]


def _load_runs(queries: Queries, page: Page) -> RunPage:
    return queries.runs(page.span, by_cost=page.address.sort == "cost", cursor=page.address.cursor)


def _show_runs(page: Page, found: RunPage) -> None:
    with ui.element("div").classes("pages"):
        for sort, title in (("time", "Latest first"), ("cost", "Most expensive first")):
            choice = link(title, page.address.link(sort=sort))
            if sort == page.address.sort:
                choice.classes("here").props("aria-current=true")
    if not found.runs:
        empty("No runs in this period. A run is one instance of a use case: pass use_case_name to @track.")
        return
    columns = [
        *(Column(title, is_number=False) for title in ("Run", "Use case", "Customer")),
        Column("Started", is_number=False, wraps=False),
        Column("Duration", is_minor=True),
        *(Column(title) for title in ("Calls", "Errors", "Cost")),
    ]
    top = max(run.sums.cost for run in found.runs)
    rows = [
        [
            Cell(run.run, link=page.address.link("/calls", run=run.run)),
            Cell(run.use_case),
            Cell(run.account or "none"),
            Cell(page.moment(run.started), run.started.isoformat()),
            _duration(run),
            Cell(formats.count(run.sums.calls), str(run.sums.calls)),
            Cell(str(run.sums.errors), mark="bad" if run.sums.errors else ""),
            sums_cell(run.sums, top),
        ]
        for run in found.runs
    ]
    table("runs", columns, rows, "Runs of use cases", is_wide=True)
    show_pages(page, found.cursor)


def _duration(run: Run) -> Cell:
    # A run of one call that reports no latency ends when it starts.
    ms = (run.ended - run.started) // timedelta(milliseconds=1) or None
    return Cell(formats.milliseconds(ms), str(ms or ""))


RUNS = View("/runs", "Runs", _load_runs, _show_runs)
