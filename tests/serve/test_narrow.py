"""Whatever index events are read by, the figures and the list are those of the calls that filters select."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from payi_transport.serve import narrow as narrow_module
from payi_transport.serve.narrow import narrow
from payi_transport.serve.periods import in_ms
from payi_transport.serve.selection import select
from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters
from tests.serve.events import item, make_items, span

# What filters ask for, and the field of an item that has it.
FIELDS = {
    "use_case": "use_case_name",
    "model": "resource",
    "account": "account_name",
    "user": "user_id",
    "run": "use_case_id",
    "step": "use_case_step",
    "status": "http_status_code",
    "tag": "request_tags",
}


def make_call(chance: random.Random) -> dict[str, Any]:
    return item(
        use_case_name=f"c{chance.randrange(2)}",
        resource=chance.choice(("gpt-4.1", "gpt-4o", "unknown")),
        account_name=f"a{chance.randrange(3)}",
        user_id=f"u{chance.randrange(4)}",
        use_case_id=f"r{chance.randrange(5)}",
        use_case_step=f"s{chance.randrange(2)}",
        http_status_code=chance.choice((200, 200, 500)),
        request_tags=chance.sample(("t0", "t1", "t2"), chance.randrange(3)),
    )


def is_selected(call: dict[str, Any], filters: Filters) -> bool:
    wanted = {field: getattr(filters, name) for name, field in FIELDS.items()}
    tag = wanted.pop("request_tags")
    return (
        all(value in (None, call[field]) for field, value in wanted.items())
        and (tag is None or tag in call["request_tags"])
        and (not filters.failed or call["http_status_code"] == 500)
        and (not filters.unpriced or call["resource"] == "unknown")
    )


VALUES: dict[str, Any] = {
    "use_case": "c1",
    "model": "gpt-4o",
    "account": "a2",
    "user": "u3",
    "run": "r4",
    "step": "s1",
    "status": 500,
    "tag": "t1",
    "failed": True,
    "unpriced": True,
}


@pytest.mark.parametrize("few", [0, 50_000])
def test_any_filters_select_what_they_say(
    few: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrow_module, "_FEW", few)
    chance = random.Random(1)
    calls = [make_call(chance) for _ in range(300)]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    for count in (1, 2, 3):
        for names in itertools.combinations(VALUES, count):
            filters = Filters(**{name: VALUES[name] for name in names})
            selected = [call for call in calls if is_selected(call, filters)]
            assert service.queries.figures(span(), filters).now.calls == len(selected), filters
            listed = service.queries.calls(span(), filters, most=300).calls
            assert len(listed) == len(selected), filters
            groups = service.queries.breakdown("model", span(), filters).groups
            assert {group.name for group in groups} == {call["resource"] for call in selected}, filters


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(account="large", model="rare"), "INDEXED BY events_model"),
        (Filters(account="small", model="gpt-4.1"), "INDEXED BY events_account"),
        (Filters(account="large", tag="rare"), "NOT INDEXED"),
        (Filters(account="small", tag="often"), "INDEXED BY events_account"),
        (Filters(account="large", failed=True), "INDEXED BY events_failed"),
        (Filters(unpriced=True), "INDEXED BY events_unpriced"),
        (Filters(account="small", run="one"), "INDEXED BY events_run"),
        # The calls of no run have no index, and an unknown run has no calls.
        (Filters(account="small", run=""), "INDEXED BY events_account"),
        (Filters(step="any", environment=""), "INDEXED BY events_at"),
    ],
)
def test_the_filter_that_leaves_the_fewest_calls_decides(
    filters: Filters, index: str, service: Service
) -> None:
    often = [item(account_name="large", request_tags=["often"]) for _ in range(20)]
    small = [item(account_name="small", request_tags=["often"]) for _ in range(5)]
    rare = item(account_name="large", resource="rare", request_tags=["rare"])
    run = item(use_case_name="c", use_case_id="one")
    service.ingest_bulk(make_items(*often, *small, rare, run), updates=False).result()
    reader = service.store.reader
    source = narrow(reader, select(reader, filters), in_ms(span()))
    assert source.table == f"events {index}"
    plan = reader.execute(
        f"EXPLAIN QUERY PLAN SELECT SUM(calls) FROM {source.table} WHERE {source.where} AND at > 0",  # noqa: S608
        source.parameters,
    ).fetchall()
    # No question reads the whole table.
    assert not any(row[3].startswith("SCAN events") for row in plan)
