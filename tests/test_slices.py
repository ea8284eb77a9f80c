"""A background thread that works through a list lets callers in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from payi_transport.slices import in_slices
from tests.waiting import wait_for_the_interpreter


@pytest.mark.parametrize(("pace", "gives_way"), [(in_slices, True), (list, False)], ids=["slices", "at once"])
def test_whoever_waits_for_the_interpreter_gets_it_between_two_items(
    pace: Callable[[Iterable[int]], Iterable[int]], gives_way: bool
) -> None:
    with wait_for_the_interpreter() as caller:
        for _ in pace(range(10)):
            caller.compute()
        assert caller.got_in == gives_way


def test_the_items_are_those_that_were_given_in_their_order() -> None:
    assert list(in_slices(iter("abc"))) == ["a", "b", "c"]
    assert list(in_slices([])) == []
