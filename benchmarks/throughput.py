"""How many events a second each stage takes, and all of them in a row; what memory one takes that waits."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import Any

import msgspec

from benchmarks.corpus import Script, make_stream, make_unary
from benchmarks.playback import (
    ASLEEP,
    CountingSink,
    Player,
    check_event,
    make_events,
    make_exchanges,
    open_sink,
    record_to,
)
from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds
from benchmarks.soak import STATM, measure_memory
from payi_transport import payi_flush, payi_stats
from payi_transport.capture.exchange import Exchange
from payi_transport.decode.decode import decode
from payi_transport.delivery.ring import Ring

__all__ = ["list_cases", "measure", "summarize"]

_SCRIPTS: dict[str, Callable[[], Script]] = {
    "unary 1 KB": lambda: make_unary(1_000, 600),
    "unary 200 KB": lambda: make_unary(200_000, 8_000),
    "stream of 20": lambda: make_stream(20, asks=True),
    "stream of 500": lambda: make_stream(500, asks=True),
}
# Whether prompts and responses are part of the events, which is most of the work on large ones.
_CONTENT = {"content": True, "no content": False}
_PRODUCERS = (1, 4, 16)
# Fewer than the ring takes, so that none is refused.
_EVENTS = 20_000
# Of content in one round, which is less than the ring takes.
_BYTES = 64 * 1024 * 1024
_RATE = "events a second"
_CPU = "µs CPU an event"
_MEMORY = "bytes an event, beside its content"
_RESIDENT = "bytes resident an event, with its content"
_BUDGETS = {_RATE: 20_000.0, _CPU: 60.0}


def list_cases(*, quick: bool = False) -> list[Case]:
    """The ring, each stage alone, all of them in a row, and memory."""
    scripts = list(_SCRIPTS)[:1] if quick else list(_SCRIPTS)
    return [
        *(("ring", f"{count} producers") for count in _PRODUCERS),
        *((stage, script) for stage in _STAGES for script in scripts),
        *((stage, script, kind) for stage in _EVENT_STAGES for script in scripts for kind in _CONTENT),
    ]


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """A round is some thousand events, or as many of a large kind as the ring takes."""
    stage, name, *kind = case
    if stage == "ring":
        producers = int(name.split()[0])
        return [_run_ring(producers, 2_000 if quick else 200_000) for _ in range(rounds)]
    run = partial(_EVENT_STAGES[stage], _CONTENT[kind[0]]) if kind else _STAGES[stage]
    script = _SCRIPTS[name]()
    # Large bodies fill the ring's bound in bytes long before its bound in number, and what is refused would
    # not be measured.
    count = 50 if quick else min(_EVENTS, _BYTES // len(script.request + b"".join(script.answer.chunks)))
    return [run(script, count) for _ in range(rounds)]


def summarize(case: Case, rounds: Sequence[Any]) -> Iterator[Row]:
    """The budget is of whole small calls."""
    return summarize_rounds(case, rounds, _BUDGETS if case == ("pipeline", "unary 1 KB") else None)


def _time(run: Callable[[], object], count: int) -> Round:
    gc.collect()
    wall, cpu = perf_counter(), process_time()
    run()
    cpu, wall = process_time() - cpu, perf_counter() - wall
    return {_RATE: Pair(count / wall), _CPU: Pair(cpu / count * 1e6)}


def _run_ring(producers: int, count: int) -> Round:
    """So many threads push, and this one takes what is there."""
    # Without bounds, since a refused push costs less than one that is taken.
    ring: Ring[int] = Ring(sys.maxsize, sys.maxsize, 256, lambda: None)
    each = count // producers
    threads = [threading.Thread(target=_push, args=(ring, each)) for _ in range(producers)]

    def run() -> None:
        for thread in threads:
            thread.start()
        left = each * producers
        while left:
            taken = len(ring.drain(256))
            ring.release(taken, taken)
            left -= taken
        for thread in threads:
            thread.join()

    return _time(run, each * producers)


def _push(ring: Ring[int], count: int) -> None:
    for number in range(count):
        ring.push(number, 1)


def _run_pipeline(script: Script, count: int) -> Round:
    """From the beginning of the first call until Pay-i has the last event; the server is another process."""
    with open_sink() as sink, record_to(sink) as pipeline:
        player = Player(pipeline, script)

        def run() -> None:
            for _ in range(count):
                player.play()
            payi_flush(120)

        measured = _time(run, count)
        stats = payi_stats()
        if stats.delivered != count or stats.faults:
            raise RuntimeError(f"not all of {count} were delivered: {stats}")
    return measured


def _run_recorder(script: Script, count: int) -> Round:
    """What an adapter calls, from the beginning of a call to its end; the worker sleeps or is not there."""
    exchanges: list[Exchange] = []

    def run(player: Player) -> None:
        exchanges.extend(player.make() for _ in range(count))

    with record_to(CountingSink()) as pipeline:
        player = Player(pipeline, script)
        return _time(lambda: run(player), count)


def _run_decoder(content: bool, script: Script, count: int) -> Round:
    exchanges = make_exchanges(script, count, content=content)

    def run() -> None:
        for exchange in exchanges:
            decode(exchange)

    measured = _time(run, count)
    # After the clock has stopped: exchanges whose bodies were forgotten decode faster, and mean nothing.
    for exchange in (exchanges[0], exchanges[-1]):
        check_event(decode(exchange), content=content)
    return measured


def _run_encoder(content: bool, script: Script, count: int) -> Round:
    events = make_events(script, count, content=content)

    def run() -> None:
        for event in events:
            msgspec.json.encode(event)

    return _time(run, count)


def _run_sink(content: bool, script: Script, count: int) -> Round:
    """The bulk calls, each of as many events as usual. The encoder is part of it."""
    events = make_events(script, count, content=content)
    with open_sink() as sink:

        def run() -> None:
            for start in range(0, count, sink.batch_limit):
                receipt = sink.deliver(events[start : start + sink.batch_limit])
                assert not receipt.problem, receipt

        measured = _time(run, count)
        sink.close()
    return measured


def _measure_memory(script: Script, count: int) -> Round:
    """Of what waits to be decoded, by what Python's allocator gave out for it."""
    count = min(count, 2_000)
    with record_to(CountingSink()) as pipeline:
        player = Player(pipeline, script)
        player.play()
        exchanges: list[Exchange] = []
        gc.collect()
        tracemalloc.start()
        exchanges.extend(player.make() for _ in range(count))
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return {_MEMORY: Pair(taken / count - player.size)}


def _measure_resident(script: Script, count: int) -> Round:
    """In a process of its own, as memory that was let go of once is there to be used again."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return {_RESIDENT: Pair(pool.submit(_hold_calls, script, count).result())}


def _hold_calls(script: Script, count: int) -> float:
    """What the process grows by for each call that has ended and waits for the worker."""
    with record_to(CountingSink(), ASLEEP) as pipeline:
        player = Player(pipeline, script)
        player.play()
        before = measure_memory()
        for _ in range(count):
            player.play()
        grown = measure_memory() - before
        stats = payi_stats()
        if stats.queued != count + 1:
            raise RuntimeError(f"not all of {count} calls waited: {stats}")
        payi_flush(120)
    return grown / count


_STAGES: dict[str, Callable[[Script, int], Round]] = {
    "record": _run_recorder,
    "pipeline": _run_pipeline,
    "memory": _measure_memory,
}
_EVENT_STAGES: dict[str, Callable[[bool, Script, int], Round]] = {
    "decode": _run_decoder,
    "encode": _run_encoder,
    "deliver": _run_sink,
}
if STATM.exists():
    _STAGES["resident memory"] = _measure_resident
