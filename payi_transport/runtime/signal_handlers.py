"""Tell the exceptions of a program's signal handlers from those of this library.

A handler runs between any two lines of the main thread, so also in this library's code. What it raises, such
as the TimeoutError of a program that bounds its calls with `signal.alarm`, is meant for the program. It must
not be taken for a fault of the code that it interrupted.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import CodeType
from typing import Any

__all__ = ["was_raised_by_signal_handler"]


def was_raised_by_signal_handler(exc: BaseException) -> bool:
    """Return whether a signal handler of the program, or what it called, raised an exception."""
    # Python runs handlers on the main thread only.
    if threading.current_thread() is not threading.main_thread():
        return False
    handlers = set(_list_handlers())
    trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _list_handlers() -> Iterator[CodeType]:
    for number in signal.valid_signals():
        handler: Any = signal.getsignal(number)
        if callable(handler):
            yield from _find_codes(handler)


def _find_codes(handler: Any) -> Iterator[CodeType]:
    """Yield the code of a function, a method, a partial, or an object with `__call__`."""
    for function in (handler, getattr(handler, "func", None), type(handler).__call__):
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            yield code
