"""Responses are values that keep the fields and values that this version does not know."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.types.model import Model, convert_leniently

T = TypeVar("T")


class Inner(Model):
    """A nested response."""

    count: int
    score: float | None = None


class Outer(Model):
    """A response with every kind of field."""

    name: str
    when: datetime | None = None
    inner: Inner | None = None
    inners: list[Inner] | None = None
    by_name: dict[str, Inner] | None = None
    status_code: int | None = msgspec.field(name="statusCode", default=None)
    mixed: bool | float | None = None


class Box(Model, Generic[T]):
    """A generic response."""

    items: list[T] | None = None


FULL = {
    "name": "a",
    "when": "2026-05-04T03:02:01Z",
    "inner": {"count": 1, "score": 2, "new": "x"},
    "inners": [{"count": 1}, {"count": 2, "new": {"deep": [1]}}],
    "by_name": {"k": {"count": 3}},
    "statusCode": 400,
    "mixed": 0.5,
    "brand_new": [1, 2],
}


def test_every_field_is_converted_to_its_type() -> None:
    outer = convert_leniently(Outer, FULL)
    assert (outer.name, outer.when) == ("a", datetime(2026, 5, 4, 3, 2, 1, tzinfo=timezone.utc))
    assert outer.inner == Inner(1, 2.0)
    assert [type(inner) for inner in outer.inners] == [Inner, Inner]
    assert outer.by_name == {"k": Inner(3)}
    assert (outer.status_code, outer.mixed) == (400, 0.5)


def test_unknown_fields_are_attributes_at_every_level() -> None:
    outer = convert_leniently(Outer, FULL)
    assert outer.brand_new == [1, 2]
    assert outer.unknown_fields == {"brand_new": [1, 2]}
    assert outer.inner.new == "x"
    assert outer.inners[1].new == {"deep": [1]}


def test_to_dict_uses_the_names_of_the_api_and_leaves_out_none() -> None:
    outer = convert_leniently(Outer, FULL)
    assert outer.to_dict() == {**FULL, "when": outer.when}
    assert convert_leniently(Outer, {"name": "a", "inner": None}).to_dict() == {"name": "a"}


def test_the_repr_shows_all_values_but_none() -> None:
    outer = convert_leniently(Outer, {"name": "a", "inner": {"count": 1, "new": 2}, "brand_new": "x"})
    assert repr(outer) == "Outer(name='a', inner=Inner(count=1, new=2), brand_new='x')"


COPIES: dict[str, Callable[[Outer], Outer]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda outer: pickle.loads(pickle.dumps(outer)),  # noqa: S301  # pickled on this line
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_has_the_unknown_fields_and_is_independent(
    copied: Callable[[Outer], Outer],
) -> None:
    outer = convert_leniently(Outer, FULL)
    other = copied(outer)
    assert other == outer
    assert other.to_dict() == outer.to_dict()
    other.unknown_later = 1  # type: ignore[attr-defined]  # unknown fields are plain attributes
    assert outer.unknown_fields == {"brand_new": [1, 2]}


def test_a_deep_copy_shares_nothing_with_its_original() -> None:
    outer = convert_leniently(Outer, FULL)
    other = copy.deepcopy(outer)
    other.brand_new.append(3)
    other.inner.new = "y"
    assert outer.to_dict() == {**FULL, "when": outer.when}


def test_a_response_can_be_encoded_as_json() -> None:
    assert msgspec.json.encode(Inner(1)) == b'{"count":1}'


@pytest.mark.parametrize(
    ("raw", "field", "kept"),
    [
        ({}, "name", None),
        ({"name": 3}, "name", 3),
        ({"name": "a", "when": "yesterday"}, "when", "yesterday"),
        ({"name": "a", "inner": "flat"}, "inner", "flat"),
        ({"name": "a", "inners": {"0": 1}}, "inners", {"0": 1}),
        ({"name": "a", "inners": [1, None]}, "inners", [1, None]),
        ({"name": "a", "by_name": [1]}, "by_name", [1]),
        ({"name": "a", "mixed": "much"}, "mixed", "much"),
    ],
)
def test_a_value_of_another_type_is_kept(raw: dict[str, Any], field: str, kept: Any) -> None:
    assert getattr(convert_leniently(Outer, raw), field) == kept


def test_a_generic_response_converts_its_items() -> None:
    box = convert_leniently(Box[Inner], {"items": [{"count": 1}]})
    assert box == Box([Inner(1)])
    assert not box.unknown_fields


@pytest.mark.parametrize("raw", [None, 3, "x", [1]])
def test_json_that_is_not_an_object_is_returned_unchanged(raw: Any) -> None:
    assert convert_leniently(Outer, raw) is raw


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*FULL, "count", "x"]), inner),
    max_leaves=10,
)


@given(json_values)
def test_no_json_raises(raw: Any) -> None:
    value = convert_leniently(Outer, raw)
    if isinstance(raw, dict):
        assert repr(value)
        value.to_dict()


def test_to_json_is_to_dict_as_text() -> None:
    raw = {"name": "a", "when": "2026-05-04T03:02:01Z", "statusCode": 4, "inner": None, "new": [1]}
    text = convert_leniently(Outer, raw).to_json(indent=None)
    assert text == '{"name":"a","when":"2026-05-04T03:02:01Z","statusCode":4,"new":[1]}'


def test_to_json_is_indented_by_two() -> None:
    inner = Inner(count=1)
    assert inner.to_json() == inner.to_json(indent=2) == '{\n  "count": 1\n}'
