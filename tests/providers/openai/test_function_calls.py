"""Function calls of chat completions: whole ones as on the wire, and those joined from deltas."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.values.event import FunctionCall
from tests.providers.completions import COMPLETION, chunk, read


def tool(
    index: int | None, call_id: str | None = None, name: Any = None, arguments: Any = None
) -> dict[str, Any]:
    call: dict[str, Any] = {"index": index, "function": {"name": name, "arguments": arguments}}
    return {"tool_calls": [call if call_id is None else {**call, "id": call_id}]}


def test_tool_calls_of_a_document_keep_their_arguments_as_on_the_wire() -> None:
    message = {
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a" : 1.0}'}},
            {"id": "2", "type": "function", "function": {"name": "g", "arguments": ""}},
            {"id": "3", "type": "custom", "custom": {"name": "h", "input": "x"}},
        ]
    }
    parsed = read({**COMPLETION, "choices": [{"message": message, "finish_reason": "tool_calls"}]})
    assert parsed.function_calls == (
        FunctionCall("f", '{"a" : 1.0}'),
        FunctionCall("g", ""),
        FunctionCall("h", "x"),
    )


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (b'{"a" : 1.0, "b": [ ]}', '{"a" : 1.0, "b": [ ]}'),
        (b"{}", "{}"),
        (b"[1]", "[1]"),
        (b"3", "3"),
        (b"true", "true"),
        (b"null", None),
        (b'"{}"', "{}"),
    ],
)
@pytest.mark.parametrize("delta", [b"message", b"delta"])
def test_arguments_of_any_type_lose_no_call_of_a_message(
    delta: bytes, arguments: bytes, reported: str | None
) -> None:
    body = (
        b'{"choices":[{"%b":{"tool_calls":[{"function":{"name":"f","arguments": %b }},'
        b'{"custom":{"name":"g","input":%b}},{"function":{"name":"h","arguments":"x"}}]},'
        b'"finish_reason":"tool_calls"}]}'
    )
    assert read(body % (delta, arguments, arguments)).function_calls == (
        FunctionCall("f", reported),
        FunctionCall("g", reported),
        FunctionCall("h", "x"),
    )


def test_tool_calls_of_several_choices() -> None:
    choices = [
        {"index": index, "message": {"tool_calls": [{"function": {"name": f"f{index}", "arguments": "{}"}}]}}
        for index in range(2)
    ]
    calls = read({**COMPLETION, "choices": choices}).function_calls
    assert calls == (FunctionCall("f0", "{}"), FunctionCall("f1", "{}"))


def test_a_legacy_function_call() -> None:
    choices = [{"message": {"function_call": {"name": "f", "arguments": "{}"}, "tool_calls": None}}]
    assert read({**COMPLETION, "choices": choices}).function_calls == (FunctionCall("f", "{}"),)


def test_a_legacy_function_call_from_deltas() -> None:
    parsed = read(
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"a"'}}),
        chunk({"function_call": {"arguments": ":1}"}}),
        chunk(finish="function_call"),
    )
    assert parsed.function_calls == (FunctionCall("f", '{"a":1}'),)


def test_tool_calls_are_joined_from_deltas_by_choice_and_index() -> None:
    parsed = read(
        chunk(tool(0, "a", "f", "")),
        chunk(tool(1, "b", "g", "")),
        chunk(tool(0, "c", "h", ""), index=1),
        chunk(tool(1, arguments="[2")),
        chunk(tool(0, arguments='{"x"')),
        chunk(tool(0, arguments="3"), index=1),
        chunk(tool(0, arguments=":1}")),
        chunk(tool(1, arguments="]")),
    )
    assert parsed.function_calls == (
        FunctionCall("f", '{"x":1}'),
        FunctionCall("g", "[2]"),
        FunctionCall("h", "3"),
    )


def test_the_free_text_of_a_custom_tool_is_joined_from_deltas_too() -> None:
    parsed = read(
        chunk({"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql"}}]}),
        chunk(tool(1, "b", "f", "{}")),
        chunk({"tool_calls": [{"index": 0, "custom": {"input": "select"}}]}),
        chunk({"tool_calls": [{"index": 0, "custom": {"input": " 1"}}, {"index": 2, "custom": None}]}),
    )
    assert parsed.function_calls == (FunctionCall("sql", "select 1"), FunctionCall("f", "{}"))


def test_deltas_that_repeat_the_id_or_give_none_are_of_one_call() -> None:
    parsed = read(
        chunk(tool(0, "a", "f", "1")),
        chunk(tool(0, "a", None, "2")),
        chunk(tool(0, "a", "f", "3")),
        chunk(tool(0, "other", None, "4")),
        chunk(tool(0, None, None, "5")),
    )
    assert parsed.function_calls == (FunctionCall("f", "12345"),)


def test_calls_that_all_have_index_0_are_distinguished_by_id_and_name() -> None:
    parsed = read(
        chunk(tool(0, "a", "f", '{"x":1}')),
        chunk(tool(0, "b", "f", '{"x":2}')),
        chunk(tool(None, "c", "g", "{}")),
    )
    assert parsed.function_calls == (
        FunctionCall("f", '{"x":1}'),
        FunctionCall("f", '{"x":2}'),
        FunctionCall("g", "{}"),
    )


def test_a_name_that_comes_late_is_the_calls_name() -> None:
    parsed = read(chunk(tool(0, "a", None, "{")), chunk(tool(0, None, "f", "}")))
    assert parsed.function_calls == (FunctionCall("f", "{}"),)


def test_a_call_without_arguments_and_one_without_a_name() -> None:
    parsed = read(chunk(tool(0, "a", "f")), chunk(tool(1, "b", "", "{}")))
    assert parsed.function_calls == (FunctionCall("f"),)


NAMED_AGAIN = [
    # NousResearch/hermes-agent#11984: MiniMax repeats the name, with the id null.
    ([tool(0, "a", "f", '{"a"'), tool(0, None, "f", ":1}")], [("f", '{"a":1}')]),
    ([tool(0, "a", "f", ""), tool(0, "", "f", '{"a"'), tool(0, None, "f", ":1}")], [("f", '{"a":1}')]),
    ([tool(0, "a", "f", '{"a":1}'), tool(0, None, "f", "")], [("f", '{"a":1}')]),
    ([tool(0, None, "f", '{"a"'), tool(0, "a", "f", ":1}")], [("f", '{"a":1}')]),
    ([tool(0, None, "f", '{"a"'), tool(0, None, "f", ":1}")], [("f", '{"a":1}')]),
    # Another call at the same index: by its id, by its name, or because the one before was complete.
    ([tool(0, "a", "f", "{}"), tool(0, "b", "f", "{}")], [("f", "{}"), ("f", "{}")]),
    ([tool(0, None, "f", "{}"), tool(0, None, "g", "{}")], [("f", "{}"), ("g", "{}")]),
    ([tool(0, "", "f", '{"a":1}'), tool(0, "", "f", '{"a":2}')], [("f", '{"a":1}'), ("f", '{"a":2}')]),
    # A quote that is escaped ends no string, wherever the pieces are cut. Nor is a brace in a string one.
    (
        [tool(0, None, "f", '{"a":"x\\'), tool(0, None, "f", '"}"}'), tool(0, None, "f", '{"b":1}')],
        [("f", '{"a":"x\\"}"}'), ("f", '{"b":1}')],
    ),
    (
        [tool(0, None, "f", '{"a":"x\\\\'), tool(0, None, "f", '"}'), tool(0, None, "f", '{"b":1}')],
        [("f", '{"a":"x\\\\"}'), ("f", '{"b":1}')],
    ),
    (
        [tool(0, None, "f", '{"a":{"b":"{"}'), tool(0, None, "f", "}"), tool(0, None, "f", "{}")],
        [("f", '{"a":{"b":"{"}}'), ("f", "{}")],
    ),
    # What has only braces or looks like an object is complete at no point.
    ([tool(0, None, "f", "{x}"), tool(0, None, "f", "{y}"), tool(0, None, "f", "z")], [("f", "{x}{y}z")]),
    ([tool(0, None, "f", "}{"), tool(0, None, "f", "}"), tool(0, None, "f", "{}")], [("f", "}{}{}")]),
    ([tool(0, None, "f", '["{}"'), tool(0, None, "f", ",1]")], [("f", '["{}",1]')]),
    # A complete object stays one, whatever follows it without the name.
    (
        [tool(0, None, "f", "{}"), tool(0, None, None, " "), tool(0, None, "f", "{}")],
        [("f", "{} "), ("f", "{}")],
    ),
]


@pytest.mark.parametrize(("deltas", "calls"), NAMED_AGAIN)
def test_a_name_that_is_repeated_starts_no_other_call(
    deltas: list[Any], calls: list[tuple[str, str]]
) -> None:
    assert read(*map(chunk, deltas)).function_calls == tuple(FunctionCall(*call) for call in calls)


objects = st.dictionaries(
    st.text('{}"\\\\a', max_size=4),
    st.recursive(
        st.text('{}"\\\\ü', max_size=6) | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=1), inner),
        max_leaves=4,
    ),
)


@given(st.lists(objects, min_size=1, max_size=3), st.integers(1, 5), st.booleans())
def test_objects_that_arrive_in_pieces_are_a_call_each(texts: list[Any], size: int, ascii_only: bool) -> None:
    calls = [json.dumps(text, ensure_ascii=ascii_only) for text in texts]
    pieces = [call[start : start + size] for call in calls for start in range(0, len(call), size)]
    parsed = read(*(chunk(tool(0, None, "f", piece)) for piece in pieces))
    assert parsed.function_calls == tuple(FunctionCall("f", call) for call in calls)


@pytest.mark.parametrize("piece", ["abcdefgh ", "}{", "{x}", '{"', "\\", '"'])
def test_a_call_in_very_many_pieces_that_repeat_its_name_takes_linear_time(piece: str) -> None:
    started = chunk(tool(0, None, "write", '{"text":"'))
    bodies = [started, *[chunk(tool(0, None, "write", piece))] * 20_000]
    begun = time.thread_time()
    assert read(*bodies).function_calls == (FunctionCall("write", '{"text":"' + piece * 20_000),)
    assert time.thread_time() - begun < 10
