"""Recorded bodies with any value missing or of another type: an event all the same, of every provider."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from payi_transport.decode import Reading, decode
from payi_transport.exchange import Outcome
from tests.exchanges import make_exchange
from tests.wire_cases import CASES, WireCase

MISSING: Any = object()
ODD = st.sampled_from(
    [MISSING, None, True, -1, 0, 0.5, 10**30, "", "x", [], [1], [None], [[]], {}, {"a": 1}, {"type": ["x"]}]
)
DATA = b"data: "


def is_json(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict | list)
    except ValueError:
        return False


def find_json(body: bytes) -> list[bytes]:
    """The JSON in a body: all of it, or of each event."""
    events = [line[len(DATA) :] for line in body.splitlines() if line.startswith(DATA)]
    return list(filter(is_json, events or [body]))


def find_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values are inside a value: the keys and indices that lead to each."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*place, key)
        yield from find_places(item, (*place, key))


def put(value: Any, place: tuple[Any, ...], odd: Any) -> None:
    for key in place[:-1]:
        value = value[key]
    if odd is MISSING:
        del value[place[-1]]
    else:
        value[place[-1]] = copy.deepcopy(odd)


READABLE = [case for case in CASES if find_json(case.answer)]


@settings(max_examples=600)
@given(case=st.sampled_from(READABLE), outcome=st.sampled_from(Outcome), data=st.data())
def test_a_value_of_another_type_in_any_place_makes_an_event(
    case: WireCase, outcome: Outcome, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from(find_json(case.answer)))
    value = json.loads(text)
    if places := list(find_places(value)):
        put(value, data.draw(st.sampled_from(places)), data.draw(ODD))
    body = case.answer.replace(text, json.dumps(value).encode(), 1)
    odd = dataclasses.replace(case, answer=body)
    event = decode(make_exchange(odd, [body], outcome=outcome), Reading(count_tokens=lambda model, text: 1))
    # None is work that the provider has only begun.
    assert event is None or msgspec.json.encode(event)


def test_every_provider_is_among_them() -> None:
    assert {case.name.split("/")[0] for case in READABLE} == {case.name.split("/")[0] for case in CASES}
    assert list(find_places({"a": [{"b": 1}]})) == [("a",), ("a", 0), ("a", 0, "b")]
