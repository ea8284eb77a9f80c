"""Events as columns: nothing is missing from a sum, and content is in a column of its own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

pytest.importorskip("pyarrow")

from payi_transport import Event, Units
from payi_transport.sinks.bucket_schema import SCHEMA, UNITS, make_table
from payi_transport.sinks.protocol import mark_uncertain
from payi_transport.values.event import FunctionCall, Header
from tests.sinks.events import event

MOMENT = datetime(2026, 11, 28, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
FULL = Event(
    category="system.openai",
    resource="gpt-4.1",
    units={"text": Units(input=5, output=7), "reasoning": Units(output=2), "guardrail_topic": Units(input=1)},
    provider_response_id="r-1",
    event_timestamp=MOMENT,
    http_status_code=200,
    end_to_end_latency_ms=12,
    use_case_name="bot",
    use_case_version=3,
    user_id="ann",
    limit_ids=("a", "b"),
    request_tags=("t",),
    properties={"k": "v"},
    provider_request_headers=(Header("h", "v"),),
    provider_request_json='{"a": 1}',
    provider_response_json=("one", "two"),
    provider_response_function_calls=(FunctionCall("f", "{}"), FunctionCall("g")),
)


def row(one: Event) -> dict[str, Any]:
    [found] = make_table([one]).to_pylist()
    return dict(found)


def test_every_field_is_a_column() -> None:
    found = row(FULL)
    assert found["id"] == "r-1"
    assert found["event_timestamp"] == MOMENT
    assert (found["text_input"], found["text_output"], found["reasoning_output"]) == (5, 7, 2)
    assert found["reasoning_input"] is None
    assert found["other_units"] == [("guardrail_topic", {"input": 1, "output": None})]
    assert (found["use_case_version"], found["http_status_code"]) == (3, 200)
    assert (found["limit_ids"], found["request_tags"]) == (["a", "b"], ["t"])
    assert found["properties"] == [("k", "v")]
    assert found["request_headers"] == [{"name": "h", "value": "v"}]
    assert found["content"] == {
        "request": '{"a": 1}',
        "response": ["one", "two"],
        "function_calls": [{"name": "f", "arguments": "{}"}, {"name": "g", "arguments": None}],
    }


def test_without_content_its_column_is_null() -> None:
    assert row(event(1))["content"] is None
    assert row(event(1, provider_response_json="x"))["content"] == {
        "request": None,
        "response": ["x"],
        "function_calls": None,
    }


def test_a_repeat_is_marked() -> None:
    assert row(mark_uncertain(event(1)))["may_repeat"] is True
    assert row(event(1))["may_repeat"] is False


def test_the_schema_names_its_version() -> None:
    assert make_table([]).schema.metadata == {b"payi_schema_version": b"1"}
    assert {f"{unit}_input" for unit in UNITS} <= set(SCHEMA.names)
