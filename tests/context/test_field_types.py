"""The types of context fields: which values each accepts, and the error for all others."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
import pytest

from payi_transport.config.validation import check_config
from payi_transport.context.field_types import LOGGING, PROPERTIES, SWITCH, TEXT, TEXTS, VERSION, FieldType
from payi_transport.context.fields import ROWS, Scope
from payi_transport.context.frame import Frame, check_scope, check_value
from payi_transport.context.header_text import LARGEST_VERSION
from payi_transport.errors import PayiConfigError
from tests.context.frames import enter

# For each field type: values that it accepts besides None, values that it refuses, and the words for it.
CASES: list[tuple[FieldType, list[Any], list[Any], str]] = [
    (
        TEXTS,
        [[], ["a"], ("a", "b"), {"a"}, frozenset("ab"), {"a": 1}.keys(), [""], [1, UUID(int=1)]],
        ["budget", "", b"ab", {"a": 1}, 3, iter(["a"]), ["a", None], [["a"]], [b"a"]],
        "a list of strings",
    ),
    (
        PROPERTIES,
        [{}, {"a": "b"}, {"a": 1, "b": None}, MappingProxyType({"a": 0.5})],
        ["a", "", 1, ["a"], [("a", "b")], {"a"}],
        "a dict",
    ),
    (
        VERSION,
        [0, 1, LARGEST_VERSION],
        ["2", "", 1.0, True, -1, LARGEST_VERSION + 1, [1]],
        "an integer from 0 to 2**53",
    ),
    (SWITCH, [True, False], ["False", "", 0, 1, [True]], "True or False"),
    (LOGGING, [True, False], ["False", "", 0, 1, [True]], "True or False"),
    (
        TEXT,
        ["", "a", 7, 0.5, UUID(int=1)],
        [b"a", bytearray(b"a"), ["a"], ("a",), {"a"}, {"a": 1}],
        "a string",
    ),
]


def names_of(field_type: FieldType) -> list[str]:
    return [name for name, row in ROWS.items() if row.type is field_type]


ACCEPTED = [
    (name, value)
    for field_type, accepted, _, _ in CASES
    for name in names_of(field_type)
    for value in (None, *accepted)
]
REFUSED = [
    (name, value, words)
    for field_type, _, refused, words in CASES
    for name in names_of(field_type)
    for value in refused
]


def test_the_type_of_every_field_is_tested_here() -> None:
    assert {name for name, _ in ACCEPTED} == set(Scope.__annotations__)
    assert {name for name, _, _ in REFUSED} == set(Scope.__annotations__)


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_an_accepted_value_can_be_entered_and_sent(name: str, value: Any) -> None:
    check_value(name, value)
    scope: Any = {name: value}
    check_scope("track", scope)
    frame = enter(scope)
    assert msgspec.json.decode(msgspec.json.encode(frame), type=Frame) == frame


@pytest.mark.parametrize(("name", "value", "words"), REFUSED)
def test_a_refused_value_is_an_error_that_says_what_is_accepted(name: str, value: Any, words: str) -> None:
    expected = re.escape(f"{name}: expected {words}, got {value!r}")
    with pytest.raises(TypeError, match=expected):
        check_value(name, value)
    with pytest.raises(TypeError, match=expected):
        check_scope("track", {name: value})


@pytest.mark.parametrize(
    "field_type", [case[0] for case in CASES], ids=lambda field_type: field_type.expected
)
def test_the_header_of_a_value_reads_back_as_the_value_inside_a_scope(field_type: FieldType) -> None:
    accepted = next(case[1] for case in CASES if case[0] is field_type)
    for value in accepted:
        merged = field_type.merge(field_type.default, value)
        read = field_type.read_header(field_type.write_header(value))
        # A set has no order, and an empty item of a list is not sent.
        if isinstance(merged, tuple):
            assert sorted(read) == sorted(filter(None, merged))
        else:
            assert read == merged


def test_the_proxy_gets_lists_plainly_properties_in_base64_and_logging_only_if_it_is_off() -> None:
    assert TEXTS.write_proxied(("a", "b")) == "a,b"
    assert PROPERTIES.write_proxied({"a": "1"}) == "eyJhIjoiMSJ9"
    assert PROPERTIES.read_header("eyJhIjoiMSJ9") == {"a": "1"}
    assert (LOGGING.write_proxied(True), LOGGING.write_proxied(False)) == ("", "True")
    assert (VERSION.write_proxied(0), TEXT.write_proxied("ä")) == ("0", "ä")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"use_case_version": 0}, None),
        ({"use_case_version": 2**53}, None),
        ({"use_case_version": -1}, "use_case_version: expected an integer from 0 to 2**53, got -1"),
        (
            {"use_case_version": 2**53 + 1},
            f"use_case_version: expected an integer from 0 to 2**53, got {2**53 + 1}",
        ),
        ({"request_properties": {"a": "b", "c": 1, "d": 0.5, "e": True}}, None),
        (
            {"request_properties": {"a": [1]}},
            "request_properties['a']: expected a string, a number, True or False, got [1]",
        ),
    ],
)
def test_the_config_accepts_what_a_scope_does_and_says_so(config: Any, words: str | None) -> None:
    if words is None:
        check_config(config)
        return
    with pytest.raises(PayiConfigError) as raised:
        check_config(config)
    assert str(raised.value) == f"config.{words}"
