"""What recording adds to a call on the caller's thread: bare and instrumented in turns, in one process.

Only the thread that calls is timed: what the worker takes is in `wires.py`.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter, thread_time
from typing import Any, NamedTuple

from benchmarks.corpus import (
    LONG,
    OBSERVED,
    OBSERVED_URL,
    REQUEST_HEADERS,
    SHORT,
    UNOBSERVED_URL,
    WORKLOADS,
    Part,
    provide,
)
from benchmarks.playback import ASLEEP, CountingSink
from benchmarks.samples import Row, quartiles
from payi_transport import (
    payi_async_httpx_client,
    payi_flush,
    payi_httpx_client,
    payi_instrument,
    payi_stats,
    payi_uninstrument,
)

__all__ = ["BUDGETS", "Case", "Sample", "list_cases", "measure", "summarize"]

# Microseconds, by workload and unit: twice what any wrapper in Python costs, 5 a call and 0.05 a chunk.
# To keep fresh chunks takes memory, which the budget of the code does not count.
BUDGETS = {
    ("unary 1 KB", "call"): 10.0,
    ("unary 200 KB", "call"): 10.0,
    ("unobserved host", "call"): 1.0,
    ("stream, usage asked", "chunk"): 0.1,
    ("stream, usage hidden", "chunk"): 0.1,
}
# After every switch the interpreter has to find its fast ways again, which takes about 60 calls.
_WARM_UP = 80
VARIANTS = ("bare", "payi")
_UNITS = {"call": "call", "short": f"call of {SHORT} chunks", "long": f"call of {LONG} chunks"}


class Case(NamedTuple):
    """What one process measures."""

    workload: str
    family: str
    mode: str
    install: str


class Sample(NamedTuple):
    """Microseconds a call."""

    wall: float
    cpu: float


def list_cases(*, quick: bool = False) -> list[Case]:
    """Every case; `quick`: each workload once, and each way to call and install it."""
    ways = list(itertools.product(("httpx2", "httpx"), ("sync", "async"), ("global", "explicit")))
    cases = [Case(workload, *way) for workload in WORKLOADS for way in ways]
    # A stride that shares no factor with the eight ways meets each workload in another one.
    return cases[::9] if quick else cases


class SyncCaller:
    """Calls and times a sync client."""

    def __init__(self, case: Case, transport: Any) -> None:
        self._url = _url_of(case)
        self._clients = _make_clients(case, transport, "Client", payi_httpx_client)

    def time(self, variant: str, part: Part, calls: int) -> Sample:
        call = self._stream if part.streams else self._post
        client, body = self._clients[variant], part.script.request
        wall, cpu = perf_counter(), thread_time()
        for _ in range(calls):
            call(client, body)
        return _per_call(wall, cpu, calls)

    def _post(self, client: Any, body: bytes) -> None:
        client.post(self._url, content=body, headers=REQUEST_HEADERS)

    def _stream(self, client: Any, body: bytes) -> None:
        with client.stream("POST", self._url, content=body, headers=REQUEST_HEADERS) as response:
            for _ in response.iter_bytes():
                pass


class AsyncCaller:
    """Calls and times an async client, in one event loop that is kept."""

    def __init__(self, case: Case, transport: Any) -> None:
        self._url = _url_of(case)
        self._clients = _make_clients(case, transport, "AsyncClient", payi_async_httpx_client)
        self._loop = asyncio.new_event_loop()

    def time(self, variant: str, part: Part, calls: int) -> Sample:
        return self._loop.run_until_complete(self._time(variant, part, calls))

    async def _time(self, variant: str, part: Part, calls: int) -> Sample:
        call = self._stream if part.streams else self._post
        client, body = self._clients[variant], part.script.request
        wall, cpu = perf_counter(), thread_time()
        for _ in range(calls):
            await call(client, body)
        return _per_call(wall, cpu, calls)

    async def _post(self, client: Any, body: bytes) -> None:
        await client.post(self._url, content=body, headers=REQUEST_HEADERS)

    async def _stream(self, client: Any, body: bytes) -> None:
        async with client.stream("POST", self._url, content=body, headers=REQUEST_HEADERS) as response:
            async for _ in response.aiter_bytes():
                pass


def _make_clients(case: Case, transport: Any, name: str, payi_client: Callable[..., Any]) -> dict[str, Any]:
    """A client for each variant: the same one, where it is the class that gets hooked."""
    plain = getattr(importlib.import_module(case.family), name)
    bare = plain(transport=transport, follow_redirects=True)
    explicit = case.install == "explicit"
    payi = payi_client(family=case.family, transport=transport) if explicit else bare
    return {"bare": bare, "payi": payi}


def _url_of(case: Case) -> str:
    return OBSERVED_URL if case.workload in OBSERVED else UNOBSERVED_URL


def _per_call(wall: float, cpu: float, calls: int) -> Sample:
    """Of the times at which the calls began."""
    # CPU is read first because it was started last, so reading the other clock is not part of it.
    cpu, wall = thread_time() - cpu, perf_counter() - wall
    return Sample(wall / calls * 1e6, cpu / calls * 1e6)


Round = dict[str, dict[str, Sample]]


def measure(case: tuple[str, ...], *, rounds: int, quick: bool = False) -> list[Round]:
    """The samples of every round, by variant and part."""
    return _measure(Case(*case), rounds, divisor=20 if quick else 1)


def _measure(case: Case, rounds: int, *, divisor: int) -> list[Round]:
    """`divisor`: how many times fewer calls than usual."""
    provider = provide(case.family)
    caller = (SyncCaller if case.mode == "sync" else AsyncCaller)(case, provider)
    parts = [part._replace(calls=max(2, part.calls // divisor)) for part in WORKLOADS[case.workload]()]
    measured: list[Round] = []
    for index in range(rounds):
        # Whoever is second finds warmer caches, so they take turns at that.
        order = VARIANTS if index % 2 == 0 else VARIANTS[::-1]
        samples = {variant: _run(case, caller, provider, parts, variant) for variant in order}
        measured.append(samples)
    return measured


def _run(
    case: Case, caller: SyncCaller | AsyncCaller, provider: Any, parts: list[Part], variant: str
) -> dict[str, Sample]:
    """One variant's half of a round. The worker works in the flushes, while nothing is timed."""
    # A new sink for each half, because its count tells whether all calls of that half were recorded.
    sink = CountingSink()
    if variant == "payi":
        payi_instrument(sink=sink, config=ASLEEP)
    provider.script = parts[0].script
    caller.time(variant, parts[0], _WARM_UP)
    samples = {}
    for part in parts:
        provider.script = part.script
        payi_flush()
        # Garbage of the part before must not be collected while this one is timed.
        gc.collect()
        samples[part.name] = caller.time(variant, part, part.calls)
    payi_flush()
    expected = _WARM_UP + sum(part.calls for part in parts)
    _check(sink, expected if variant == "payi" and case.workload in OBSERVED else 0)
    payi_uninstrument()
    return samples


