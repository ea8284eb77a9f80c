"""A call without a required field is reported, says what is missing, and is counted."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import (
    MemorySink,
    payi_flush,
    payi_instrument,
    payi_stats,
    track_context,
)
from payi_transport.context.frame import Frame, enter_scope
from payi_transport.decode.missing_fields import (
    describe_missing_fields,
    find_missing_fields,
    read_missing_fields,
)
from payi_transport.errors import PayiConfigError
from tests.support.calls import call

FIELDS: dict[str, Any] = {
    "account_name": "acme",
    "limit_ids": ["budget"],
    "request_tags": ["t"],
    "user_id": "alice",
    "use_case_name": "chat",
    "use_case_version": 0,
    "use_case_properties": {"a": "b"},
    "request_properties.team": "search",
    "use_case_properties.a": "b",
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_missing_until_a_scope_sets_it_and_once_one_clears_it(name: str) -> None:
    field, dot, key = name.partition(".")
    value = {key: FIELDS[name]} if dot else FIELDS[name]
    assert find_missing_fields(Frame(), (name,)) == [name]
    scope: Any = {field: value}
    frame = enter_scope(Frame(), scope)
    assert find_missing_fields(frame, (name,)) == []
    if field in ("account_name", "user_id", "use_case_name"):
        cleared: Any = {field: ""}
        assert find_missing_fields(enter_scope(frame, cleared), (name,)) == [name]


def test_a_step_without_a_use_case_is_missing_because_it_is_not_reported() -> None:
    assert find_missing_fields(enter_scope(Frame(), {"use_case_step": "s"}), ("use_case_step",)) == [
        "use_case_step"
    ]


@pytest.mark.parametrize("missing", [[], ["user_id"], ["user_id", "request_properties.team"]], ids=repr)
def test_the_property_of_an_event_is_read_back(missing: list[str]) -> None:
    assert read_missing_fields(describe_missing_fields(missing)) == missing
    assert read_missing_fields(None) == []


def test_calls_without_a_required_field_are_reported_and_counted() -> None:
    sink = MemorySink()
    payi_instrument(sink=sink, config={"require": ["account_name", "request_properties.team", "user_id"]})
    with track_context(account_name="acme", user_id="alice", request_properties={"team": "a"}):
        call()
    with track_context(user_id="bob"):
        call()
        call()
    assert payi_flush(10)
    texts = [(event.properties or {}).get("system.missing_fields") for event in sink.events]
    assert texts == [None, *["account_name,request_properties.team"] * 2]
    assert payi_stats().missing_fields == {"account_name": 2, "request_properties.team": 2}


@pytest.mark.parametrize(
    "name", ["acount_name", "price_as_category", "request_properties.", "properties.a", ""]
)
def test_a_field_that_no_event_reports_is_refused(name: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        payi_instrument(sink=MemorySink(), config={"require": [name]})
    assert str(error.value).startswith("config.require[0]: expected 'limit_ids', 'request_tags', 'user_id', ")
    assert str(error.value).endswith(f"or 'request_properties.<name>', got {name!r}")
