"""How a scope changes the use case around it: a step is added, another name starts a new one."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.context.fields import Scope
from payi_transport.context.frame import Frame, enter_scope, event_fields
from payi_transport.context.headers import write_proxied_headers
from payi_transport.values.names import PayiHeaderNames
from tests.context.frames import enter, is_uuid


def use_case_of(frame: Frame) -> tuple[Any, ...]:
    return (
        frame.use_case_name,
        frame.use_case_id,
        frame.use_case_version,
        frame.use_case_step,
        frame.use_case_properties,
    )


OUTER: Scope = {
    "use_case_name": "outer",
    "use_case_id": "outer-id",
    "use_case_version": 3,
    "use_case_step": "one",
    "use_case_properties": {"a": "1"},
}


def test_a_use_case_has_an_id_of_its_own() -> None:
    first, second = enter({"use_case_name": "n"}), enter({"use_case_name": "n"})
    assert is_uuid(first.use_case_id)
    assert first.use_case_id != second.use_case_id


def test_a_use_case_may_bring_its_own_id() -> None:
    assert enter({"use_case_name": "n", "use_case_id": "mine"}).use_case_id == "mine"


def test_a_use_case_is_inherited_whole() -> None:
    assert use_case_of(enter(OUTER, {"user_id": "u"})) == ("outer", "outer-id", 3, "one", {"a": "1"})


def test_the_same_name_keeps_the_id() -> None:
    assert use_case_of(enter(OUTER, {"use_case_name": "outer"})) == (
        "outer",
        "outer-id",
        3,
        "one",
        {"a": "1"},
    )


def test_the_same_name_may_get_another_id() -> None:
    frame = enter(OUTER, {"use_case_name": "outer", "use_case_id": "other"})
    assert use_case_of(frame) == ("outer", "other", 3, "one", {"a": "1"})


def test_a_different_name_starts_a_new_use_case() -> None:
    frame = enter(OUTER, {"use_case_name": "inner"})
    assert is_uuid(frame.use_case_id)
    assert use_case_of(frame) == ("inner", frame.use_case_id, None, None, {})


def test_a_different_name_starts_a_new_use_case_with_its_own_values() -> None:
    inner: Scope = {
        "use_case_name": "inner",
        "use_case_id": "inner-id",
        "use_case_version": 1,
        "use_case_step": "two",
        "use_case_properties": {"b": "2"},
    }
    assert use_case_of(enter(OUTER, inner)) == ("inner", "inner-id", 1, "two", {"b": "2"})


def test_a_different_name_leaves_the_rest_of_the_frame() -> None:
    outer: Scope = {**OUTER, "user_id": "u", "limit_ids": ["l"], "request_properties": {"p": "1"}}
    frame = enter(outer, {"use_case_name": "inner"})
    assert (frame.user_id, frame.limit_ids, frame.request_properties) == ("u", ("l",), {"p": "1"})


@pytest.mark.parametrize("more", [{}, {"use_case_id": "x", "use_case_version": 1, "use_case_step": "s"}])
def test_the_empty_name_leaves_the_use_case(more: Scope) -> None:
    blocked = enter(OUTER, {**more, "use_case_name": ""})
    assert use_case_of(blocked) == (None, None, None, None, {})
    assert use_case_of(enter_scope(blocked, {})) == (None, None, None, None, {})
    assert enter_scope(blocked, {"use_case_name": "outer"}).use_case_id != "outer-id"


def test_an_empty_id_step_or_dict_clears_only_itself() -> None:
    frame = enter(OUTER, {"use_case_id": "", "use_case_step": "", "use_case_properties": {}})
    assert use_case_of(frame) == ("outer", None, 3, None, {})


def test_a_step_and_a_version_are_replaced() -> None:
    frame = enter(OUTER, {"use_case_step": "two", "use_case_version": 0})
    assert use_case_of(frame) == ("outer", "outer-id", 0, "two", {"a": "1"})


@pytest.mark.parametrize(
    ("scope", "step"),
    [
        ({"use_case_name": "u", "use_case_step": "s"}, "s"),
        ({"use_case_id": "i", "use_case_step": "s"}, "s"),
        ({"use_case_step": "s"}, None),
        ({"use_case_step": "s", "use_case_version": 2}, None),
    ],
)
def test_a_step_without_a_use_case_is_not_reported(scope: Scope, step: str | None) -> None:
    frame = enter_scope(enter_scope(Frame(), {"use_case_name": ""}), scope)
    assert event_fields(frame).get("use_case_step") == step
    header = PayiHeaderNames.use_case_step
    assert write_proxied_headers(frame).get(header) == step


@pytest.mark.parametrize(
    ("hashes", "user_id"), [(True, "sha256-fdee430d40bd57deeac186cd9790033d"), (False, "ada")]
)
def test_an_event_has_the_hash_of_the_user_where_that_is_configured(hashes: bool, user_id: str) -> None:
    frame = Frame(user_id="ada", account_name="ada", use_case_version=0, hash_user_ids=hashes)
    assert event_fields(frame) == {"user_id": user_id, "account_name": "ada", "use_case_version": 0}
