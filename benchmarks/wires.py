"""What a call costs in each wire format: on the thread that calls, and worker and delivery with it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from time import process_time, thread_time
from typing import Any, NamedTuple

from benchmarks.callers import CONCURRENCY, EXPLICIT, TASKS, Caller, open_caller
from benchmarks.formats import KINDS, PROVIDERS, find_format
from benchmarks.playback import open_sink
from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds
from payi_transport import Sink, payi_flush, payi_instrument, payi_stats, payi_uninstrument

__all__ = ["list_cases", "measure", "summarize"]

# So many that they take some tens of milliseconds; those in tasks are a multiple of their number.
_CALLS = {"unary 1 KB": 200, "unary 200 KB": 50, "stream of 20": 50, "stream of 500": 5}
# OpenAI's format through every library that sends whatever it is given: the formats of others add nothing.
_LIBRARIES = {
    "openai": ("httpx2", EXPLICIT, "requests", "aiohttp"),
    "anthropic": ("httpx2",),
    "google": ("httpx2",),
    "bedrock": ("botocore", "aiobotocore"),
}
# Those of them that are async, which the smaller calls are made with in many tasks, too.
_ASYNC = {
    "openai": ("httpx2", "aiohttp"),
    "anthropic": ("httpx2",),
    "google": ("httpx2",),
    "bedrock": ("aiobotocore",),
}
_IN_TASKS = ("unary 1 KB", "stream of 20")
_CALLER = "µs CPU a call, caller"
_WHOLE = "µs CPU a call, whole process"
_BUDGETS = {_WHOLE: 60.0}


class _Cost(NamedTuple):
    """Microseconds a call, of CPU."""

    caller: float
    whole: float


def list_cases(*, quick: bool = False) -> list[Case]:
    """Every kind of call and provider, by each library that an SDK may send with."""
    cases: list[Case] = [
        (kind, provider, library)
        for kind in KINDS
        for provider in PROVIDERS
        for library in _list_libraries(provider, kind)
    ]
    # A stride that meets every provider and kind.
    return cases[5::12] if quick else cases


def _list_libraries(provider: str, kind: str) -> Iterator[str]:
    yield from _LIBRARIES[provider]
    if kind in _IN_TASKS:
        yield from (library + TASKS for library in _ASYNC[provider])


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """Bare and instrumented in turns, in one process; the sink posts to another."""
    kind, provider, library = case
    form = find_format(provider, KINDS[kind])
    script = form.make_script(KINDS[kind])
    calls = min(CONCURRENCY, _CALLS[kind]) if quick else _CALLS[kind]
    # Bare means without any recording, and an explicit client would record by itself.
    plain = "httpx2" if library == EXPLICIT else library
    with (
        open_sink() as sink,
        open_caller(plain, form.target, script) as bare,
        open_caller(library, form.target, script) as payi,
    ):
        sides = (lambda: _run(bare, calls)), (lambda: _run_instrumented(payi, calls, sink))
        return [_run_round(*sides, first=index % 2 == 0) for index in range(rounds)]


def summarize(case: Case, rounds: Sequence[Any]) -> Iterator[Row]:
    """The budget is of unary calls: a stream has more to decode."""
    return summarize_rounds(case, rounds, None if KINDS[case[0]].events else _BUDGETS)


def _run_round(run: Callable[[], _Cost], run_instrumented: Callable[[], _Cost], *, first: bool) -> Round:
    """`first`: whether the bare half is, as who is second finds warmer caches."""
    if first:
        bare, payi = run(), run_instrumented()
    else:
        payi, bare = run_instrumented(), run()
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
