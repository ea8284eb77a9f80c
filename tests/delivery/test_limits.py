"""States of limits: kept from results, reported when they change, and searched for blocked ones."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.delivery.limits import LimitStates


def test_the_latest_state_of_each_limit_is_kept() -> None:
    limits = LimitStates()
    limits.update({"limits": {"a": {"state": "ok"}, "b": {"state": "exceeded"}}})
    limits.update({"limits": {"a": {"state": "blocked"}}})
    assert limits.snapshot() == {"a": "blocked", "b": "exceeded"}


@pytest.mark.parametrize(
    ("result", "states"),
    [
        ({"blocked_limit_ids": ["a"]}, {"a": "blocked"}),
        (
            {"blocked_limit_ids": ["a"], "limits": {"a": {"state": "blocked_external"}}},
            {"a": "blocked_external"},
        ),
        ({"blocked_limit_ids": [7, None], "limits": {"a": {"state": 3}, "b": None, "c": {}}}, {}),
        ({"blocked_limit_ids": "a", "limits": ["a"]}, {}),
        ({"blocked_limit_ids": None, "limits": None}, {}),
        ({}, {}),
    ],
)
def test_a_result_of_any_shape_is_read(result: Any, states: dict[str, str]) -> None:
    limits = LimitStates()
    limits.update(result)
    assert limits.snapshot() == states


def test_each_change_is_reported_once() -> None:
    changes: list[tuple[str, str]] = []
    limits = LimitStates(lambda limit_id, state: changes.append((limit_id, state)))
    for state in ("ok", "ok", "blocked", "blocked", "ok"):
        limits.update({"limits": {"a": {"state": state}}})
    assert changes == [("a", "ok"), ("a", "blocked"), ("a", "ok")]


@pytest.mark.parametrize(
    ("state", "blocks"),
    [("blocked", True), ("blocked_external", True), ("exceeded", False), ("overrun", True), ("ok", False)],
)
def test_blocked_limits_are_found_among_given_ids_and_among_all(state: str, blocks: bool) -> None:
    limits = LimitStates()
    limits.set("a", state)
    limits.set("b", "ok")
    assert limits.find_blocked(("b", "a", "unknown")) == (["a"] if blocks else [])
    assert limits.find_blocked() == (["a"] if blocks else [])
    assert limits.find_blocked(("b",)) == []


def test_the_states_that_block_can_be_chosen() -> None:
    limits = LimitStates(blocking=("exceeded",))
    limits.set("a", "blocked")
    limits.set("b", "exceeded")
    assert limits.find_blocked() == ["b"]


def test_the_number_of_states_is_bounded() -> None:
    limits = LimitStates()
    for number in range(100_001):
        limits.set(str(number), "ok")
    assert len(limits.snapshot()) == 100_000
    limits.set("0", "blocked")
    assert limits.find_blocked(("0", "100000")) == ["0"]


def test_a_limit_that_blocks_has_the_state_that_is_known_or_is_blocked() -> None:
    limits = LimitStates()
    limits.set("a", "overrun")
    assert (limits.find_state("a"), limits.find_state("b")) == ("overrun", "blocked")
