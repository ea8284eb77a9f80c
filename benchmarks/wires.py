"""What a call costs in each wire format: on the thread that calls, and worker and delivery with it."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from time import process_time, thread_time
from typing import Any, NamedTuple

from benchmarks.callers import (
    AIOBOTOCORE,
    AIOHTTP,
    BOTOCORE,
    CONCURRENCY,
    HTTPX2,
    HTTPX2_TASKS,
    REQUESTS,
    Caller,
    open_caller,
)
from benchmarks.formats import FORMATS, STREAM
from benchmarks.playback import open_sink
from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds
from payi_transport import Sink, payi_flush, payi_instrument, payi_stats, payi_uninstrument

__all__ = ["list_cases", "measure", "summarize"]

_CALLS = {"unary": 400, STREAM: 100}
# OpenAI's format through every library that sends whatever it is given: the formats of others add nothing.
_LIBRARIES = {
    "openai": (HTTPX2, HTTPX2_TASKS, AIOHTTP, REQUESTS),
    "anthropic": (HTTPX2, HTTPX2_TASKS),
    "google": (HTTPX2, HTTPX2_TASKS),
    "bedrock": (BOTOCORE, AIOBOTOCORE),
}
_CALLER = "µs CPU a call, caller"
_WHOLE = "µs CPU a call, whole process"
_BUDGETS = {_WHOLE: 60.0}


class _Cost(NamedTuple):
    """Microseconds a call, of CPU."""

    caller: float
    whole: float


def list_cases(*, quick: bool = False) -> list[Case]:
    """Every provider, unary and streaming, by each library that its SDK may send with."""
    cases: list[Case] = [
        (provider, kind, library) for provider, kind in FORMATS for library in _LIBRARIES[provider]
    ]
    # A stride that meets every provider and both kinds.
    return cases[::3] if quick else cases


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """Bare and instrumented in turns, in one process; the sink posts to another."""
    provider, kind, library = case
    form = FORMATS[provider, kind]
    calls = CONCURRENCY if quick else _CALLS[kind]
    with open_sink() as sink, open_caller(library, form.target, form.make_script()) as call:
        return [_run_round(call, calls, sink, first=index % 2 == 0) for index in range(rounds)]


def summarize(case: Case, rounds: Sequence[Any]) -> Iterator[Row]:
    """The budget is of unary calls: a stream has more to decode."""
    return summarize_rounds(case, rounds, _BUDGETS if case[1] == "unary" else None)


def _run_round(call: Caller, calls: int, sink: Sink, *, first: bool) -> Round:
    """`first`: whether the bare half is, as who is second finds warmer caches."""
    if first:
        bare = _run(call, calls)
        payi = _run_instrumented(call, calls, sink)
    else:
        payi = _run_instrumented(call, calls, sink)
        bare = _run(call, calls)
    return {_CALLER: Pair(payi.caller, bare.caller), _WHOLE: Pair(payi.whole, bare.whole)}


def _run_instrumented(call: Caller, calls: int, sink: Sink) -> _Cost:
    payi_instrument(sink=sink)
    cost = _run(call, calls)
    stats = payi_stats()
    payi_uninstrument()
    if stats.delivered != 2 * calls or stats.faults:
        raise RuntimeError(f"not all of {2 * calls} calls were delivered: {stats}")
    return cost


def _run(call: Caller, calls: int) -> _Cost:
    """As many calls to warm up come first. The flush waits until nothing is to be delivered any more."""
    call(calls)
    payi_flush(60)
    gc.collect()
    caller, whole = thread_time(), process_time()
    call(calls)
    caller = thread_time() - caller
    payi_flush(60)
    whole = process_time() - whole
    return _Cost(caller / calls * 1e6, whole / calls * 1e6)
