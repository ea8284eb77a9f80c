"""Reading one event, well-formed or not."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport import Event, Header, Units
from payi_transport.prices import estimate
from payi_transport.reports.stored_event import StoredEvent, read_event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MOMENT = datetime(2026, 11, 1, tzinfo=timezone.utc)


def read(**fields: Any) -> StoredEvent | None:
    found = read_event(json.dumps(fields).encode())
    # The same object, parsed by somebody else.
    parsed = read_event(json.loads(json.dumps(fields)))
    for name in (*StoredEvent.__struct_fields__, "provider_response_headers"):
        assert getattr(found, name) == getattr(parsed, name)
    return found


def test_an_event_of_this_library_is_read_without_its_content() -> None:
    event = Event(
        category="system.openai",
        resource="gpt-5",
        units={"text": Units(5, 7)},
        provider_response_id="resp_1",
        event_timestamp=MOMENT,
        http_status_code=200,
        properties={"team": "a"},
        request_tags=("x", "y"),
        provider_request_json="secret",
        provider_response_headers=(Header("x-request-id", "1"),),
        account_name="acme",
    )
    found = read_event(msgspec.json.encode(event))
    assert found is not None
    assert found.provider_response_headers is None
    for name in StoredEvent.__struct_fields__:
        assert getattr(found, name) == getattr(event, name, None)
    assert not found.failed
    assert "secret" not in repr(found)


def test_headers_are_read_where_one_of_them_is_a_cost() -> None:
    found = read(category="c", provider_response_headers=[{"name": "x-litellm-response-cost", "value": "1"}])
    assert found is not None
    assert found.provider_response_headers == (Header("x-litellm-response-cost", "1"),)


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({"http_status_code": 200}, False),
        ({}, False),
        ({"http_status_code": 404}, True),
        ({"http_status_code": 299}, True),
        ({"http_status_code": 200, "properties": {"system.failure": "overloaded"}}, True),
    ],
)
def test_a_call_has_failed_by_its_status_or_by_what_its_stream_said(fields: Any, failed: bool) -> None:
    found = read(category="c", **fields)
    assert found is not None
    assert found.failed == failed


def test_a_field_of_another_type_costs_only_itself() -> None:
    found = read(
        category=5,
        units={"text": {"input": 5.0, "output": "many"}, "audio": None},
        http_status_code="200",
        event_timestamp="yesterday",
        properties={"a": None, "b": "c"},
        request_tags=["x", 1],
        user_id=["u"],
        provider_response_headers=[5],
    )
    assert found is not None
    assert (found.category, found.units) == ("", {"text": Units(5, None)})
    assert (found.http_status_code, found.event_timestamp, found.user_id) == (200, None, None)
    assert (found.properties, found.request_tags) == ({"b": "c"}, ("x",))
    assert read(category="c", units=5) is not None


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("user", ["u", 5])
def test_a_time_that_no_call_can_have_is_none(moment: str, user: Any) -> None:
    found = read(category="c", event_timestamp=moment, user_id=user)
    assert found is not None
    assert found.event_timestamp is None


def test_a_time_without_an_offset_is_utc() -> None:
    found = read(category="c", event_timestamp="2026-11-01T00:00:00")
    assert found is not None
    assert found.event_timestamp == MOMENT


@pytest.mark.parametrize("number", [10**30, 2**53 + 1, -1])
@pytest.mark.parametrize("user", ["u", 5])
def test_a_usage_with_a_count_that_no_call_can_have_is_unreadable(number: int, user: Any) -> None:
    units = {"text": {"input": 5, "output": number}}
    found = read(category="c", units=units, user_id=user, properties={"a": "b"})
    assert found is not None
    assert (found.units, found.properties) == ({}, {"a": "b", "system.units": "missing"})
    assert estimate(found).status == "unpriced"


@pytest.mark.parametrize("number", [0, 2**53])
@pytest.mark.parametrize("user", ["u", 5])
def test_a_usage_with_the_largest_count_is_read(number: int, user: Any) -> None:
    found = read(category="c", units={"text": {"input": number, "output": number}}, user_id=user)
    assert found is not None
    assert (found.units, found.properties) == ({"text": Units(number, number)}, None)


@pytest.mark.parametrize("direction", ["input", "output"])
def test_a_count_in_either_direction_may_make_a_usage_unreadable(direction: str) -> None:
    found = read(category="c", units={"text": {direction: -1}, "audio": {"input": 1}})
    assert found is not None
    assert (found.units, found.properties) == ({}, {"system.units": "missing"})


@pytest.mark.parametrize(
    ("fields", "is_event"),
    [
        ({"category": "c"}, True),
        ({"units": {}}, True),
        ({"units": {"text": {"input": 1}}}, True),
        ({"units": [], "user_id": 5}, True),
        ({"category": ""}, False),
        ({"category": None, "units": None}, False),
        ({"user_id": "u"}, False),
    ],
)
def test_an_event_has_a_category_or_units(fields: dict[str, Any], is_event: bool) -> None:
    assert (read_event(json.dumps(fields).encode()) is not None) is is_event
    assert (read_event(fields) is not None) is is_event


def test_what_is_left_of_lists_and_properties_of_another_type_are_their_texts() -> None:
    found = read(
        category="c",
        limit_ids=["l", None],
        request_tags={"a": "b"},
        properties=["a"],
        use_case_properties={"tier": "gold", "n": 5},
        xproxy_result="x",
    )
    assert found is not None
    assert (found.limit_ids, found.request_tags, found.properties) == (("l",), None, None)
    assert (found.use_case_properties, found.xproxy_result) == ({"tier": "gold"}, None)


@pytest.mark.parametrize(
    ("status", "failed"), [(399, False), (400, True), (298, False), (500, True), (None, False)]
)
def test_a_status_from_400_on_is_a_failure(status: int | None, failed: bool) -> None:
    found = read(category="c", http_status_code=status, properties={"system.failure": ""})
    assert found is not None
    assert found.failed is failed


@pytest.mark.parametrize("item", [b"{}", b'{"id": 1}', b"5", b"[]", b'{"category":', b"\xff", b"[" * 100_000])
def test_what_is_not_an_event_is_none(item: bytes) -> None:
    assert read_event(item) is None


@given(st.dictionaries(st.sampled_from([*StoredEvent.__struct_fields__, "provider_response_headers"]), JSON))
def test_whatever_the_fields_hold_nothing_raises(fields: dict[str, Any]) -> None:
    read_event(json.dumps(fields).encode())
