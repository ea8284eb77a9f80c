"""Count the function calls that OpenTelemetry adds on a caller's path, and a second sink on the worker's."""

from __future__ import annotations

import gc
import sys
import threading
from collections import Counter
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_uninstrument
from tests.sinks.otel.application import Application
from tests.support.calls import call

COUNT = 50


def count_on_caller(**options: Any) -> Counter[str]:
    """Return the calls of functions on the caller's thread for each call that is recorded."""
    payi_instrument(**options)
    counted: Counter[str] = Counter()
    call()
    # Finalizers of what other tests have left would count, too.
    gc.collect()
    gc.disable()
    sys.setprofile(lambda frame, kind, argument: counted.update((kind,)))
    call()
    sys.setprofile(None)
    gc.enable()
    assert payi_flush()
    payi_uninstrument()
    return counted


def test_a_caller_pays_for_a_few_functions_with_traces_and_for_none_without(application: Application) -> None:
    with application.tracer.start_as_current_span("page"):
        # What is done once, such as compiling a pattern, is done here.
        count_on_caller(sink=[MemorySink()])
        off = count_on_caller(sink=[MemorySink()])
        metrics = count_on_caller(sink=[MemorySink(), "otel"], config={"otel": {"traces": False}})
        traces = count_on_caller(sink=[MemorySink(), "otel"])
    assert metrics == off
    # The current context and the provider: a function of Python costs some 0.1 us.
    assert traces["call"] - off["call"] <= 6
    assert traces["c_call"] - off["c_call"] <= 6


def count_on_worker(sinks: int) -> int:
    """Return the calls of Python functions on all other threads, for COUNT calls."""
    counted: Counter[str] = Counter()
    threading.setprofile(lambda frame, kind, argument: counted.update((kind,)))
    try:
        payi_instrument(sink=[MemorySink() for _ in range(sinks)])
    finally:
        threading.setprofile(None)
    for _ in range(COUNT):
        call()
    assert payi_flush()
    payi_uninstrument()
    return counted["call"]


@pytest.mark.usefixtures("no_providers")
def test_two_sinks_cost_the_worker_less_than_twice_as_much_as_one() -> None:
    count_on_worker(1)
    one, two = count_on_worker(1), count_on_worker(2)
    # Decoding, which costs most, happens once.
    assert one < two < 1.3 * one
