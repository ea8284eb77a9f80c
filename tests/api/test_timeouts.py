"""Timeouts of the public functions: any number of seconds, and a clear error for anything else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_flush_on_exit, payi_instrument, payi_shutdown
from tests.support.calls import call

FUNCTIONS: list[Callable[[Any], object]] = [payi_flush, payi_shutdown, payi_flush_on_exit]


@pytest.mark.parametrize("value", ["5", None, math.nan, [5], True], ids=repr)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_what_is_not_a_number_raises_an_error_that_names_it(
    function: Callable[[Any], object], value: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    with pytest.raises(TypeError) as caught:
        function(value)
    assert str(caught.value) == f"timeout: expected seconds as a number, got {value!r}"


@pytest.mark.parametrize("value", [math.inf, 10**10, 10**400, 5, 0.5], ids=lambda value: f"{value!r:.9}")
@pytest.mark.parametrize("function", [payi_flush, payi_shutdown], ids=lambda function: function.__name__)
def test_any_number_of_seconds_may_be_waited_for(
    function: Callable[[Any], object], value: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    call()
    # The half second may not be enough on a busy machine.
    assert function(value) or value == 0.5


def test_a_negative_time_is_over(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    call()
    assert payi_flush(-1) is False
    with payi_flush_on_exit(-1):
        call()
