"""How the parts of a request are built and encoded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from payi_transport import Event, Units
from payi_transport.client.request import (
    RequestOptions,
    RequestSpec,
    build_path,
    encode_body,
    encode_header,
    encode_query,
    merge_headers,
    stringify_properties,
)
from payi_transport.types import IngestUnits

WHEN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=timezone.utc)


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
def test_any_path_parameter_stays_one_segment_of_the_path(value: str) -> None:
    path = build_path("/api/{name}/rest", name=value)
    _, api, segment, rest = path.split("/")
    assert (api, unquote(segment), rest) == ("api", value, "rest")
    assert "?" not in path and "#" not in path


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_path_parameter_raises_an_error_that_names_it(value: Any) -> None:
    with pytest.raises(ValueError, match="Expected a non-empty value for `limit_id` but received"):
        build_path("/limits/{limit_id}", limit_id=value)


@pytest.mark.parametrize("value", [".", ".."])
def test_a_relative_path_parameter_raises_an_error_that_names_it(value: str) -> None:
    with pytest.raises(ValueError, match="`limit_id`"):
        build_path("/limits/{limit_id}", limit_id=value)


@pytest.mark.parametrize(
    ("layers", "query"),
    [
        ([], {}),
        ([None, {"a": 1}], {"a": "1"}),
        ([{"a": 1, "b": 2}, {"a": 3}], {"a": "3", "b": "2"}),
        ([{"a": True, "b": False, "c": 0}], {"a": "true", "b": "false", "c": "0"}),
        ([{"a": None, "b": UNSET, "c": ""}], {"c": ""}),
        ([{"a": ["x", 1, True], "b": ("y",)}], {"a": "x,1,true", "b": "y"}),
        ([{"a": WHEN, "b": date(2026, 5, 4)}], {"a": "2026-05-04T03:02:01+00:00", "b": "2026-05-04"}),
        ([{"a": 1}, {"a": None}], {}),
    ],
)
def test_query_values_become_text_and_later_layers_win(layers: list[Any], query: dict[str, str]) -> None:
    assert encode_query(*layers) == query


@pytest.mark.parametrize(
    ("layers", "headers"),
    [
        ([None, {"A": "b"}], [(b"A", b"b")]),
        ([{"X-Team": "a"}, {"x-team": "b"}], [(b"x-team", b"b")]),
        ([{"a": None, "b": UNSET, "c": ["x", "y"]}], [(b"c", b"x,y")]),
        ([{"a": 3}], [(b"a", b"3")]),
        ([{"X-Team": "a", "b": "c"}, {"x-team": None}], [(b"b", b"c")]),
        ([{"a": "b"}, {"a": None}, {"A": "c"}], [(b"A", b"c")]),
        ([{"a": "b"}, {"a": UNSET}], [(b"a", b"b")]),
    ],
)
def test_headers_of_later_layers_win_regardless_of_case(
    layers: list[Any], headers: list[tuple[bytes, bytes]]
) -> None:
    assert merge_headers(*layers) == headers


@given(st.text())
def test_no_header_value_can_contain_a_control_character(value: str) -> None:
    encoded = encode_header(value)
    assert not any(byte < 0x20 or byte == 0x7F for byte in encoded)


def test_a_header_value_is_utf_8_without_line_breaks() -> None:
    assert encode_header(" Café 猫\r\nEvil: 1 ").decode() == "Café 猫 Evil: 1"


@pytest.mark.parametrize(
    ("body", "extra", "encoded"),
    [
        (UNSET, None, None),
        (UNSET, {}, None),
        ({}, None, {}),
        ({"a": None, "b": UNSET}, None, {"a": None}),
        ({"a": 1}, {"b": 2, "a": 3}, {"a": 3, "b": 2}),
        (UNSET, {"b": 2}, {"b": 2}),
        ({"a": WHEN}, None, {"a": "2026-05-04T03:02:01Z"}),
        (MappingProxyType({"a": MappingProxyType({"b": 1})}), None, {"a": {"b": 1}}),
        ({"a": iter([1, 2]), "b": {"c": range(2)}}, None, {"a": [1, 2], "b": {"c": [0, 1]}}),
        ({"a": IngestUnits(input=1)}, None, {"a": {"input": 1}}),
        (
            [Event(category="c", units={"t": Units(1)}, provider_response_id="p")],
            None,
            [{"category": "c", "units": {"t": {"input": 1}}, "provider_response_id": "p"}],
        ),
    ],
)
def test_a_body_is_json_without_unset_fields(
    body: Any, extra: Mapping[str, object] | None, encoded: Any
) -> None:
    data = encode_body(body, extra)
    assert (None if data is None else json.loads(data)) == encoded


def test_extra_body_is_rejected_if_the_body_is_a_list() -> None:
    with pytest.raises(TypeError, match="extra_body: expected a request body that is a dict, got list"):
        encode_body([], {"a": 1})


def test_times_of_other_packages_are_encoded_as_times() -> None:
    class Moment(datetime):
        """As pandas and pendulum have."""

    moment = Moment(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    data = encode_body({"at": moment}, None)
    assert data is not None and json.loads(data) == {"at": "2026-01-02T03:04:05+00:00"}


def test_a_value_that_json_cannot_represent_raises_an_error_that_names_its_type() -> None:
    with pytest.raises(TypeError, match="Object of type object is not JSON serializable"):
        encode_body({"a": object()}, None)


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        (None, None),
        (UNSET, UNSET),
        ({}, {}),
        ({"a": 1, "b": None, "c": True}, {"a": "1", "b": None, "c": "True"}),
    ],
)
def test_property_values_become_strings_or_none(properties: Any, text: Any) -> None:
    assert stringify_properties(properties) == text


def test_the_request_for_another_page_differs_only_in_its_cursor() -> None:
    options: RequestOptions = {"timeout": 3, "extra_query": {"a": 1, "cursor": "old"}}
    again = RequestSpec("GET", "/x", int, options, {"cursor": "first"}).at_cursor("next")
    assert (again.method, again.path, again.options["timeout"]) == ("GET", "/x", 3)
    assert encode_query(again.query, again.options["extra_query"]) == {"a": "1", "cursor": "next"}
    assert options["extra_query"] == {"a": 1, "cursor": "old"}


def test_a_generator_is_encoded_as_a_list() -> None:
    def events() -> Iterator[int]:
        yield from (1, 2)

    assert encode_body(events(), None) == b"[1,2]"
