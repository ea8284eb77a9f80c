"""Handlers and finalizers may call any public function in the middle of any other, on the same thread."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.origin import Origin
from tests.support.programs import run

# Every function, and a handler that calls another one in the middle of it. What runs it is `enter`, which
# each kind of handler below defines. A process that hangs prints where, and ends.
PROGRAM = """
    import faulthandler, gc, logging, random
    from payi_transport import (
        MemorySink, create_headers, get_context, payi_limits, payi_shutdown, payi_uninstrument, track_context
    )

    chance = random.Random(7)

    def scoped():
        with track_context(user_id="u", limit_ids=["l"]):
            get_context(), create_headers(user_id="x")
            call("scoped")

    VERBS = {{
        "instrument": lambda: payi_instrument(sink=[MemorySink(), MemorySink()]),
        "inline": lambda: payi_instrument(sink=MemorySink(), config={{"delivery": {{"mode": "inline"}}}}),
        "uninstrument": payi_uninstrument,
        "flush": lambda: payi_flush(0.2),
        "shutdown": lambda: payi_shutdown(0.2),
        "stats": lambda: (payi_stats(), payi_limits()),
        "call": lambda: call("a call"),
        "scope": scoped,
    }}
    {kind}

    for mode in MODES:
        for name, verb in VERBS.items():
            for handler in VERBS.values():
                faulthandler.dump_traceback_later(60, exit=True)
                payi_instrument(sink=MemorySink(), config={{"delivery": {{"mode": mode}}}})
                call("before")
                enter(verb, handler)
                call("after")
                payi_uninstrument()
                stats = payi_stats()
                assert stats.faults == 0, (mode, name, stats)
                assert stats.captured == stats.delivered + stats.queued + sum(stats.lost.values()), stats
    assert ran > 20, ran
"""
KINDS = {
    # A trace function runs where a signal handler may: between any two lines.
    "a signal handler": """
    ran, MODES = 0, ("bulk", "inline")

    def interrupt(at, verb, handler):
        global ran
        lines = 0

        def trace(frame, event, argument):
            nonlocal lines
            global ran
            file = frame.f_code.co_filename
            if "payi_transport" not in file and "threading" not in file:
                return None
            lines += event == "line"
            if lines == at:
                lines += 1
                sys.settrace(None)
                ran += 1
                handler()
            return trace

        sys.settrace(trace)
        try:
            verb()
        finally:
            sys.settrace(None)
        return lines

    def enter(verb, handler):
        total = interrupt(-1, verb, handler)
        for at in chance.sample(range(1, total + 1), min(3, total)):
            payi_instrument(sink=MemorySink())
            interrupt(at, verb, handler)
    """,
    "a log handler": """
    ran, MODES = 0, ("bulk",)

    class Calling(logging.Handler):
        function = staticmethod(lambda: None)
        def emit(self, record):
            global ran
            function, self.function = self.function, lambda: None
            function()
            ran += 1

    calling = Calling()
    logger = logging.getLogger("payi.instrument")
    logger.addHandler(calling)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False

    class Refusing(MemorySink):
        # On the background thread, whose logger warns of this.
        def deliver(self, batch):
            from payi_transport import Receipt
            return Receipt(rejected=dict.fromkeys(range(len(batch)), "no"), notices=["refused"])

    def enter(verb, handler):
        calling.function = handler
        payi_uninstrument()
        payi_instrument(sink=Refusing())
        call("refused")
        payi_instrument(sink=MemorySink())
        verb()
        payi_uninstrument()
        payi_instrument(sink=MemorySink())
    """,
    "a finalizer": """
    ran, MODES = 0, ("bulk",)

    class Finalized:
        def __init__(self, function):
            self.function, self.itself = function, self
        def __del__(self):
            global ran
            ran += 1
            self.function()

    class Dropping(MemorySink):
        # The background thread collects garbage, too.
        def deliver(self, batch):
            Finalized(handler_of_all)
            return super().deliver(batch)

    def enter(verb, handler):
        global handler_of_all
        handler_of_all = handler
        payi_uninstrument()
        payi_instrument(sink=Dropping())
        call("dropped")
        gc.collect()
        gc.disable()
        Finalized(handler)
        gc.set_threshold(1)
        gc.enable()
        verb()
        gc.set_threshold(700)
        gc.collect()
    """,
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_public_function_hangs_or_raises_when_it_interrupts_another(
    kind: str, tmp_path: Path, origin: Origin
) -> None:
    program = PROGRAM.format(kind=KINDS[kind])
    ran = run(tmp_path, program, origin, timeout=240)
    assert ran.returncode == 0, ran.stderr[-4000:]
