"""How costs grow: with chunks and bodies, with one event of a stream, with host mappings and threads."""

from __future__ import annotations

import gc
import itertools
import math
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter, process_time, thread_time
from typing import Any

from benchmarks.corpus import Script, make_stream, make_unary
from benchmarks.playback import CountingSink, Player, record_to
from benchmarks.samples import Case, Pair, Round, Row, quartiles, read_size, tell_size
from payi_transport import payi_flush
from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.validation import check_config
from payi_transport.decode.decode import decode
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.rewrite.add_result import StreamResult
from payi_transport.rewrite.include_usage import UsageHider
from payi_transport.routing.hosts import HostTable

__all__ = ["list_cases", "measure", "summarize"]

# Of each size, in one round: runs at most, and the seconds after which no more begin.
_RUNS, _SECONDS = 200, 0.05
_LOOKUPS, _CALLS = 1_000, 1_000
_SIZES = {
    "chunks": (1, 10, 100, 1_000, 10_000),
    "bytes of request": (1_000, 10_000, 100_000, 1_000_000),
    "bytes of answer": (1_000, 10_000, 100_000, 1_000_000),
    # Those of one event of a stream, such as an image, in chunks of this size.
    "bytes of event, 1 B chunks": (1_000, 10_000, 100_000, 1_000_000, 4_000_000),
    "bytes of event, 16 KB chunks": (100_000, 1_000_000, 10_000_000, 100_000_000),
    "host mappings": (1, 10, 100, 1_000, 10_000),
    "threads": (1, 2, 4, 8, 16, 32),
}
# The power of the size that the cost rises by: 0 is flat, 1 linear. Noise may make it a little more.
_POWER = "power of the size"
_LINEAR, _FLAT = 1.15, 0.15


def list_cases(*, quick: bool = False) -> list[Case]:
    """What grows, and what is measured of it; `quick` needs fewer sizes, not fewer cases."""
    return list(_MAKERS)


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """A round has every size once: so its sizes share what the machine is doing."""
    sizes = _SIZES[case[0]]
    make = _MAKERS[case]
    with record_to(CountingSink()) as pipeline:
        runs = {size: make(pipeline, size) for size in (sizes[:3] if quick else sizes)}
        for run in runs.values():
            run()
        return [
            {tell_size(size): Pair(_repeat(run, 1 if quick else _RUNS)) for size, run in runs.items()}
            for _ in range(rounds)
        ]


def summarize(case: Case, rounds: Sequence[Any]) -> Iterator[Row]:
    """A row for each size, and how the cost grows over the upper half of them."""
    name = " / ".join(case)
    rows = [Row(name, unit, *quartiles([one[unit][0] for one in rounds])) for unit in rounds[0]]
    yield from rows
    # At small sizes the constant part of a call dominates, and the growth would look flatter than it is.
    upper = [(read_size(row), row.unit) for row in rows[-3:]]
    powers = [_find_power([(size, one[unit][0]) for size, unit in upper]) for one in rounds]
    flat = case[0] in ("host mappings", "threads")
    yield Row(name, _POWER, *quartiles(powers), budget=_FLAT if flat else _LINEAR)


def _find_power(points: Sequence[tuple[int, float]]) -> float:
    """The slope of the line through the logarithms."""
    sizes, costs = zip(*points, strict=True)
    # A cost of size to the power p is a straight line of slope p on logarithmic scales.
    return statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, costs))).slope


# Runs once, and answers with the microseconds that it took.
Run = Callable[[], float]


def _repeat(run: Run, most: int) -> float:
    """The median of `most` runs, or of as many as take the time of a round."""
    gc.collect()
    # Bounded in time as well, because the largest sizes take far longer than the smallest.
    until = perf_counter() + _SECONDS
    costs = [run()]
    while len(costs) < most and perf_counter() < until:
        costs.append(run())
    return statistics.median(costs)


def _make_recording(pipeline: Pipeline, script: Script) -> Run:
    """What a hook calls, without an HTTP library."""
    player = Player(pipeline, script)

    def run() -> float:
        began = thread_time()
        player.make()
        cost = thread_time() - began
        return cost * 1e6

    return run


