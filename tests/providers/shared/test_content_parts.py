"""Finding texts and parts by the names of the fields that lead to them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.shared.content_parts import find_texts, has_field, has_part
from tests.providers.shapes import objects_of

NAMES = frozenset({"text", "content"})
IMAGES = frozenset({"image"})


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ["a"]),
        ({"content": ["a", {"text": "b", "type": "c", "other": {"text": "d"}}]}, ["a", "b"]),
        ({"text": None, "content": 7}, []),
        (None, []),
        # As JSON, in which the names that lead to texts mean nothing.
        ({"text": "a", "tools": [{"name": "f", "text": "b"}]}, ["a", '[{"name":"f","text":"b"}]']),
        ({"content": [{"arguments": '{"a":1}'}]}, ['{"a":1}']),
        ({"tools": [], "arguments": ""}, []),
    ],
)
def test_texts_are_those_of_the_named_fields(value: Any, texts: list[str]) -> None:
    assert list(find_texts(value, NAMES, ("tools", "arguments"))) == texts


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"content": [{"type": "text"}, {"type": "image"}]}, True),
        ({"content": {"content": {"type": "image"}}}, True),
        ([{"type": "image"}], True),
        ({"tools": {"type": "image"}}, False),
        ({"content": "image", "type": "image"}, False),
        ({"content": [{"type": ["image"]}, {"image": 1}]}, False),
        (None, False),
    ],
)
def test_a_part_is_found_by_its_type(value: Any, found: bool) -> None:
    assert has_part(value, NAMES, IMAGES) is found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"content": [{"text": "a"}, {"image": {"format": "png"}}]}, True),
        ({"content": [{"content": [{"image": None}]}]}, True),
        ({"image": 1}, False),
        ({"tools": [{"image": 1}]}, False),
        ({"content": ["image", None, 7]}, False),
        (None, False),
    ],
)
def test_a_part_is_found_by_its_field(value: Any, found: bool) -> None:
    assert has_field(value, NAMES, "image") is found


def nest(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = {"content": value}
    return value


@pytest.mark.parametrize(("levels", "found"), [(10, True), (11, False), (2000, False)])
def test_what_is_deeper_than_any_body_is_left_out(levels: int, found: bool) -> None:
    assert bool([*find_texts(nest("a", levels), NAMES)]) is found
    assert has_part(nest({"type": "image"}, levels), NAMES, IMAGES) is found
    assert has_field(nest({"image": 1}, levels), NAMES, "image") is found


def test_json_that_nests_as_deep_as_the_stack_has_no_text() -> None:
    assert list(find_texts({"tools": nest("a", 200_000)}, NAMES, ("tools",))) == [""]


@given(objects_of(("content", "text", "type", "image")))
def test_values_of_any_shape_raise_nothing(value: Any) -> None:
    assert all(isinstance(text, str) for text in find_texts(value, NAMES, ("image",)))
    has_part(value, NAMES, IMAGES)
