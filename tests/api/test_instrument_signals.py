"""A signal handler may call any public function in the middle of any other, and never hangs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.origin import Origin
from tests.support.programs import run

FUNCTIONS = {
    "instrument": "payi_instrument(sink=MemorySink())",
    "uninstrument": "payi_uninstrument()",
    "flush": "payi_flush(1)",
    "shutdown": "payi_shutdown(1)",
    "stats": "payi_stats()",
    "limits": "payi_limits()",
    "a call": "call('in the handler')",
}


@pytest.mark.parametrize("interrupted", ["uninstrument", "flush", "shutdown"])
@pytest.mark.parametrize("handler", FUNCTIONS)
def test_no_public_function_hangs_in_a_handler_that_interrupts_another(
    interrupted: str, handler: str, tmp_path: Path, origin: Origin
) -> None:
    program = f"""
    from payi_transport import MemorySink, payi_limits, payi_shutdown, payi_uninstrument

    handled = threading.Event()

    def handle(*_):
        {FUNCTIONS[handler]}
        handled.set()

    signal.signal(signal.SIGUSR1, handle)

    class Interrupting(MemorySink):
        # The main thread waits for this delivery when the signal arrives.
        def deliver(self, batch):
            os.kill(os.getpid(), signal.SIGUSR1)
            handled.wait(10)
            return super().deliver(batch)

    payi_instrument(sink=Interrupting(), config={{"delivery": {{"flush_interval": 3600}}}})
    call("one")
    {FUNCTIONS[interrupted]}
    assert handled.is_set()
    payi_instrument(sink=MemorySink())
    call("two")
    assert payi_flush(10)
    payi_uninstrument()
    """
    ran = run(tmp_path, program, origin, timeout=60)
    assert ran.returncode == 0, ran.stderr
