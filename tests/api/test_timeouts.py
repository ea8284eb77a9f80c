"""Timeouts of the public functions: any number of seconds, and a clear error for anything else."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport import (
    MemorySink,
    payi_flush,
    payi_flush_on_exit,
    payi_instrument,
    payi_shutdown,
    payi_uninstrument,
)
from payi_transport.api.timeouts import check_timeout
from payi_transport.pipeline.pipeline import Pipeline
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


@pytest.mark.parametrize(
    ("seconds", "waited"),
    [
        (2, 2.0),
        (0.5, 0.5),
        (-1, -1.0),
        (threading.TIMEOUT_MAX, threading.TIMEOUT_MAX),
        (math.inf, threading.TIMEOUT_MAX),
        (10**400, threading.TIMEOUT_MAX),
        (-math.inf, -math.inf),
    ],
    ids=lambda value: f"{value!r:.9}",
)
def test_a_time_is_cut_to_what_can_be_waited_for(seconds: float, waited: float) -> None:
    checked = check_timeout(seconds)
    assert (checked, type(checked)) == (waited, float)


def ask_in_block(*timeout: float) -> None:
    with payi_flush_on_exit(*timeout):
        pass


def ask_in_async_block(*timeout: float) -> None:
    async def main() -> None:
        async with payi_flush_on_exit(*timeout):
            pass

    asyncio.run(main())


def ask_decorated(*timeout: float) -> None:
    decorate: Any = payi_flush_on_exit(*timeout) if timeout else payi_flush_on_exit
    decorate(lambda: None)()


@pytest.mark.parametrize(
    ("method", "ask", "default"),
    [
        ("flush", payi_flush, 5.0),
        ("close", payi_shutdown, 2.0),
        ("flush", ask_in_block, 5.0),
        ("flush", ask_in_async_block, 5.0),
        ("flush", ask_decorated, 5.0),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_each_function_waits_for_so_long_unless_it_is_told_otherwise(
    method: str,
    ask: Callable[..., object],
    default: float,
    sink: MemorySink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payi_instrument(sink=sink)
    asked: list[float] = []
    wait = getattr(Pipeline, method)

    def note(pipeline: Pipeline, timeout: float) -> Any:
        asked.append(timeout)
        return wait(pipeline, timeout)

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, method, note)
        ask()
        ask(7)
    assert asked == [default, 7.0]


def test_removing_what_is_active_waits_two_seconds(sink: MemorySink, monkeypatch: pytest.MonkeyPatch) -> None:
    payi_instrument(sink=sink)
    asked: list[float] = []
    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "close", lambda pipeline, timeout: asked.append(timeout))
        payi_uninstrument()
    assert asked == [2.0]
