"""How a scope adds to the one around it: lists combine, properties merge, others are inherited."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.context.fields import Scope
from payi_transport.context.frame import Frame, check_scope, enter_scope
from tests.context.frames import enter, is_uuid

PLAIN = ["user_id", "account_name", "price_as_category", "price_as_resource", "resource_scope"]
LISTS = ["limit_ids", "request_tags"]
PROPERTIES = ["request_properties", "use_case_properties"]
SWITCHES = ["log_prompt_and_response", "proxy"]
TEXTS = [*PLAIN, "use_case_name", "use_case_id", "use_case_step"]
UNICODE = ["Grüße", "ユーザー", "👩🏽‍💻", "a\x00b", "\u202eabc", "x" * 10_000, "\n", " "]


def test_an_empty_scope_changes_nothing() -> None:
    outer = enter(
        {"limit_ids": ["a"], "use_case_name": "n", "user_id": "u", "request_properties": {"a": "b"}}
    )
    assert enter_scope(outer, {}) == outer
    nothing: Any = dict.fromkeys(Scope.__annotations__)
    assert enter_scope(outer, nothing) == outer


@pytest.mark.parametrize("name", PLAIN)
def test_plain_values_are_inherited_replaced_and_cleared(name: str) -> None:
    def value_of(*values: str | None) -> Any:
        scopes: list[Any] = [{name: value} for value in values]
        return getattr(enter(*scopes), name)

    assert value_of("a") == "a"
    assert value_of("a", None) == "a"
    assert value_of("a", "b") == "b"
    assert value_of("a", "") is None
    assert value_of("a", "", None) is None
    assert value_of("a", "", "c") == "c"


@pytest.mark.parametrize("name", LISTS)
def test_lists_combine_in_order_without_repeats(name: str) -> None:
    def value_of(*values: list[str] | None) -> Any:
        scopes: list[Any] = [{name: value} for value in values]
        return getattr(enter(*scopes), name)

    assert value_of(["a"]) == ("a",)
    assert value_of(["a"], None) == ("a",)
    assert value_of(["b", "a"], ["c", "a", "d"]) == ("b", "a", "c", "d")
    assert value_of(["a", "a"], ["a"]) == ("a",)
    assert value_of(["a"], []) == ()
    assert value_of(["a"], [], ["b"]) == ("b",)


def test_every_field_is_a_known_argument() -> None:
    check_scope("track", dict.fromkeys(Scope.__annotations__))
    check_scope("track", {})


def test_an_unknown_argument_is_an_error_that_says_what_is_accepted() -> None:
    accepted = ", ".join(sorted([*Scope.__annotations__, "older"]))
    with pytest.raises(TypeError) as raised:
        check_scope("track", {"usecase_name": "x", "user_id": "u", "tags": []}, "older")
    wrong = "track() got an unexpected keyword argument 'usecase_name', 'tags'"
    assert str(raised.value) == f"{wrong}; accepted: {accepted}"


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_merge_and_the_inner_wins(name: str) -> None:
    def value_of(*values: dict[str, object] | None) -> Any:
        scopes: list[Any] = [{name: value} for value in values]
        return getattr(enter(*scopes), name)

    assert value_of({"a": "1"}) == {"a": "1"}
    assert value_of({"a": "1"}, None) == {"a": "1"}
    assert value_of({"a": "1", "b": "1"}, {"b": "2", "c": "2"}) == {"a": "1", "b": "2", "c": "2"}
    assert value_of({"a": "1"}, {}) == {}
    assert value_of({"a": "1"}, {}, {"b": "2"}) == {"b": "2"}
    assert value_of({"a": 1, "b": 0.5, "c": True, "d": None}) == {"a": "1", "b": "0.5", "c": "True"}
    assert value_of({"a": "1"}, {"a": None}) == {"a": "1"}


def test_the_callers_own_objects_are_neither_changed_nor_kept() -> None:
    properties, limits = {"a": "1"}, ["x"]
    outer = enter({"request_properties": properties, "limit_ids": limits})
    enter_scope(outer, {"request_properties": {"b": "2"}, "limit_ids": ["y"]})
    assert (properties, limits) == ({"a": "1"}, ["x"])
    properties["c"] = "3"
    limits.append("z")
    assert (outer.request_properties, outer.limit_ids) == ({"a": "1"}, ("x",))


@pytest.mark.parametrize("name", SWITCHES)
def test_switches_are_inherited_whether_on_or_off(name: str) -> None:
    def value_of(*values: bool | None) -> Any:
        scopes: list[Any] = [{name: value} for value in values]
        return getattr(enter(*scopes), name)

    assert value_of() is None
    assert value_of(False, None) is False
    assert value_of(True, None) is True
    assert value_of(False, True) is True
    assert value_of(True, False) is False


@pytest.mark.parametrize("text", UNICODE)
def test_any_text_is_kept_as_it_is(text: str) -> None:
    scope: dict[str, Any] = dict.fromkeys(TEXTS, text)
    more: dict[str, Any] = {"limit_ids": [text], "request_tags": [text], "request_properties": {text: text}}
    frame = enter({**scope, **more})  # type: ignore[typeddict-item]
    assert {getattr(frame, name) for name in scope} == {text}
    assert (frame.limit_ids, frame.request_tags, frame.request_properties) == ((text,), (text,), {text: text})


def test_numbers_in_place_of_text_become_text() -> None:
    scope: Any = {"user_id": 7, "limit_ids": [1, 2], "request_properties": {3: 4}}
    frame = enter_scope(Frame(), scope)
    assert (frame.user_id, frame.limit_ids, frame.request_properties) == ("7", ("1", "2"), {"3": "4"})


texts = st.text(alphabet=st.characters(exclude_categories=())) | st.sampled_from(["", "a", "b"])
properties = st.dictionaries(texts, texts | st.none() | st.integers(), max_size=3)
scopes = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.none() | texts for name in PLAIN},
        **{name: st.none() | st.lists(texts, max_size=3) for name in LISTS},
        "use_case_name": st.none() | texts,
        "use_case_id": st.none() | texts,
        "use_case_version": st.none() | st.integers(0, 9),
        "use_case_step": st.none() | texts,
        "request_properties": st.none() | properties,
        "use_case_properties": st.none() | properties,
        "log_prompt_and_response": st.none() | st.booleans(),
        "proxy": st.none() | st.booleans(),
    },
)


@given(st.lists(scopes, max_size=4))
def test_every_frame_can_be_sent_and_has_no_empty_text(entered: list[Any]) -> None:
    frame = enter(*entered)
    assert msgspec.json.decode(msgspec.json.encode(frame), type=Frame) == frame
    for name in TEXTS:
        assert getattr(frame, name) != ""
    for name in LISTS:
        items = getattr(frame, name)
        assert len(items) == len(set(items))


@given(scopes, scopes)
def test_entering_never_changes_the_outer_frame(first: Any, second: Any) -> None:
    outer = enter(first)
    before = msgspec.json.encode(outer)
    inner = enter_scope(outer, second)
    assert msgspec.json.encode(outer) == before
    if not any(value is not None for value in second.values()):
        assert inner == outer


@given(st.lists(st.none() | st.lists(st.sampled_from("abcde"), max_size=3), max_size=5))
def test_a_combined_list_has_each_item_once_in_order(
    lists: list[list[str] | None],
) -> None:
    expected: list[str] = []
    for items in lists:
        if items == []:
            expected = []
        expected += [item for item in dict.fromkeys(items or ()) if item not in expected]
    scopes: list[Scope] = [{"limit_ids": items} for items in lists]
    assert enter(*scopes).limit_ids == tuple(expected)


@given(st.lists(st.sampled_from([None, "", "a", "b"]), max_size=6))
def test_a_use_case_keeps_its_id_until_another_one_starts(names: list[str | None]) -> None:
    frame, current = Frame(), (None, None)
    for name in names:
        frame = enter_scope(frame, {"use_case_name": name})
        if name == "":
            current = (None, None)
            assert (frame.use_case_name, frame.use_case_id) == current
        elif name is None or name == current[0]:
            assert (frame.use_case_name, frame.use_case_id) == current
        else:
            assert frame.use_case_name == name
            assert is_uuid(frame.use_case_id)
            assert frame.use_case_id != current[1]
        current = (frame.use_case_name, frame.use_case_id)  # type: ignore[assignment]
