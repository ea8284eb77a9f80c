"""Limits count what is spent, in Decimal, through repeats, changes, resets and deletions."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from payi_transport.serve.command import open_service
from payi_transport.serve.documents import find_document, put_document
from payi_transport.serve.items import to_event
from payi_transport.serve.limits import LimitBook, LimitDocument, Spent, find_state, reset_limit
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.store import Writing
from tests.serve.conftest import Serve
from tests.serve.events import DAY, NOON, item, make_items

COST = Decimal("0.006")
KEY = {"xproxy-api-key": "k"}


def make_limit(most: str = "0.012", threshold: str | None = "0.5", **more: Any) -> LimitDocument:
    values: dict[str, Any] = {"limit_id": "L", "limit_name": "n", "limit_type": "allow"}
    share = None if threshold is None else Decimal(threshold)
    times = {"created": NOON - 9 * DAY, "updated": NOON}
    return LimitDocument(**{**values, **times, "max": Decimal(most), "threshold": share, **more})


def put(service: Service, limit: LimitDocument) -> None:
    service.store.write(lambda writing: put_document(writing.connection, limit, limit.limit_id))


def find(service: Service) -> LimitDocument:
    found = find_document(service.store.reader, LimitDocument, "L")
    assert found is not None
    return found


def ingest(service: Service, *, updates: bool = False, **fields: Any) -> dict[str, Any]:
    [made] = make_items(item(limit_ids=["L"], **fields))
    if updates:
        return service.ingest_bulk([made], updates=True).result()
    result: dict[str, Any] = service.ingest(made).result()["xproxy_result"]
    return result


@pytest.mark.parametrize(
    ("spent", "threshold", "state"),
    [
        ("0", "0.8", "ok"),
        ("79.999999999999999", "0.8", "ok"),
        ("80", "0.8", "exceeded"),
        ("100", "0.8", "exceeded"),
        ("100.000000000000001", "0.8", "overrun"),
        ("99", None, "ok"),
        ("100", None, "exceeded"),
    ],
)
def test_the_state_is_exact(spent: str, threshold: str | None, state: str) -> None:
    limit = make_limit("100", threshold, spent=Spent(total=Decimal(spent)))
    assert find_state(limit) == state


def test_calls_lead_from_ok_over_exceeded_to_overrun(service: Service) -> None:
    put(service, make_limit(threshold="0.6"))
    results = [ingest(service) for _ in range(3)]
    assert [result["limits"]["L"]["state"] for result in results] == ["ok", "exceeded", "overrun"]
    assert "overrun_base" not in results[1]["cost"]["total"]
    assert results[2]["cost"]["total"] == {"base": COST, "overrun_base": COST}
    spent = find(service).spent
    # 1000 tokens in at $2 a million, 500 out at $8.
    assert (spent.total, spent.input, spent.output) == (3 * COST, Decimal("0.006"), Decimal("0.012"))


def test_a_repeat_spends_nothing_and_an_update_replaces(service: Service) -> None:
    put(service, make_limit("1"))
    ingest(service, provider_response_id="one")
    assert ingest(service, provider_response_id="one")["duplicate_request"]
    assert find(service).spent.total == COST
    ingest(service, updates=True, provider_response_id="one", units={"text": {"input": 2000}})
    spent = find(service).spent
    assert (spent.total, spent.output, spent.calls) == (Decimal("0.004"), Decimal(0), {"ok": 1})
    ingest(service, updates=True, provider_response_id="one", request_tags=["t"])
    assert find(service).spent.total == COST


def test_a_limit_that_is_deleted_during_a_call_counts_nothing(service: Service) -> None:
    put(service, make_limit("1"))
    [made] = make_items(item(limit_ids=["gone", "L"]))
    result = service.ingest_proxied(to_event(made, "r")).result()
    assert result["limits"] == {"L": {"state": "ok"}}
    assert find(service).spent.total == COST


def test_a_limit_named_twice_counts_once(service: Service) -> None:
    put(service, make_limit("1"))
    [made] = make_items(item(limit_ids=["L", "L"]))
    service.ingest(made).result()
    assert find(service).spent.total == COST


def test_a_call_that_a_subscription_includes_spends_nothing(service: Service) -> None:
    put(service, make_limit("1"))
    ingest(service, properties={"system.billing": "subscription"})
    spent = find(service).spent
    assert (spent.total, spent.input, spent.calls) == (Decimal(0), Decimal(0), {"ok": 1})


def test_a_call_with_a_part_that_has_no_price_spends_the_rest(service: Service) -> None:
    put(service, make_limit("1"))
    ingest(service, units={"text": {"input": 1000}, "unheard_of": {"input": 5}})
    assert find(service).spent.total == find(service).spent.input == Decimal("0.002")


def test_a_call_without_a_price_spends_nothing(service: Service) -> None:
    put(service, make_limit("1"))
    ingest(service, resource="unheard-of")
    assert find(service).spent.total == 0


def reset(service: Service, moment: datetime) -> None:
    def job(writing: Writing) -> None:
        limit = LimitBook(writing.connection).find("L")
        assert limit is not None
        put_document(writing.connection, reset_limit(writing.connection, limit, moment), "L")

    service.store.write(job)


def test_after_a_reset_the_calls_since_then_count(service: Service) -> None:
    put(service, make_limit("1"))
    for hours in range(4):
        ingest(service, at=NOON + timedelta(hours=hours))
    [other] = make_items(item(NOON + timedelta(hours=3)))
    service.ingest(other).result()
    reset(service, NOON + timedelta(hours=2))
    spent = find(service).spent
    assert (spent.total, spent.calls) == (2 * COST, {"ok": 2})
    # An event of before, which arrives late.
    ingest(service, at=NOON)
    assert find(service).spent.total == 2 * COST


def test_a_call_from_before_the_last_reset_counts_after_one_to_an_earlier_moment(service: Service) -> None:
    put(service, make_limit("0.02", "0.5"))
    reset(service, NOON)
    results = [ingest(service, at=NOON - timedelta(minutes=minutes)) for minutes in (5, 20, 50)]
    # They spend nothing of it now, so they leave it as it was.
    assert [result["limits"]["L"]["state"] for result in results] == ["ok"] * 3
    assert find(service).spent == Spent()
    reset(service, NOON - timedelta(hours=1))
    spent = find(service).spent
    assert (spent.total, spent.calls) == (3 * COST, {"ok": 3})


def test_a_call_from_before_the_last_reset_is_no_part_of_what_is_over_the_limit(service: Service) -> None:
    put(service, make_limit("0.001"))
    reset(service, NOON)
    assert ingest(service, at=NOON)["cost"]["total"]["overrun_base"] == Decimal("0.005")
    late = ingest(service, at=NOON - timedelta(hours=1))
    assert late["limits"]["L"]["state"] == "overrun"
    assert late["cost"]["total"] == {"base": COST}


def test_an_update_of_a_call_from_before_a_reset_takes_nothing_away(service: Service) -> None:
    put(service, make_limit("1"))
    ingest(service, provider_response_id="old")
    reset(service, NOON + timedelta(hours=1))
    ingest(service, updates=True, provider_response_id="old")
    assert find(service).spent == Spent()


def test_an_update_of_a_call_of_a_limit_that_was_deleted_takes_nothing_away(
    tmp_path: Path,
) -> None:
    with open_service(ServeSettings(file=tmp_path / "s")) as service:
        put(service, make_limit("1"))
        ingest(service, provider_response_id="old")
        service.store.write(lambda writing: writing.connection.execute("DELETE FROM documents"))
        [plain] = make_items(item(provider_response_id="old"))
        service.ingest_bulk([plain], updates=True).result()
        put(service, make_limit("1", created=service.now() + timedelta(seconds=1)))
        ingest(service, updates=True, provider_response_id="old")
        ingest(service, updates=True, provider_response_id="old")
        assert find(service).spent.total >= 0


@pytest.fixture
def api(serve: Serve) -> httpx.Client:
    address, _ = serve()
    return httpx.Client(base_url=f"{address}/api/v1", headers=KEY)


def test_a_limit_has_one_id(api: httpx.Client) -> None:
    with api:
        body = {"limit_name": "n", "max": 5, "limit_id": "L", "properties": {"a": "b", "c": None}}
        assert api.post("/limits", json=body).status_code == 200
        assert api.post("/limits", json=body).json()["xproxy_error"]["code"] == "already_exists"
        assert api.put("/limits/L", json={"limit_name": "m"}).json()["limit"]["limit_name"] == "m"
        assert api.put("/limits/L/properties", json={"properties": {"a": None}}).status_code == 200
        assert api.delete("/limits/L").json()["message"] == "Deleted the limit L"
        assert api.get("/limits/L").status_code == 404


def test_a_limit_that_does_not_exist_is_not_found(api: httpx.Client) -> None:
    with api:
        responses = [
            api.get("/limits/x"),
            api.put("/limits/x", json={}),
            api.delete("/limits/x"),
            api.post("/limits/x/reset"),
        ]
        assert {response.json()["xproxy_error"]["code"] for response in responses} == {"limit_not_found"}
        assert {response.status_code for response in responses} == {404}


def test_a_reset_date_needs_a_zone(api: httpx.Client) -> None:
    with api:
        api.post("/limits", json={"limit_name": "n", "max": 5, "limit_id": "L"})
        refused = api.post("/limits/L/reset", params={"resetDate": "2026-01-01"})
        assert (refused.status_code, refused.json()["xproxy_error"]["code"]) == (400, "invalid_time")
        taken = api.post("/limits/L/reset", params={"resetDate": "2026-01-01T00:00:00Z"}).json()
        assert taken["limit_history"]["limit_reset_timestamp"] == "2026-01-01T00:00:00Z"


def test_lists_go_page_by_page_in_either_order(api: httpx.Client) -> None:
    with api:
        for number in range(5):
            api.post("/limits", json={"limit_name": f"n{number}", "max": 1})
        first = api.get("/limits", params={"limit": 2}).json()
        second = api.get("/limits", params={"limit": 2, "cursor": first["cursor"]}).json()
        last = api.get("/limits", params={"limit": 2, "cursor": second["cursor"]}).json()
        names = [row["limit_name"] for page in (first, second, last) for row in page["items"]]
        assert names == [f"n{number}" for number in range(5)]
        assert [page["has_more"] for page in (first, second, last)] == [True, True, False]
        reverse = api.get("/limits", params={"sort_ascending": "false"}).json()["items"]
        assert [row["limit_name"] for row in reverse] == names[::-1]
        assert [
            row["limit_name"] for row in api.get("/limits", params={"limit_name": "n3"}).json()["items"]
        ] == ["n3"]


def test_a_page_has_up_to_a_hundred_items_after_a_cursor_of_the_list(api: httpx.Client) -> None:
    wrong = [("limit", text) for text in ("0", "101", "-1", "x", "٣", "9" * 99, "0000000501", "0" * 9)]
    # The last are of -5, +5, 5_0, and 19 digits.
    cursors = ("x", "ü", "====", "AAAA", "_w==", "LTU=", "KzU=", "NV8w", "MTAwMDAwMDAwMDAwMDAwMDAwMA==")
    wrong += [("cursor", text) for text in cursors]
    with api:
        for number in range(102):
            api.post("/limits", json={"limit_name": f"n{number}", "max": 1})
        for text, length in (("1", 1), ("0000000002", 2), ("100", 100), ("", 25)):
            assert len(api.get("/limits", params={"limit": text}).json()["items"]) == length
        far = base64.urlsafe_b64encode(b"1000000000101").decode()
        assert api.get("/limits", params={"cursor": far}).json() == {"items": [], "has_more": False}
        for name, text in wrong:
            refused = api.get("/limits", params={name: text}).json()
            assert refused["xproxy_error"]["code"] == f"invalid_{name}", text
