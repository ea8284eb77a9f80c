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


COLUMNS = {
    "id": "string",
    "event_timestamp": "timestamp[us, tz=UTC]",
    "may_repeat": "bool",
    **dict.fromkeys(("category", "resource", "scope", "use_case_name", "use_case_id"), "string"),
    **dict.fromkeys(("use_case_step", "user_id", "account_name", "provider_uri"), "string"),
    **dict.fromkeys(("use_case_version", "http_status_code"), "int64"),
    **dict.fromkeys(("end_to_end_latency_ms", "time_to_first_token_ms"), "int64"),
    **dict.fromkeys(("limit_ids", "request_tags"), "list<item: string>"),
    **dict.fromkeys(("properties", "use_case_properties"), "map<string, string>"),
    **{
        f"{unit}_{side}": "int64"
        for unit in (
            *("text", "text_cache_read", "text_cache_write", "text_cache_write_1h", "reasoning", "vision"),
            *("audio", "video", "image", "web_search_request"),
        )
        for side in ("input", "output")
    },
    "other_units": "map<string, struct<input: int64, output: int64>>",
    **dict.fromkeys(
        ("request_headers", "response_headers"), "list<item: struct<name: string, value: string>>"
    ),
    "content": (
        "struct<request: string, response: list<item: string>,"
        " function_calls: list<item: struct<name: string, arguments: string>>>"
    ),
}


def test_version_1_has_these_columns_and_no_others() -> None:
    assert {field.name: str(field.type) for field in SCHEMA} == COLUMNS
    assert [field.name for field in SCHEMA] == [*COLUMNS]


def test_every_unit_of_a_column_is_in_it_and_in_no_map() -> None:
    units = {unit: Units(2 * number, 2 * number + 1) for number, unit in enumerate(UNITS)}
    found = row(Event(category="c", units=units, provider_response_id="id"))
    assert [(found[f"{unit}_input"], found[f"{unit}_output"]) for unit in UNITS] == [
        (2 * number, 2 * number + 1) for number in range(len(UNITS))
    ]
    assert found["other_units"] == []


def test_every_text_and_number_is_in_the_column_of_its_name() -> None:
    texts = {name: name for name, kind in COLUMNS.items() if kind == "string" and name != "id"}
    numbers = {
        "use_case_version": 1,
        "http_status_code": 2,
        "end_to_end_latency_ms": 3,
        "time_to_first_token_ms": 4,
    }
    more: dict[str, Any] = {
        "use_case_properties": {"a": "b"},
        "provider_response_headers": (Header("h", "v"),),
    }
    found = row(Event(units={}, provider_response_id="id", **texts, **numbers, **more))  # type: ignore[arg-type]
    assert {name: found[name] for name in (*texts, *numbers)} == {**texts, **numbers}
    assert found["use_case_properties"] == [("a", "b")]
    assert found["response_headers"] == [{"name": "h", "value": "v"}]
    assert [found[name] for name in ("properties", "request_headers", "limit_ids", "content")] == [None] * 4


@pytest.mark.parametrize(
    ("field", "value", "part", "shown"),
    [
        ("provider_request_json", "{}", "request", "{}"),
        ("provider_response_json", "{}", "response", ["{}"]),
        ("provider_response_json", ("a", "b"), "response", ["a", "b"]),
        (
            "provider_response_function_calls",
            (FunctionCall("f"),),
            "function_calls",
            [{"name": "f", "arguments": None}],
        ),
    ],
)
def test_each_part_of_content_is_kept_without_the_others(
    field: str, value: Any, part: str, shown: Any
) -> None:
    empty = dict.fromkeys(("request", "response", "function_calls"))
    assert row(event(1, **{field: value}))["content"] == {**empty, part: shown}


def test_the_schema_names_its_version() -> None:
    assert make_table([]).schema.metadata == {b"payi_schema_version": b"1"}
    assert {f"{unit}_input" for unit in UNITS} <= set(SCHEMA.names)
