"""The search field above a list: what it proposes, and where a choice leads."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from nicegui import Client, ui

from payi_transport.serve.page.calls import CALLS
from payi_transport.serve.service import Service
from tests.serve.events import item, make_items
from tests.serve.page.test_frame import build


@pytest.fixture
def filled(service: Service) -> Service:
    made = make_items(item(service.now(), account_name="acme"))
    service.ingest_bulk(made, updates=False).result()
    return service


async def emit(client: Client, name: str, args: str) -> None:
    """Do what the search field does when a reader types or chooses."""
    listeners = [each for element in client.elements.values() for each in element._event_listeners.values()]
    [handler] = [listener.handler for listener in listeners if listener.type == name]
    await handler(SimpleNamespace(args=args))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("by", "what"), [("use_case", "use case"), ("account", "customer"), ("tag", None), ("limit", None)]
)
def test_what_can_be_filtered_can_be_searched(by: str, what: str | None, filled: Service) -> None:
    client, _ = build(filled, CALLS, query=f"by={by}")
    fields = [each.props for each in client.elements.values() if "placeholder" in each.props]
    assert [dict(each) for each in fields] == (
        []
        if what is None
        else [
            {
                "list": "names",
                "placeholder": f"Filter by {what}   /",
                "aria-label": f"Filter by {what}",
            }
        ]
    )


def test_a_search_proposes_names_that_contain_what_is_typed(filled: Service) -> None:
    async def type_twice(client: Client) -> None:
        await emit(client, "typed", "zzz")
        await emit(client, "typed", "cm")

    _, shown = build(filled, CALLS, query="by=account", then=type_twice)
    assert [each["value"] for each in shown.props("option")] == ["acme"]


@pytest.mark.parametrize(
    ("chosen", "opened", "notified"),
    [
        ("acme", ["/calls?zone=UTC&by=account&account=acme"], []),
        # The first that contains it.
        ("c", ["/calls?zone=UTC&by=account&account=acme"], []),
        ("acme corp", ["/calls?zone=UTC&by=account&account=acme+corp"], []),
        ("zzz", [], ["No customer contains 'zzz'"]),
    ],
)
def test_what_is_chosen_filters_or_is_said_to_be_nowhere(
    chosen: str, opened: list[str], notified: list[str], filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.ingest_bulk(make_items(item(filled.now(), account_name="acme corp")), updates=False).result()
    targets: list[str] = []
    notices: list[str] = []
    monkeypatch.setattr(ui.navigate, "to", targets.append)
    monkeypatch.setattr(ui, "notify", notices.append)

    async def choose(client: Client) -> None:
        await emit(client, "chosen", chosen)

    build(filled, CALLS, query="zone=UTC&by=account", then=choose)
    assert (targets, notices) == (opened, notified)
