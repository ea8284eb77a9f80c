"""Limits, and how much of each is spent. Budgets of the configuration are not here."""

from __future__ import annotations

from decimal import Decimal

from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.elements import empty, note, section, text
from payi_transport.serve.page.frame import Page, View
from payi_transport.serve.queries import Queries
from payi_transport.serve.views import Budget

__all__ = ["BUDGETS"]

_STATES = {"ok": "", "exceeded": "warn", "overrun": "bad", "blocked": "bad"}


def _load(queries: Queries, page: Page) -> list[Budget]:
    return queries.budgets()


def _show(page: Page, found: list[Budget]) -> None:
    note(
        "These are limits, which programs make through Pay-i's API. Budgets of your configuration"
        " ([budgets.*]) are not here: payi-transport check shows where they stand, from this service's file"
        " if you name it."
    )
    if not found:
        empty("No limits. Make one with the client: Payi().limits.create(limit_name=..., max=100).")
    for budget in found:
        with section(budget.name):
            _show_bar(budget)
            _show_words(page, budget)


def _show_bar(budget: Budget) -> None:
    share = budget.spent / budget.max if budget.max else Decimal(1)
    scale = max(share, Decimal(1))
    label = f"{budget.name}: {formats.money(budget.spent)} of {formats.money(budget.max)}"
    with ui.element("div").classes("limit") as bar:
        bar.props["role"], bar.props["aria-label"] = "img", label
        ui.element("div").classes(_STATES.get(budget.state, "")).style(f"width:{100 * share / scale:.1f}%")
        ui.element("span").style(f"left:calc({100 / scale:.1f}% - 2px)")


def _show_words(page: Page, budget: Budget) -> None:
    share = formats.percent(budget.spent, budget.max)
    words = f"{formats.money(budget.spent)} of {formats.money(budget.max)} ({share}), state "
    with ui.element("p").classes("note"):
        text("span", words)
        text("span", budget.state, _STATES.get(budget.state, ""))
        text("span", f". Blocks calls: {'yes' if budget.type == 'block' else 'no'}.")
    pace = f"{formats.money(budget.pace)} per day over the last seven days."
    if budget.full_at is not None:
        pace += f" At this pace, it runs out around {page.date(budget.full_at)}."
    note(pace)
    since = f"Counted since {page.date(budget.reset or budget.created)}."
    if budget.unpriced:
        count = formats.calls(budget.unpriced)
        since += f" It lacks the price of {count} of the last seven days."
    note(since)


BUDGETS = View("/budgets", "Budgets", _load, _show, has_span=False)
