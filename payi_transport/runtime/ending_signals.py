"""The signals that tell a command to end: Ctrl+C, SIGTERM, and SIGHUP, which a closed terminal sends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ended_by_signals", "list_ending_signals"]


def list_ending_signals() -> list[signal.Signals]:
    """Return the signals that tell this process to end.

    A closed terminal ends no process that was told to ignore it when it was started, as nohup does.
    """
    hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)
    is_told = hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([hangup] if hangup is not None and is_told else [])]


@contextmanager
def ended_by_signals(code: int = 0) -> Iterator[None]:
    """End the process by such a signal with this exit code, after what is inside is closed and removed.

    Once one has come, others are ignored: all that they could do is to interrupt the cleaning up.
    """
    numbers = list_ending_signals()
    is_ending = False

    def end(number: int, frame: object) -> None:
        nonlocal is_ending
        is_ending = True
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(code)

    def hang_up(number: int, frame: object) -> None:
        # Whoever handles SIGTERM by now, such as uvicorn, knows how to end. Most don't know SIGHUP.
        signal.raise_signal(signal.SIGTERM)

    handled = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, end if number in handled else hang_up) for number in numbers}
    try:
        yield
    finally:
        if not is_ending:
            for number, handler in before.items():
                signal.signal(number, handler)
