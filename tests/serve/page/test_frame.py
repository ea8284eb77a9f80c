"""What every view has around it: where it leads, what can be chosen, and what it says of its time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timezone
from typing import Any

import pytest
from fastapi import Request

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from nicegui import Client, ui

from payi_transport.serve.page.address import DIMENSION_NAMES
from payi_transport.serve.page.budgets import BUDGETS
from payi_transport.serve.page.call import CALL
from payi_transport.serve.page.calls import CALLS
from payi_transport.serve.page.charts import Colors
from payi_transport.serve.page.formats import date, minute
from payi_transport.serve.page.frame import NOTHING, View, show_page
from payi_transport.serve.page.overview import BREAKDOWN, OVERVIEW
from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters
from tests.serve.events import NOON, item, make_items
from tests.serve.page.rendering import Shown, make_client, make_page

MENU = [OVERVIEW, BREAKDOWN, CALLS, BUDGETS]


def make_request(path: str, query: str) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("127.0.0.1", 8383),
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1:8383")],
        }
    )


def build(
    service: Service,
    view: View,
    path: str | None = None,
    query: str = "zone=UTC",
    then: Callable[[Client], Awaitable[None]] | None = None,
) -> tuple[Client, Shown]:
    """Return a page as a browser gets it, and after what happens `then`."""
    client = make_client()
    request = make_request(view.path if path is None else path, query)

    async def run() -> None:
        with client:
            await show_page(view, MENU, request, service.queries, Colors())
            if then is not None:
                await then(client)

    asyncio.run(run())
    return client, Shown(client.layout)


async def update(client: Client) -> None:
    [timer] = [each for each in client.elements.values() if isinstance(each, ui.timer)]
    assert timer.interval == 1
    callback: Any = timer.callback
    await callback()


@pytest.fixture
def filled(service: Service) -> Service:
    add(service)
    return service


def add(service: Service, **fields: Any) -> None:
    made = make_items(item(service.now(), account_name="acme", **fields))
    assert service.ingest_bulk(made, updates=False).result()["error_count"] == 0


def test_the_menu_leads_to_each_view_with_the_same_choices(filled: Service) -> None:
    _, shown = build(filled, CALLS, query="zone=UTC&span=30d&account=acme&cursor=&sort=cost")
    assert shown.texts[:6] == [
        *("a.skip: Skip to the numbers", "span.brand: Pay-i local", "a: Overview", "a: Breakdown"),
        *("a.here: Calls", "a: Budgets"),
    ]
    choices = "span=30d&zone=UTC&sort=cost&account=acme"
    names = {"Overview": "/", "Breakdown": "/breakdown", "Calls": "/calls", "Budgets": "/budgets"}
    links = shown.links
    assert {name: links[name] for name in names} == {
        name: f"{path}?{choices}" for name, path in names.items()
    }
    assert links["Skip to the numbers"] == "#numbers"
    assert current_of(shown) == {"Calls": "page", "30 days": "true"}


def current_of(shown: Shown) -> dict[str, str]:
    """Return the links that lead where the reader is."""
    found = {each.text: each.props.get("aria-current") for each in shown.find("a")}  # type: ignore[attr-defined]
    return {name: value for name, value in found.items() if value}


def test_one_call_is_below_the_list_of_calls_in_the_menu(filled: Service) -> None:
    _, shown = build(filled, CALL, "/calls/1")
    assert current_of(shown) == {"Calls": "true"}
    assert "a.here: Calls" in shown.texts
    assert not [words for words in shown.texts if words.startswith("span.label: ")]


def test_a_span_may_be_chosen_and_a_dimension_where_there_is_one(filled: Service) -> None:
    _, shown = build(filled, OVERVIEW, query="zone=UTC&by=model&account=acme")
    spans = {"24 hours": "span=24h&", "7 days": "", "30 days": "span=30d&", "90 days": "span=90d&"}
    links = shown.links
    assert [links[name] for name in spans] == [
        f"/?{chosen}zone=UTC&by=model&account=acme" for chosen in spans.values()
    ]
    titles = [words.partition(": ")[2] for words in shown.texts]
    start = titles.index("By") + 1
    assert titles[start : start + 9] == list(DIMENSION_NAMES.values())
    assert links["User"] == "/?zone=UTC&by=user&account=acme"
    assert current_of(shown) == {"Overview": "page", "7 days": "true", "Model": "true"}
    groups = [dict(each) for each in shown.props("div") if each.get("role") == "group"]
    assert {"role": "group", "aria-label": "Last"} in groups
    assert {"role": "group", "aria-label": "By"} in groups
    _, calls = build(filled, CALLS)
    assert "span.label: Last" in calls.texts and "span.label: By" not in calls.texts
    _, budgets = build(filled, BUDGETS)
    assert not [words for words in budgets.texts if words.startswith("span.label: ")]


def test_each_filter_can_be_removed_and_is_named(filled: Service) -> None:
    query = "zone=UTC&account=acme&tag=&run=one&status=429&failed=1&unpriced=1"
    _, shown = build(filled, CALLS, query=query)
    chips = {
        words.removeprefix("a.chip: "): shown.links[words.removeprefix("a.chip: ")]
        for words in shown.texts
        if words.startswith("a.chip: ")
    }
    left = query.split("&")
    assert chips == {
        f"{name} ✕": "/calls?" + "&".join(part for part in in_order(left) if part != removed)
        for name, removed in (
            ("Customer: acme", "account=acme"),
            ("Run: one", "run=one"),
            ("Tag: none", "tag="),
            ("Status: 429", "status=429"),
            ("failed", "failed=1"),
            ("unpriced", "unpriced=1"),
        )
    }
    labels = {each["aria-label"] for each in shown.props("a") if "aria-label" in each}
    assert labels == {f"Remove the filter {name.removesuffix(' ✕')}" for name in chips}


def in_order(parts: list[str]) -> list[str]:
    """Return parts of a query as links have them."""
    order = ["zone", *Filters.__struct_fields__]
    return sorted(parts, key=lambda part: order.index(part.partition("=")[0]))


def test_a_page_says_which_time_it_shows_in_which_zone(filled: Service) -> None:
    state = filled.queries.state()
    assert state.since is not None
    _, shown = build(filled, CALLS)
    assert re.fullmatch(
        rf"p\.note: From \w+ \d+, \d+, 00:00 to {date(filled.now(), timezone.utc)}, \d\d:\d\d \(UTC\)\."
        rf" The first call was at {minute(state.since, timezone.utc)}\. Costs are estimates from price lists,"
        r" unless a call's page says otherwise\.",
        shown.texts[-1],
    )
    add(filled, event_timestamp="2020-01-01T00:00:00Z")
    _, shown = build(filled, CALLS)
    assert "The first call was at" not in shown.texts[-1]


def test_without_calls_a_page_says_how_to_make_the_first_one(service: Service) -> None:
    client, shown = build(service, CALLS)
    assert shown.texts[-2:] == [
        "p.empty: No calls yet. Run these lines, and the first call appears here within a second.",
        "pre: export PAYI_BASE_URL=http://127.0.0.1:8383 PAYI_API_KEY=local\n"
        "payi-transport run -- python your_program.py\n"
        "# or, in code: from payi_transport import payi_instrument; payi_instrument()",
    ]
    assert client.status_code == 200


def test_a_new_call_changes_the_numbers_in_place(filled: Service) -> None:
    async def add_another(client: Client) -> None:
        before = Shown(client.layout)
        [body] = [each for each in before.find("div") if each.props.get("id") == "numbers"]
        kept = list(body.default_slot.children)
        await update(client)
        assert len(Shown(client.layout).tables["Calls, latest first"]) == 2
        add(filled)
        await update(client)
        assert list(body.default_slot.children) == kept

    _, shown = build(filled, CALLS, then=add_another)
    assert len(shown.tables["Calls, latest first"]) == 3
    assert shown.texts.count("h1: Calls") == 1


def test_what_has_not_changed_is_not_shown_again(filled: Service) -> None:
    tables: list[Any] = []

    async def look_twice(client: Client) -> None:
        for _ in range(2):
            tables.append(Shown(client.layout).find("table"))
            await update(client)

    build(filled, CALLS, then=look_twice)
    assert tables[0] == tables[1] != []


def test_the_title_of_a_call_is_that_of_its_document(filled: Service) -> None:
    client, shown = build(filled, CALL, "/calls/1")
    assert (client.title, client.status_code) == ("Call 1: gpt-4.1 · Pay-i local", 200)
    assert "h1: Call 1: gpt-4.1" in shown.texts
    missing, _ = build(filled, CALL, "/calls/2")
    assert (missing.title, missing.status_code) == ("Call · Pay-i local", 404)


def test_what_cannot_be_shown_is_said_and_an_address_without_a_view_has_nothing(filled: Service) -> None:
    _, refused = build(filled, OVERVIEW, query="by=tag&failed=1")
    assert refused.texts[-1] == (
        "p.empty: Can't show this: calls can't be broken down by 'tag' and filtered at once. Choose something"
        " else above."
    )
    client, nothing = build(filled, NOTHING, "/nowhere")
    assert nothing.texts[-2:] == [
        "h1: Not found",
        "p.empty: There is nothing at this address. Choose a view above.",
    ]
    assert client.status_code == 404


def test_times_of_a_page_are_in_its_zone() -> None:
    page = make_page("/calls", NOON, zone="Asia/Kathmandu")
    assert page.time(NOON) == "2026-03-10 17:45:00"
    assert page.moment(NOON) == "Mar 10, 17:45:00"
    assert page.date(NOON.replace(hour=20)) == "Mar 11, 2026"