def _check(sink: CountingSink, expected: int) -> None:
    """Times of calls that were not recorded as they should be say nothing."""
    stats = payi_stats()
    if sink.count != expected or stats.faults or stats.lost:
        raise RuntimeError(f"{sink.count} of {expected} calls recorded, {stats}")


def summarize(case: Case, rounds: Sequence[Round]) -> Iterator[Row]:
    """The rows of a case, from the rounds of all its processes."""
    rounds = [_read_round(one) for one in rounds]
    quiet = {part: _quietest([one["bare"][part] for one in rounds]) for part in rounds[0]["bare"]}
    added = {
        part: [_scale(one["bare"][part], one["payi"][part], base) for one in rounds]
        for part, base in quiet.items()
    }
    for part, base in quiet.items():
        yield from _to_rows(case, _UNITS[part], base, added[part])
    if "long" in quiet:
        slopes = [_slope(short, long) for short, long in zip(added["short"], added["long"], strict=True)]
        yield from _to_rows(case, "chunk", _slope(quiet["short"], quiet["long"]), slopes)


def _read_round(one: Round) -> Round:
    """JSON knows no named tuples."""
    return {
        variant: {part: Sample(*sample) for part, sample in parts.items()} for variant, parts in one.items()
    }


def _quietest(samples: Sequence[Sample]) -> Sample:
    # The minimum is the time that the least disturbed round took; a mean would include what other processes
    # did.
    return Sample(min(sample.wall for sample in samples), min(sample.cpu for sample in samples))


def _scale(bare: Sample, payi: Sample, quiet: Sample) -> Sample:
    """What was added, at the speed that the machine has when nobody else uses it.

    Its speed changes by half from one second to the next, but seldom within a round: so it is the ratio of
    a round that counts.
    """
    return Sample((payi.wall / bare.wall - 1) * quiet.wall, (payi.cpu / bare.cpu - 1) * quiet.cpu)


def _slope(short: Sample, long: Sample) -> Sample:
    """What one chunk takes: the long stream against the short one, so that the call itself drops out."""
    chunks = LONG - SHORT
    return Sample((long.wall - short.wall) / chunks, (long.cpu - short.cpu) / chunks)


def _to_rows(case: Case, unit: str, bare: Sample, added: list[Sample]) -> Iterator[Row]:
    name = " / ".join(case)
    cpu, wall = quartiles([one.cpu for one in added]), quartiles([one.wall for one in added])
    yield Row(name, f"µs CPU a {unit}", *cpu, bare.cpu, BUDGETS.get((case.workload, unit)))
    yield Row(name, f"µs by the clock a {unit}", *wall, bare.wall)
