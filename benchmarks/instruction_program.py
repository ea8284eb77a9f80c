"""`python -m benchmarks.instruction_program ASKED`: one run to count the instructions of.

It ends without the interpreter's exit, so that the worker never decodes what the calls left in the ring.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

__all__ = ["BODIES", "CALLS", "EVENTS", "STARTS", "STEPS", "TRACED"]

# Sizes of request and response in bytes, or chunks of a stream.
_UNARY = {"unary 1 KB": (1_000, 600), "unary 200 KB": (200_000, 8_000)}
CALLS = (
    *_UNARY,
    "unobserved host",
    *(f"stream of {size}, usage {kind}" for kind in ("asked", "hidden") for size in (20, 500)),
)
# Beside recording alone, inside of a span: what the sink for OpenTelemetry adds to a call.
TRACED = "OpenTelemetry"
BODIES = (*_UNARY, "stream of 500")
STEPS = ("decode", "encode", "deliver")
# What is run before the instructions that count, and these. Both programs run in fresh interpreters.
STARTS = {
    "import payi_transport, beside httpx and msgspec": ("import httpx, msgspec", "import payi_transport"),
    "payi_instrument()": (
        "import payi_transport; sink = payi_transport.MemorySink()",
        "payi_transport.payi_instrument(sink=sink)",
    ),
}
# What a step of the worker is run for at once, as a batch is delivered at once.
EVENTS = 64
_Run = Callable[[], None]


def _make_script(name: str) -> Any:
    from benchmarks.corpus import make_stream, make_unary

    if name.startswith("stream"):
        return make_stream(int(name.split()[2].rstrip(",")), asks=not name.endswith("hidden"))
    return make_unary(*_UNARY.get(name, _UNARY["unary 1 KB"]))


def _prepare_call(name: str, recorded: bool, traced: bool = False) -> _Run:
    import httpx2

    from benchmarks.corpus import OBSERVED_URL, REQUEST_HEADERS, UNOBSERVED_URL, provide
    from benchmarks.playback import ASLEEP, CountingSink
    from payi_transport import payi_instrument
    from payi_transport.delivery import worker

    # The worker wakes this often however long its interval is, and a tool that counts instructions makes a
    # run so slow that it would decode in the middle of it. Its instructions would count as the caller's.
    worker.RESOLVER_SECONDS = 3600.0  # type: ignore[attr-defined]  # imported there
    if recorded:
        payi_instrument(sink=[CountingSink(), "otel"] if traced else CountingSink(), config=ASLEEP)
    script = _make_script(name)
    provider: Any = provide("httpx2")
    provider.script = script
    client = httpx2.Client(transport=provider)
    url = UNOBSERVED_URL if name == "unobserved host" else OBSERVED_URL

    def call() -> None:
        with client.stream("POST", url, content=script.request, headers=REQUEST_HEADERS) as response:
            for _ in response.iter_bytes():
                pass

    return call


def _enter_span() -> None:
    """Set a provider of the application's, and make a span of it the current one."""
    from opentelemetry import context, metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider(shutdown_on_exit=False))
    span = provider.get_tracer("benchmark").start_span("page")
    context.attach(trace.set_span_in_context(span))


def _prepare_step(step: str, name: str, content: bool, stack: ExitStack) -> _Run:
    """Do the step for EVENTS events."""
    import msgspec

    from benchmarks.playback import make_events, make_exchanges, open_sink
    from payi_transport.decode.decode import decode

    script = _make_script(name)
    if step == "decode":
        exchanges = make_exchanges(script, EVENTS, content=content)
        return lambda: _run_each(decode, exchanges)
    events = make_events(script, EVENTS, content=content)
    if step == "encode":
        return lambda: _run_each(msgspec.json.encode, events)
    sink = stack.enter_context(open_sink())

    def deliver() -> None:
        receipt = sink.deliver(events)
        assert not receipt.problem, receipt

    return deliver


def _run_each(step: Callable[[Any], object], values: list[Any]) -> None:
    for value in values:
        step(value)


def _count_calls(run: _Run, count: int) -> dict[str, float]:
    """Functions that are called on this thread, each time. The profiler's own removal is one of them."""
    called: Counter[str] = Counter()
    sys.setprofile(lambda frame, kind, argument: called.update((kind,)))
    for _ in range(count):
        run()
    sys.setprofile(None)
    return {"Python calls": called["call"] / count, "C calls": called["c_call"] / count}


def main(asked: dict[str, Any]) -> None:
    """Run what was asked for, and end the process at once."""
    kind, name, *content = asked["case"]
    recorded = asked["variant"] == "payi"
    if kind == "start":
        for statement in STARTS[name][: 1 + recorded]:
            exec(statement, globals())  # noqa: S102 (from the table above)
        os._exit(0)
    with ExitStack() as stack:
        if content == [TRACED]:
            _enter_span()
            run = _prepare_call(name, recorded=True, traced=recorded)
        elif kind == "call":
            run = _prepare_call(name, recorded)
        else:
            run = _prepare_step(kind, name, content == ["content"], stack)
        gc.collect()
        # What was imported is not looked at again by the collections that the calls cause.
        gc.freeze()
        if asked["mode"] == "calls":
            run()
            print(json.dumps(_count_calls(run, asked["count"])), flush=True)
        else:
            for _ in range(asked["count"]):
                run()
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
