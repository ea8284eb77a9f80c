"""What it takes to be heard at the end of a process where Python's own atexit is not enough."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["prepare_resolver", "run_at_child_exit", "run_at_pool_worker_exit"]

# Children of multiprocessing, and of billiard, which is Celery's, run the finalizers of these, and no atexit.
_POOLS = ("multiprocessing.util", "billiard.util")
# Behind the finalizers of others, which may still make calls.
_PRIORITY = -100
_watched: set[str] = set()


def run_at_pool_worker_exit(function: Callable[[], object]) -> None:
    """Have `function` run at the end of this process, if a pool began it, and of those that one begins here.

    A pool drops all finalizers when a child begins, which is behind the import of the main module.
    """
    if _is_child_of_pool():
        run_at_child_exit(function)
    for name in _POOLS:
        if name in sys.modules and name not in _watched:
            _watched.add(name)
            # Kept for as long as its first argument lives, and called with it.
            sys.modules[name].register_after_fork(function, run_at_child_exit)


def _is_child_of_pool() -> bool:
    # Both packages set it where they begin a child, and nowhere else.
    processes = (sys.modules.get(f"{package}.process") for package in ("multiprocessing", "billiard"))
    return any(process.current_process()._parent_pid is not None for process in processes if process)


def run_at_child_exit(function: Callable[[], object]) -> None:
    """Have `function` run when this process ends, which somebody forked."""
    for name in _POOLS:
        if name in sys.modules:
            sys.modules[name].Finalize(None, function, exitpriority=_PRIORITY)
    if "celery.signals" in sys.modules:
        # All that a child of Celery's pool tells of its end.
        def on_shutdown(**_: Any) -> None:
            function()

        sys.modules["celery.signals"].worker_process_shutdown.connect(on_shutdown, weak=False)


def prepare_resolver() -> None:
    """Resolve an address now, so that one can be resolved while the interpreter exits in the next seconds.

    gevent resolves on a native thread that it lets go when it had no work for 5 seconds, and from Python 3.12
    on none can be started at an exit. Does nothing where there is no gevent.
    """
    if "gevent" in sys.modules:
        with contextlib.suppress(OSError, RuntimeError):
            socket.getaddrinfo("127.0.0.1", None, flags=socket.AI_NUMERICHOST)
