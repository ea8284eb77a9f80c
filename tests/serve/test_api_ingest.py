"""The ingest endpoints: context from headers, repeats, updates, and strict mode."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from payi_transport.serve.api_ingest import read_context
from payi_transport.serve.selection import select
from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters
from tests.serve.conftest import Serve
from tests.serve.events import NOON, item, make_items, span

KEY = {"xproxy-api-key": "k"}


def test_the_context_of_a_single_event_is_in_its_headers() -> None:
    headers = [
        (b"xProxy-UseCase-Name", b"chat"),
        (b"xproxy-usecase-version", b"2"),
        (b"xproxy-limit-ids", b"a,b"),
        (b"xproxy-request-tags", b"t"),
        (b"user-agent", b"x"),
    ]
    expected = {
        "use_case_name": "chat",
        "use_case_version": 2,
        "limit_ids": ["a", "b"],
        "request_tags": ["t"],
    }
    assert read_context(headers) == expected
    for version in (b"two", b"9" * 30, b"-1", b"\xb2"):
        assert read_context([(b"xproxy-usecase-version", version)])["use_case_version"] != 2


def post(address: str, path: str, *items: dict[str, Any], **headers: str) -> Any:
    body: Any = items[0] if path.partition("?")[0] == "ingest" else list(items)
    return httpx.post(f"{address}/api/v1/{path}", json=body, headers={**KEY, **headers}).json()


def test_a_repeat_is_told_and_an_update_replaces(serve: Serve) -> None:
    address, service = serve()
    one = item(provider_response_id="one", request_tags=["a", "b"])
    post(address, "ingest/bulk", one)
    post(address, "ingest/bulk", one)
    assert service.queries.figures(span()).now.calls == 1
    changed = post(address, "ingest/bulk-upsert", {**one, "request_tags": ["b", "c"], "user_id": "ann"})
    assert (changed["ingest_count"], changed["error_count"]) == (1, 0)
    tags = {group.name: group.sums.calls for group in service.queries.breakdown("tag", span()).groups}
    assert {name: calls for name, calls in tags.items() if calls} == {"b": 1, "c": 1}
    assert [len(service.queries.calls(span(), Filters(tag=tag)).calls) for tag in "abc"] == [0, 1, 1]
    plain = {name: value for name, value in one.items() if name != "request_tags"}
    assert post(address, "ingest", plain)["xproxy_result"]["duplicate_request"] is True


def test_strict_counts_a_repeat_twice_as_pay_i_does(serve: Serve) -> None:
    address, service = serve(strict=True)
    one = item(provider_response_id="one")
    for path in ("ingest/bulk", "ingest", "ingest/bulk-upsert"):
        post(address, path, one)
    assert service.queries.figures(span()).now.calls == 2


def test_a_bulk_takes_what_it_can_and_names_the_rest(serve: Serve) -> None:
    address, service = serve()
    found = post(address, "ingest/bulk", item(), item(user_id="a b"), item(), item(category=""))
    assert (found["ingest_count"], found["total_count"], found["error_count"]) == (2, 4, 2)
    codes = [(e["item_index"], e["xproxy_result"]["xproxy_error"]["code"]) for e in found["errors"]]
    assert codes == [(1, "invalid_user_id"), (3, "required_field_missing")]
    assert service.queries.figures(span()).now.calls == 2
    assert post(address, "ingest", item(), **{"xproxy-user-id": "a b"})["statusCode"] == 400


def test_a_bulk_of_nothing_is_taken(serve: Serve) -> None:
    address, _ = serve()
    for path in ("bulk", "bulk-upsert"):
        response = httpx.post(f"{address}/api/v1/ingest/{path}", headers=KEY)
        assert response.json()["ingest_count"] == 0


@pytest.mark.parametrize("by", ["account", None])
def test_sums_within_one_value_are_its_own(service: Service, by: Any) -> None:
    calls = [item(account_name="a"), item(account_name="b"), item(account_name="a", http_status_code=429)]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    queries, only = service.queries, Filters(account="a")
    if by:
        [group] = queries.breakdown("account", span(), only).groups
        assert (group.name, group.sums.calls) == ("a", 2)
    [line] = [line for line in queries.series(span(), by, only, step="day").lines if line.name != ""]
    assert sum(sums.calls for sums in line.sums) == 2
    assert queries.figures(span(), Filters(status=429)).now.calls == 1
    assert select(service.store.reader, Filters(status=429)).dimension is None
    assert queries.series(span(NOON, NOON + (NOON - NOON.replace(hour=0))), None, Filters(failed=True)).lines


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("UseCase-Id", "use_case_id"),
        ("UseCase-Name", "use_case_name"),
        ("UseCase-Step", "use_case_step"),
        ("User-Id", "user_id"),
        ("Account-Name", "account_name"),
        ("Resource-Scope", "scope"),
    ],
)
def test_each_header_has_its_field(header: str, field: str) -> None:
    assert read_context([(f"xProxy-{header}".encode(), b"a b")]) == {field: "a b"}


@pytest.mark.parametrize(("header", "field"), [("Limit-Ids", "limit_ids"), ("Request-Tags", "request_tags")])
def test_lists_are_read_from_their_headers(header: str, field: str) -> None:
    assert read_context([(f"xProxy-{header}".encode(), b"a, b,c")]) == {field: ["a", "b", "c"]}


@pytest.mark.parametrize(("text", "version"), [(b"0", 0), (b"7", 7), (b"x", "x")])
def test_a_version_is_a_number_if_it_can_be_one(text: bytes, version: Any) -> None:
    assert read_context([(b"xproxy-usecase-version", text)]) == {"use_case_version": version}


def test_an_id_may_be_in_the_query(serve: Serve) -> None:
    address, service = serve()
    post(address, "ingest?id=from-query", item(provider_response_id=None))
    found = service.queries.call(1)
    assert found is not None and found.response_id == "from-query"
