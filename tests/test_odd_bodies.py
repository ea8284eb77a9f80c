"""Recorded bodies with any value missing or of another type: an event all the same, of every provider."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from payi_transport.decode.decode import decode
from payi_transport.decode.options import DecodeOptions
from payi_transport.framing.eventstream import split_eventstream
from payi_transport.providers.bedrock.invoke import unwrap_chunks
from payi_transport.providers.registry import REGISTRY
from tests.support.eventstream import write_stream
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES, WireCase

MISSING: Any = object()
ODD = [MISSING, None, True, -1, 0.5, 10**30, "", "x", [], [1], [None], [[]], {}, {"a": 1}, {"type": ["x"]}]
DATA = b"data: "
Path = tuple[Any, ...]


class Place(NamedTuple):
    """A value in the JSON `text` of a case's body."""

    case: WireCase
    text: bytes
    path: Path


def is_json(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict | list)
    except ValueError:
        return False


def find_json(case: WireCase) -> list[bytes]:
    """The JSON in a body: all of it, or of each event."""
    if case.is_binary:
        events = [data for _, data in unwrap_chunks(split_eventstream(case.response))]
    else:
        events = [line[len(DATA) :] for line in case.response.splitlines() if line.startswith(DATA)]
    return list(filter(is_json, events or [case.response]))


def rewrite(case: WireCase, old: bytes, new: bytes) -> bytes:
    """The body of a case with one piece of its JSON in the place of another."""
    if not case.is_binary:
        return case.response.replace(old, new, 1)
    messages = unwrap_chunks(split_eventstream(case.response))
    events = [(name, json.loads(new if data == old else data)) for name, data in messages]
    return b"".join(
        write_stream((name, {"bytes": data} if name == "chunk" else data) for name, data in events)
    )


def find_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The keys and indices that lead to each value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from find_paths(item, (*path, key))


def find_places() -> dict[str, list[Place]]:
    """By operation, one place of each field: of items in a list, and of events of a type, the first."""
    places: dict[tuple[Any, ...], Place] = {}
    for case in CASES:
        for text in find_json(case):
            body = json.loads(text)
            kind = body.get("type") if isinstance(body, dict) else None
            for path in find_paths(body):
                names = tuple(key for key in path if isinstance(key, str))
                key = (case.operation, case.is_binary, kind, case.status, names)
                places.setdefault(key, Place(case, text, path))
    found: dict[str, list[Place]] = {}
    for place in places.values():
        found.setdefault(place.case.operation, []).append(place)
    return found


PLACES = find_places()


def put(place: Place, odd: Any) -> WireCase:
    """The case with another value there, or without any."""
    body = value = json.loads(place.text)
    for key in place.path[:-1]:
        value = value[key]
    if odd is MISSING:
        del value[place.path[-1]]
    else:
        value[place.path[-1]] = copy.deepcopy(odd)
    answer = rewrite(place.case, place.text, json.dumps(body).encode())
    return dataclasses.replace(place.case, response=answer)


@pytest.mark.parametrize("operation", PLACES)
def test_a_value_of_another_type_in_any_place_makes_an_event(operation: str) -> None:
    for place in PLACES[operation]:
        for odd in ODD:
            case = put(place, odd)
            event = decode(
                make_exchange(case, [case.response]), DecodeOptions(count_tokens=lambda model, text: 1)
            )
            # None is work that the provider has only begun.
            assert event is None or msgspec.json.encode(event)


def test_every_wire_format_is_among_them() -> None:
    assert set(PLACES) == {case.operation for case in CASES} <= set(REGISTRY.operations)
    assert list(find_paths({"a": [{"b": 1}]})) == [("a",), ("a", 0), ("a", 0, "b")]