def _make_decoding(pipeline: Pipeline, script: Script) -> Run:
    exchange = Player(pipeline, script).make()

    def run() -> float:
        began = thread_time()
        decode(exchange)
        return (thread_time() - began) * 1e6

    return run


def _make_lookup(mappings: int, host: str) -> Run:
    """One look-up of a host: always the same where its name has no `{}`, else a new one each time."""
    given = {f"llm-{number}.example.com": {"price_as_category": "mine"} for number in range(mappings)}
    table = HostTable(collect_host_mappings(check_config({"host_mappings": given})))
    numbers = itertools.count()

    def run() -> float:
        # Names are made before the clock starts, so that only the look-ups are timed.
        hosts = [host.format(next(numbers)) for _ in range(_LOOKUPS)]
        began = thread_time()
        for name in hosts:
            table.find(name, None)
        return (thread_time() - began) / _LOOKUPS * 1e6

    return run


def _make_threads(pipeline: Pipeline, count: int) -> Run:
    """Whole calls from so many threads at once, and the worker beside them."""
    player = Player(pipeline, make_unary(1_000, 600))

    def play() -> None:
        for _ in range(_CALLS // count):
            player.play()

    def run() -> float:
        threads = [threading.Thread(target=play) for _ in range(count)]
        # CPU of all threads, the worker included: the time by the clock would depend on the number of
        # cores.
        began = process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        payi_flush(60)
        return (process_time() - began) / (_CALLS // count * count) * 1e6

    return run


def _make_rewriting(size: int, step: int, make: Callable[[], ResponseRewriter]) -> Run:
    """What the caller's thread does with a stream of one event that is rewritten on its way."""
    chunk = b"A" * step

    def run() -> float:
        rewriter = make()
        began = thread_time()
        rewriter.feed(b'data: {"b64_json":"')
        for _ in range(size // step):
            rewriter.feed(chunk)
        rewriter.feed(b'"}\n\n')
        rewriter.flush()
        return (thread_time() - began) * 1e6

    return run


def _make_adder() -> ResponseRewriter:
    return StreamResult(lambda: {"cost": 1}, UsageHider())


def _make_chunks(chunks: int) -> Script:
    return make_stream(chunks, asks=True)


def _make_request(size: int) -> Script:
    return make_unary(size, 600)


def _make_answer(size: int) -> Script:
    return make_unary(1_000, size)


_MAKERS: dict[Case, Callable[[Pipeline, int], Run]] = {
    ("chunks", "record"): lambda pipeline, size: _make_recording(pipeline, _make_chunks(size)),
    ("chunks", "decode"): lambda pipeline, size: _make_decoding(pipeline, _make_chunks(size)),
    ("bytes of request", "record"): lambda pipeline, size: _make_recording(pipeline, _make_request(size)),
    ("bytes of request", "decode"): lambda pipeline, size: _make_decoding(pipeline, _make_request(size)),
    ("bytes of answer", "record"): lambda pipeline, size: _make_recording(pipeline, _make_answer(size)),
    ("bytes of answer", "decode"): lambda pipeline, size: _make_decoding(pipeline, _make_answer(size)),
    ("bytes of event, 1 B chunks", "add result"): lambda _, size: _make_rewriting(size, 1, _make_adder),
    ("bytes of event, 1 B chunks", "hide usage"): lambda _, size: _make_rewriting(size, 1, UsageHider),
    ("bytes of event, 16 KB chunks", "add result"): lambda _, size: _make_rewriting(size, 2**14, _make_adder),
    ("bytes of event, 16 KB chunks", "hide usage"): lambda _, size: _make_rewriting(size, 2**14, UsageHider),
    ("host mappings", "look up again"): lambda pipeline, size: _make_lookup(size, "llm-0.example.com"),
    ("host mappings", "look up first"): lambda pipeline, size: _make_lookup(size, "api-{}.example.com"),
    ("threads", "whole call"): _make_threads,
}
