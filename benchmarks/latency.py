"""What the callers of a server feel: the tail of its latency under steady load, bare and recorded in turns.

Each request to the server makes one call of a model, while the worker decodes and posts batches on a thread
of its own. Requests come at fixed times, whether or not those before are answered, and their time counts
from when they were due: so whatever holds the interpreter up is felt by all that come meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from benchmarks.corpus import OBSERVED_URL, REQUEST_HEADERS, Script, make_stream, make_unary, provide
from benchmarks.playback import open_sink
from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds
from payi_transport import Sink, payi_flush, payi_instrument, payi_stats, payi_uninstrument

__all__ = ["list_cases", "measure", "summarize"]

_SCRIPTS: dict[str, Callable[[], Script]] = {
    "unary 1 KB": lambda: make_unary(1_000, 600),
    "stream of 20": lambda: make_stream(20, asks=True),
}
# Requests a second, which keep one core busy for about a fifth of the time, and for how long they come.
_RATE, _SECONDS = 400, 4.0
# What the provider takes to answer.
_ANSWER_SECONDS = 0.01
_THREADS = 16
_WARM_UP = 100
_PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
# What may be added of the bare time.
_SHARE = 0.03

# Takes a number of requests, and answers with the seconds that each took.
Server = Callable[[int], list[float]]


def list_cases(*, quick: bool = False) -> list[Case]:
    """Both kinds of servers, with small calls and with streams."""
    return [(server, script) for server in _SERVERS for script in _SCRIPTS]


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """A round is some seconds of load for each variant."""
    server, name = case
    # One server for all rounds, so that both variants use the same connections and threads.
    serve = _SERVERS[server](_SCRIPTS[name]())
    count = int(_RATE * (0.1 if quick else _SECONDS))
    with open_sink() as sink:
        return [_run_round(serve, count, sink, first=index % 2 == 0) for index in range(rounds)]


def summarize(case: Case, rounds: Sequence[Any]) -> Iterator[Row]:
    """The budget is a share of the bare time."""
    for row in summarize_rounds(case, rounds):
        yield row._replace(budget=_SHARE * (row.bare or 0.0))


def _run_round(serve: Server, count: int, sink: Sink, *, first: bool) -> Round:
    """`first`: whether the bare half is."""
    if first:
        bare = _run(serve, count)
        payi = _run_recorded(serve, count, sink)
    else:
        payi = _run_recorded(serve, count, sink)
        bare = _run(serve, count)
    return {
        f"ms at {name}": Pair(_find_percentile(payi, part), _find_percentile(bare, part))
        for name, part in _PERCENTILES.items()
    }


def _run_recorded(serve: Server, count: int, sink: Sink) -> list[float]:
    payi_instrument(sink=sink)
    seconds = _run(serve, count)
    payi_flush(60)
    # Read before uninstrumenting, which ends the pipeline that counts.
    stats = payi_stats()
    payi_uninstrument()
    if stats.faults or stats.delivered != count + _WARM_UP:
        raise RuntimeError(f"not all calls were delivered: {stats}")
    return seconds


def _run(serve: Server, count: int) -> list[float]:
    """The first delivery, which connects, is made before."""
    serve(_WARM_UP)
    payi_flush(60)
    gc.collect()
    return serve(count)


def _find_percentile(seconds: list[float], part: float) -> float:
    """Milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * part))] * 1e3


class _Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """A provider that takes its time."""

    def __init__(self, script: Script) -> None:
        self._provider = provide("httpx2")
        self._provider.script = script

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        time.sleep(_ANSWER_SECONDS)
        response: httpx2.Response = self._provider.handle_request(request)
        return response

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(_ANSWER_SECONDS)
        response: httpx2.Response = self._provider.handle_request(request)
        return response


def _make_async_server(script: Script) -> Server:
    client = httpx2.AsyncClient(transport=_Transport(script))
    loop = asyncio.new_event_loop()

    async def handle(due: float) -> float:
        async with client.stream(
            "POST", OBSERVED_URL, content=script.request, headers=REQUEST_HEADERS
        ) as response:
            async for _ in response.aiter_bytes():
                pass
        return time.perf_counter() - due

    async def serve(count: int) -> list[float]:
        tasks = []
        for due in _list_times(count):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            # Started without waiting for those before: a server that is slow gets its next request all the
            # same.
            tasks.append(asyncio.create_task(handle(due)))
        return await asyncio.gather(*tasks)

    return lambda count: loop.run_until_complete(serve(count))


def _make_threaded_server(script: Script) -> Server:
    client = httpx2.Client(transport=_Transport(script))
    pool = ThreadPoolExecutor(_THREADS)

    def handle(due: float) -> float:
        with client.stream("POST", OBSERVED_URL, content=script.request, headers=REQUEST_HEADERS) as response:
            for _ in response.iter_bytes():
                pass
        return time.perf_counter() - due

    def serve(count: int) -> list[float]:
        futures = []
        for due in _list_times(count):
            time.sleep(max(0.0, due - time.perf_counter()))
            futures.append(pool.submit(handle, due))
        return [future.result() for future in futures]

    return serve


def _list_times(count: int) -> Iterator[float]:
    began = time.perf_counter()
    return (began + number / _RATE for number in range(count))


_SERVERS: dict[str, Callable[[Script], Server]] = {
    "asyncio": _make_async_server,
    "threads": _make_threaded_server,
}
