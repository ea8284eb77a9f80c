"""Run a last flush in the processes whose end Python's own `atexit` does not see.

Each kind of process ends in its own way, so each needs its own hook:

- A normal interpreter runs `atexit`. The public API registers that hook; nothing here is needed.
- A forked child of `multiprocessing`, and any child of `billiard` (Celery's copy of it), ends in `os._exit`
  and skips `atexit`. It runs the finalizers registered with its package's `util.Finalize`.
- A child of Celery's prefork pool may skip those as well. It sends the signal `worker_process_shutdown`.
- A process forked with plain `os.fork` runs whatever its own code runs.
- A process that ends itself by a signal, as uvicorn does with the one that it received, runs nothing. So what
  raises the signal runs the hook first.

A child of a pool clears its finalizers when it starts, maybe after it has imported the main module. So a
finalizer has to be registered after that, by an after-fork hook of the pool. The packages are looked up in
`sys.modules` and never imported: where they are not loaded, no such child exists.

Under gevent one more thing ends early: name resolution, see `prepare_resolver`. gevent resolves names in a
pool that it builds on `concurrent.futures.thread`, and an exiting interpreter refuses to import that module.
It is imported here, so that a program whose first delivery is its last one can still find Pay-i.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401  # See above.
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

__all__ = [
    "RESOLVER_SECONDS",
    "prepare_resolver",
    "run_at_child_exit",
    "run_at_pool_worker_exit",
    "run_before_own_signal",
]

_POOLS = ("multiprocessing.util", "billiard.util")
# After the finalizers of others, which may still make calls.
_PRIORITY = -100
# How long `prepare_resolver` lasts, with a margin. Seconds.
RESOLVER_SECONDS = 2.0
_watched: set[str] = set()
# Signals that end a process by default, and that servers handle in order to stop.
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))


def run_at_pool_worker_exit(function: Callable[[], object]) -> None:
    """Run `function` at the end of every pool worker: this process, if it is one, and each it starts.

    More than one hook may call it at the same end, so it has to be idempotent.
    """
    if _is_pool_worker():
        # Its after-fork hooks may have run already.
        run_at_child_exit(function)
    for name in _POOLS:
        if name in sys.modules and name not in _watched:
            _watched.add(name)
            # Each child calls `run_at_child_exit(function)` after it has cleared its finalizers.
            sys.modules[name].register_after_fork(function, run_at_child_exit)


def _is_pool_worker() -> bool:
    # Both packages set this attribute when they start a child, and nowhere else.
    processes = (sys.modules.get(f"{package}.process") for package in ("multiprocessing", "billiard"))
    return any(process.current_process()._parent_pid is not None for process in processes if process)


def run_at_child_exit(function: Callable[[], object]) -> None:
    """Run `function` at the end of this process, which was forked, on every way that it may end."""
    for name in _POOLS:
        if name in sys.modules:
            sys.modules[name].Finalize(None, function, exitpriority=_PRIORITY)
    if "celery.signals" in sys.modules:

        def on_shutdown(**_: Any) -> None:
            function()

        # Celery keeps weak references by default, and nobody else holds this function.
        sys.modules["celery.signals"].worker_process_shutdown.connect(on_shutdown, weak=False)


def run_before_own_signal(function: Callable[[], object]) -> Callable[[], None]:
    """Run `function` before this process ends itself by a signal that nothing handles; return what undoes it.

    A signal from elsewhere ends a process at once. Only a process that has handled it, put back the default,
    and raises it again has the time to deliver.
    """
    original = signal.raise_signal

    def raise_signal(number: int, /) -> None:
        if number in _ENDING and signal.getsignal(number) is signal.SIG_DFL:
            function()
        original(number)

    def undo() -> None:
        # Another library may have wrapped it since. Then ours stays in the middle.
        if signal.raise_signal is raise_signal:
            signal.raise_signal = original

    signal.raise_signal = raise_signal
    return undo


def prepare_resolver() -> None:
    """Make sure that host names can be resolved for the next `RESOLVER_SECONDS`, even at interpreter exit.

    gevent resolves names on a native thread that it ends after 5 idle seconds. From Python 3.12 on, an
    exiting interpreter starts no new thread, so the last flush would fail to find Pay-i. Resolving an address
    keeps that thread alive. Without gevent this does nothing.
    """
    if "gevent" in sys.modules:
        with contextlib.suppress(OSError, RuntimeError):
            socket.getaddrinfo("127.0.0.1", None, flags=socket.AI_NUMERICHOST)
