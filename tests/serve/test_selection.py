"""Which events filters select, and which sums cover them."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.serve.names import find_number
from payi_transport.serve.selection import HAS_TAG, Selection, select
from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters
from tests.serve.events import item, make_items, span

SPAN = span()

VALUES: dict[str, Any] = {
    "use_case": "chat",
    "model": "gpt-4.1",
    "account": "acme",
    "user": "ann",
    "category": "system.openai",
    "environment": "test",
    "step": "plan",
    "run": "one",
    "tag": "web",
}


@pytest.fixture
def filled(service: Service) -> Service:
    call = item(
        use_case_name="chat",
        use_case_id="one",
        use_case_step="plan",
        account_name="acme",
        user_id="ann",
        request_tags=["web"],
        properties={"environment": "test"},
    )
    service.ingest_bulk(make_items(call), updates=False).result()
    return service


def choose(service: Service, **filters: Any) -> Selection:
    return select(service.store.reader, Filters(**filters))


@pytest.mark.parametrize("name", VALUES)
def test_one_value_is_covered_by_its_own_sums_apart_from_a_run(name: str, filled: Service) -> None:
    number = find_number(filled.store.reader, VALUES[name])
    assert number
    where = HAS_TAG if name == "tag" else f"events.{name} = ?"
    dimension, key = (None, 0) if name == "run" else (name, number)
    assert choose(filled, **{name: VALUES[name]}) == (where, (number,), dimension, key, {name: number}, [])


def test_without_filters_all_events_are_covered_by_the_total(filled: Service) -> None:
    assert choose(filled) == ("1", (), "total", 0, {}, [])


@pytest.mark.parametrize(
    ("filters", "where", "switches"),
    [
        ({"status": 200}, "events.status = ?", []),
        ({"status": 0}, "events.status = ?", []),
        ({"failed": True}, "events.errors > 0", ["errors"]),
        ({"unpriced": True}, "events.unpriced > 0", ["unpriced"]),
        (
            {"failed": True, "unpriced": True},
            "events.errors > 0 AND events.unpriced > 0",
            ["errors", "unpriced"],
        ),
    ],
    ids=str,
)
def test_what_no_sums_cover_is_read_from_events(
    filters: dict[str, Any], where: str, switches: list[str], filled: Service
) -> None:
    parameters = tuple(value for name, value in filters.items() if name == "status")
    assert choose(filled, **filters) == (where, parameters, None, 0, {}, switches)
    assert choose(filled, account="acme", **filters).dimension is None


def test_all_filters_together_select_what_has_all_of_their_values(filled: Service) -> None:
    chosen = choose(filled, **VALUES, status=200)
    assert chosen.where.count(" AND ") == len(VALUES) + HAS_TAG.count(" AND ")
    assert list(chosen.keys) == list(VALUES)
    assert chosen.parameters == (*chosen.keys.values(), 200)
    assert chosen.dimension is None
    assert filled.queries.figures(SPAN, Filters(**VALUES, status=200)).now.calls == 1


def test_a_name_that_no_call_has_selects_nothing_and_no_name_those_without_one(filled: Service) -> None:
    assert choose(filled, account="nobody").parameters == (-1,)
    assert choose(filled, account="").parameters == (0,)
    for account, calls in (("nobody", 0), ("", 0), ("acme", 1)):
        assert filled.queries.figures(SPAN, Filters(account=account)).now.calls == calls
