"""Make an instrumentation the active one of the process, or none.

That takes several steps, and a signal handler may ask for another change between any two of them. `Turns`
does what it asks for right after. Closing a pipeline is no part of a turn, because it waits: a handler that
runs meanwhile finds everything in order, and may start over.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial

from payi_transport.api.instrumentation import Instrumentation
from payi_transport.api.turns import Turns
from payi_transport.context.name_warnings import use_logger
from payi_transport.context.results import forget_results
from payi_transport.context.scope import set_base_frame
from payi_transport.delivery.process_exit import run_at_pool_worker_exit, run_before_own_signal
from payi_transport.hooks.registry import Registry, get_hooks
from payi_transport.pipeline.active import activate, deactivate, get_active
from payi_transport.pipeline.pipeline import EXIT_SECONDS, Pipeline

__all__ = ["get_current", "is_exiting", "repair_hooks", "set_aside", "shut_down", "switch_off", "switch_to"]

_MISSING_HOOK = (
    "payi_transport: this version of %s has no %s, so calls made with it are not recorded. With httpx, use"
    " payi_httpx_client() or PayiTransport instead"
)
# What the active pipeline was started with, None while there is none.
_current: Instrumentation | None = None
# Set when the process exits. No pipeline is started from then on: nothing would deliver its events.
_exiting = False
_turns = Turns()
_registry = Registry((), lambda library, name: None)
# What takes back the change to `signal.raise_signal`.
_undo = contextlib.ExitStack()
# Pipelines that were active and are not closed yet.
_removed: list[Pipeline] = []


def get_current() -> Instrumentation | None:
    """Return what the active pipeline was started with."""
    return _current


def is_exiting() -> bool:
    """Return whether the process is at its end."""
    return _exiting


def switch_to(instrumentation: Instrumentation) -> None:
    """Make it the active one, and deliver what the one before has captured."""
    _run(partial(_begin, instrumentation))


def switch_off() -> None:
    """Make every hook pass through, restore what was hooked, and deliver what was captured."""
    _run(_remove)


def set_aside() -> None:
    """Do what `switch_off` does, but leave the pipeline as it is. Events in it go on being delivered."""
    _turns.run(_stop)


def repair_hooks() -> None:
    """Hook again what a mock has taken away."""
    _registry.repair()


def shut_down(timeout: float) -> bool:
    """Flush and close the active pipeline, which stays in place; return whether all was delivered."""
    pipeline = get_active()
    return pipeline is None or pipeline.close(timeout)


def _run(change: Callable[[], None]) -> None:
    try:
        _turns.run(change)
    finally:
        _close_removed()


def _begin(instrumentation: Instrumentation) -> None:
    global _current
    _remove()
    # Before the pipeline, which a second `payi_instrument()` looks for first.
    _current = instrumentation
    use_logger(instrumentation.logger)
    set_base_frame(instrumentation.base_frame, record_unscoped=instrumentation.record_unscoped)
    activate(instrumentation.pipeline)
    _install(instrumentation.logger)
    atexit.register(_shut_down_at_exit)
    run_at_pool_worker_exit(_shut_down_otherwise)
    _undo.callback(run_before_own_signal(_shut_down_otherwise))


def _remove() -> None:
    pipeline = get_active()
    if pipeline is not None:
        _removed.append(pipeline)
        # Closing it may be interrupted by an exception that ends the process.
        atexit.register(_close_removed)
    _stop()


def _close_removed() -> None:
    # A copy, because a handler may remove some of them meanwhile.
    for pipeline in _removed.copy():
        pipeline.close(EXIT_SECONDS)
        with contextlib.suppress(ValueError):
            _removed.remove(pipeline)
    atexit.unregister(_close_removed)


def _stop() -> None:
    global _current
    _registry.uninstall()
    deactivate()
    set_base_frame(None)
    use_logger(None)
    forget_results()
    _current = None
    atexit.unregister(_shut_down_at_exit)
    _undo.close()


def _install(logger: logging.Logger) -> None:
    global _registry
    _registry = Registry(get_hooks(), partial(_warn_missing_hook, logger))
    _registry.install()


def _warn_missing_hook(logger: logging.Logger, library: str, missing: str) -> None:
    logger.warning(_MISSING_HOOK, library, missing)


def _shut_down_otherwise() -> None:
    """Shut down where the process ends without work at exit."""
    shut_down(EXIT_SECONDS)


def _shut_down_at_exit() -> None:
    global _exiting
    _exiting = True
    shut_down(EXIT_SECONDS)


def _renew() -> None:
    # Another thread of the parent may have been in a turn during the fork, or the parent was exiting. What it
    # has to close is the parent's, too.
    global _turns, _exiting
    _turns = Turns()
    _exiting = False
    _removed.clear()


# Windows has no fork, and no such function.
if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_renew)
