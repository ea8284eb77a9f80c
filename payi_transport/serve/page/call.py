"""One call: what happened, for whom, what it cost and why, and what was sent."""

from __future__ import annotations

import json
from typing import NamedTuple

import msgspec
from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.address import Address
from payi_transport.serve.page.calls import describe_status
from payi_transport.serve.page.costs import cost_cell, full_money_cell
from payi_transport.serve.page.elements import Cell, Column, empty, link, note, section, table, text
from payi_transport.serve.page.frame import Page, View
from payi_transport.serve.queries import Queries
from payi_transport.serve.rows import Detail
from payi_transport.serve.views import CallDetail
from payi_transport.values.numbers import read_number

__all__ = ["CALL"]


# How the page calls each field of a call that a list can be filtered by, and the filter.
_OWNERS = {
    "Use case": "use_case",
    "Run": "run",
    "Step": "step",
    "Customer": "account",
    "User": "user",
    "Environment": "environment",
}


class _Pair(NamedTuple):
    """A name and its values, each with the address that it leads to."""

    name: str
    values: list[tuple[str, str]]


def _load(queries: Queries, page: Page) -> CallDetail | None:
    id_ = read_number(page.address.path.rpartition("/")[2])
    return None if id_ is None else queries.call(id_)


def _title(page: Page, found: CallDetail | None) -> str:
    return f"Call {found.call.id}: {formats.name(found.call.model)}" if found else "Call"


def _show(page: Page, found: CallDetail | None) -> None:
    with ui.element("nav").classes("pages").props('aria-label="Back"'):
        link("← Calls", page.address.link("/calls"))
    if found is None:
        empty("This call does not exist. It may be older than what --keep retains.")
        return
    detail = found.detail
    with ui.element("div").classes("two"):
        with section("What happened"):
            _show_pairs(_list_facts(page, found))
        with section("Attribution"):
            _show_pairs(_list_owners(page, found))
    with section(f"Cost: {_describe_cost(detail)}"):
        _show_price(found)
    for title, values in (
        ("Properties", detail.properties),
        ("Use case properties", detail.use_case_properties),
    ):
        if values:
            with section(title):
                _show_pairs([_Pair(name, [(value, "")]) for name, value in values.items()])
    if detail.function_calls:
        with section("Functions that the model called"):
            _show_pairs([_Pair(call.name, [(call.arguments or "", "")]) for call in detail.function_calls])
    for title, content in (("Request", found.request), ("Response", found.response)):
        with section(title):
            if content is None:
                note("Not recorded, or already deleted.")
            else:
                _show_content(title, content)


def _describe_cost(detail: Detail) -> str:
    """Return the cost with the digits of the amounts below it, which add up to it."""
    full = {"priced": formats.full_money(detail.cost), "partial": f"≥ {formats.full_money(detail.cost)}"}
    return full.get(detail.price_status, cost_cell(detail.cost, detail.price_status).text)


def _list_facts(page: Page, found: CallDetail) -> list[_Pair]:
    call = found.call
    facts = [
        ("Time", f"{page.time(call.at)} ({page.address.zone_name})"),
        ("Status", describe_status(call)),
        ("Latency", formats.milliseconds(call.latency)),
        ("First token after", formats.milliseconds(call.first_token)),
        ("Address", found.detail.uri or "—"),
        ("Response id", found.response_id),
        ("Waste", found.detail.waste or "none"),
    ]
    names = [("Provider", "category", call.category), ("Model", "model", call.model)]
    pairs = [_Pair(name, [(value, "")]) for name, value in facts]
    return [pairs[0], *(_Pair(title, [_filter(page, by, value)]) for title, by, value in names), *pairs[1:]]


def _list_owners(page: Page, found: CallDetail) -> list[_Pair]:
    pairs = [_Pair(title, [_filter(page, by, getattr(found.call, by))]) for title, by in _OWNERS.items()]
    tags = [_filter(page, "tag", tag) for tag in found.detail.tags]
    limits = [(limit_id, page.address.link("/budgets")) for limit_id in found.detail.limit_ids]
    return [*pairs, _Pair("Tags", tags or [("none", "")]), _Pair("Limits", limits or [("none", "")])]


def _filter(page: Page, by: str, value: str) -> tuple[str, str]:
    """Return a value and the address of all calls that have it."""
    return (
        value or "none",
        Address(span_name=page.address.span_name, zone=page.address.zone).link("/calls", **{by: value}),
    )


def _show_pairs(pairs: list[_Pair]) -> None:
    with ui.element("dl"):
        for name, values in pairs:
            text("dt", name)
            with ui.element("dd"):
                for value, target in values:
                    if target:
                        link(value, target, "value")
                    else:
                        text("span", value, "value")


def _show_content(title: str, content: str) -> None:
    made = text("pre", _indent(content))
    made.props["role"], made.props["tabindex"], made.props["aria-label"] = "group", "0", title


_SOURCES = {
    "payi": "Pay-i's own figure",
    "config": "your configuration",
    "provider": "the provider's own figure",
    "list": "the price list of genai-prices",
}


def _show_price(found: CallDetail) -> None:
    detail = found.detail
    columns = [
        Column("Unit", is_number=False),
        Column("Direction", is_number=False),
        *(Column(title) for title in ("Count", "Per million", "Amount")),
        Column("Price source", is_number=False),
    ]
    rows = [
        [
            Cell(line.unit),
            Cell(line.direction),
            Cell(f"{line.count:,}", str(line.count)),
            full_money_cell(None if line.rate is None else line.rate * 1_000_000),
            full_money_cell(line.amount),
            Cell(f"{_SOURCES.get(line.source, line.source or '—')}{', ' + line.note if line.note else ''}"),
        ]
        for line in detail.lines
    ]
    if rows:
        table(f"call-{found.call.id}", columns, rows, "Units of this call and their prices", is_wide=True)
    else:
        note("No units were reported.")
    source = _SOURCES.get(detail.price_source, "")
    remarks = (
        [f"Priced by {source}{f', version {detail.list_version}' if detail.list_version else ''}."]
        if source
        else []
    )
    for remark in (*remarks, *detail.price_notes):
        note(remark)


def _indent(content: str) -> str:
    try:
        return json.dumps(msgspec.json.decode(content), indent=2, ensure_ascii=False)
    except (msgspec.DecodeError, RecursionError):
        return content


CALL = View("/calls/{id_}", "Call", _load, _show, in_menu=False, has_span=False, title_of=_title)
