"""What a signal handler raises is the program's, whatever code it interrupted."""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.runtime.signal_handlers import was_raised_by_signal_handler
from payi_transport.sinks.protocol import Receipt
from tests.support.calls import call


class OutOfTimeError(Exception):
    """As programs raise that bound their calls with `signal.alarm`."""


def give_up(*arguments: Any) -> None:
    raise OutOfTimeError


class Handler:
    def __call__(self, *arguments: Any) -> None:
        give_up()

    def method(self, *arguments: Any) -> None:
        give_up()


HANDLERS: dict[str, Callable[..., None]] = {
    "function": give_up,
    "lambda": lambda *arguments: give_up(),
    "method": Handler().method,
    "object": Handler(),
    "partial": functools.partial(give_up, 1),
}


@pytest.fixture(params=HANDLERS.values(), ids=list(HANDLERS))
def handled(request: pytest.FixtureRequest) -> Iterator[None]:
    before = signal.signal(signal.SIGUSR1, request.param)
    yield
    signal.signal(signal.SIGUSR1, before)


def interrupt(*arguments: Any, **options: Any) -> Any:
    os.kill(os.getpid(), signal.SIGUSR1)
    # The handler runs before one of these lines.
    for _ in range(1000):
        pass


def test_its_exception_is_recognized(handled: None) -> None:
    with pytest.raises(OutOfTimeError) as caught:
        interrupt()
    assert was_raised_by_signal_handler(caught.value)
    on_thread: list[bool] = []
    thread = threading.Thread(target=lambda: on_thread.append(was_raised_by_signal_handler(caught.value)))
    thread.start()
    thread.join()
    assert on_thread == [False]


def test_other_exceptions_are_not() -> None:
    with pytest.raises(OutOfTimeError) as caught:
        give_up()
    assert not was_raised_by_signal_handler(caught.value)


def test_it_reaches_the_program_from_the_middle_of_a_call(
    handled: None, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    payi_instrument(sink=sink)
    with monkeypatch.context() as patched, pytest.raises(OutOfTimeError):
        patched.setattr(Pipeline, "begin", interrupt)
        call()
    call()
    assert payi_flush(10)
    assert (payi_stats().faults, payi_stats().captured) == (0, 1)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, OutOfTimeError])
def test_a_report_that_an_exception_interrupts_is_made_in_the_background(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(*arguments: Any) -> None:
        raise kind

    class Interrupted(MemorySink):
        tried = 0

        def deliver(self, batch: Any) -> Receipt:
            self.tried += 1
            if self.tried == 1:
                interrupt()
            return super().deliver(batch)

    sink = Interrupted()
    before = signal.signal(signal.SIGUSR1, handle)
    try:
        payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})
        with pytest.raises(kind):
            call()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert payi_flush(10)
    assert (payi_stats().faults, payi_stats().captured, payi_stats().delivered) == (0, 1, 1)


def test_the_faults_of_this_library_still_reach_nobody(
    handled: None, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    payi_instrument(sink=sink)

    def fail(*arguments: Any) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(Pipeline, "begin", fail)
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        assert client.post("https://api.openai.com/v1/chat/completions", json={}).status_code == 200
    assert payi_stats().faults == 1
