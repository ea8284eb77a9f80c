"""Function calls in Google's responses: whole ones as on the wire, and those that come in pieces."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.google.function_calls import CallPart, Calls, read_arguments
from payi_transport.values.event import FunctionCall
from tests.providers.shapes import objects_of

_part = msgspec.json.Decoder(CallPart)


def gather(*parts: dict[str, Any]) -> tuple[FunctionCall, ...]:
    calls = Calls()
    for part in parts:
        calls.gather(_part.decode(json.dumps(part).encode()))
    return calls.named()


def piece(path: Any, **value: Any) -> dict[str, Any]:
    return {"partialArgs": [{"jsonPath": path, **value}], "willContinue": True}


STARTED = {"name": "f", "willContinue": True}


def join(*pieces: dict[str, Any]) -> Any:
    """The arguments that pieces make."""
    [call] = gather(STARTED, *pieces, {})
    return None if call.arguments is None else json.loads(call.arguments)


def test_whole_calls_have_their_arguments_as_on_the_wire() -> None:
    parts: tuple[dict[str, Any], ...] = (
        {"name": "f", "args": {"a": 1.0}},
        {"name": "g", "args": None},
        {"name": "h"},
        {"name": ""},
        {"name": 3, "args": {}},
        {},
    )
    assert gather(*parts) == (FunctionCall("f", '{"a": 1.0}'), FunctionCall("g"), FunctionCall("h"))


@pytest.mark.parametrize(
    ("raw", "arguments"), [(b"null", None), (b'{ "a" : 1 }', '{ "a" : 1 }'), (b'"\xff"', '"\ufffd"')]
)
def test_arguments_are_text_as_on_the_wire(raw: bytes, arguments: str | None) -> None:
    assert read_arguments(msgspec.Raw(raw)) == arguments


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        ([], None),
        ([piece("$.a", stringValue="Bos"), piece("$.a", stringValue="ton")], {"a": "Boston"}),
        (
            [piece("$.a", stringValue="x"), piece("$.b", numberValue=2.5), piece("$.a", stringValue="y")],
            {"a": "xy", "b": 2.5},
        ),
        ([piece("$.a", boolValue=False), piece("$.b", nullValue="NULL_VALUE")], {"a": False, "b": None}),
        (
            [piece("$.a.b.c", numberValue=1), piece("$.a.b.d", stringValue="")],
            {"a": {"b": {"c": 1, "d": ""}}},
        ),
        (
            [
                piece("$.a[0].n", stringValue="x"),
                piece("$.a[1].n", stringValue="y"),
                piece("$.a[0].n", stringValue="z"),
            ],
            {"a": [{"n": "xz"}, {"n": "y"}]},
        ),
        ([piece("$.a[999999999]", numberValue=1)], {"a": [1]}),
        ([piece("$['two words']['x.y']", numberValue=1)], {"two words": {"x.y": 1}}),
        ([piece('$["a"]', numberValue=1)], {"a": 1}),
    ],
    ids=repr,
)
def test_pieces_are_put_together_by_their_paths(pieces: list[dict[str, Any]], arguments: Any) -> None:
    assert join(*pieces) == arguments


@pytest.mark.parametrize(
    "other",
    [
        piece("$.a"),
        piece("$"),
        piece("", stringValue="x"),
        piece(None, stringValue="x"),
        piece(3, stringValue="x"),
        piece("$.a.b", stringValue="x"),
        piece("$.n", stringValue="x"),
        piece("$.m", numberValue=[1]),
        piece("$.m", stringValue={"b": 1}),
        piece("$" + ".a" * 33, stringValue="x"),
        {"partialArgs": ["x", None, 3]},
        {"partialArgs": {"jsonPath": "$.a"}},
    ],
    ids=repr,
)
def test_pieces_that_fit_nowhere_are_left_out(other: dict[str, Any]) -> None:
    assert join(piece("$.a", stringValue="x"), piece("$.n", numberValue=1), other) == {"a": "x", "n": 1}


def test_pieces_belong_to_the_call_that_began_last() -> None:
    pieces = [piece("$.a", numberValue=0), STARTED, piece("$.a", numberValue=1), {}]
    pieces += [
        {**piece("$.b", numberValue=2), "name": "g"},
        piece("$.c", numberValue=3),
        {"name": "h", "args": {}},
    ]
    assert gather(*pieces) == (
        FunctionCall("f", '{"a":1}'),
        FunctionCall("g", '{"b":2,"c":3}'),
        FunctionCall("h", "{}"),
    )


PATHS = st.from_regex(r"\$?([.\['\]\"ab0]|\[0\]){0,6}", fullmatch=True)


@given(
    st.lists(objects_of(("name", "jsonPath", "stringValue", "numberValue", "nullValue")), max_size=5), PATHS
)
def test_any_pieces_make_json(pieces: list[dict[str, Any]], path: str) -> None:
    join({"partialArgs": [{**piece, "jsonPath": path} for piece in pieces] + pieces})


@pytest.mark.parametrize(("levels", "read"), [(32, True), (33, False)])
def test_a_path_of_a_piece_may_have_so_many_steps(levels: int, read: bool) -> None:
    calls = Calls()
    piece = {"jsonPath": "$" + ".a" * levels, "numberValue": 1}
    calls.gather(CallPart("f", partial_args=[piece]))
    ((name, arguments),) = ((call.name, call.arguments) for call in calls.named())
    assert name == "f"
    assert (arguments == '{"a":' * levels + "1" + "}" * levels) == read
    assert (arguments is None) == (not read)
