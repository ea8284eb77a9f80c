"""`payi_instrument()` and the functions that go with it.

At most one pipeline is active in a process. Everything that can be wrong with the arguments is found while
the new pipeline is built; only then does anything change, so a call that raises has no effect. The hooks of
HTTP libraries are installed last, when there is a pipeline for what they record.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any

from payi_transport.api.arguments import InstrumentArguments, find_differences
from payi_transport.api.child_start import Entry, read_child_start
from payi_transport.api.default_use_case import default_use_case_name
from payi_transport.api.instrumentation import build, build_for_test
from payi_transport.api.switch import (
    get_current,
    is_exiting,
    repair_hooks,
    set_aside,
    shut_down,
    switch_off,
    switch_to,
)
from payi_transport.api.timeouts import check_timeout
from payi_transport.config.types import PayiInstrumentConfig
from payi_transport.config.validation import check_logger
from payi_transport.decode.content_logger import PromptAndResponseLogger
from payi_transport.hooks.child_processes import use_entry_maker
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import EXIT_SECONDS
from payi_transport.runtime.process_lock import ProcessLock
from payi_transport.runtime.run_start import set_run_start
from payi_transport.sinks.protocol import Sink

__all__ = [
    "payi_flush",
    "payi_instrument",
    "payi_shutdown",
    "payi_uninstrument",
]

# Reentrant, like every lock that a public function takes: a signal handler, a log handler, or a finalizer
# may call one while the same thread is in the middle of another.
_lock = ProcessLock()
_IGNORED = (
    "payi_transport: payi_instrument() was already called, so this call changes nothing and ignores %s. To"
    " apply them, call payi_uninstrument() first"
)
_PASSING_THROUGH = (
    "payi_transport: no Pay-i API key, so no call is recorded, as config={'required': False} allows. To"
    " record calls, set PAYI_API_KEY and call payi_instrument() again"
)
# Set once that has been logged.
_warned_of_missing_key = False
_default_logger = logging.getLogger("payi.instrument")


def payi_instrument(
    payi: Any = None,
    *,
    instruments: Set[str] | list[str] | tuple[str, ...] | None = None,
    log_prompt_and_response: bool = True,
    config: PayiInstrumentConfig | str | os.PathLike[str] | None = None,
    logger: logging.Logger | None = None,
    prompt_and_response_logger: PromptAndResponseLogger | None = None,
    sink: Sink | Sequence[Sink | str] | None = None,
    children: bool = True,
) -> None:
    """Report every LLM call of this process to Pay-i from now on, those of existing clients included.

    `payi` is a client of the Pay-i API or a list of them. The first one's key, base URL and default headers
    are used. Without it, they come from `PAYI_API_KEY`, `PAYI_BASE_URL` and `PAYI_CUSTOM_HEADERS`.
    `sink` sends the events elsewhere (see `MemorySink`), or to several sinks side by side if it is a list, in
    which "payi" stands for Pay-i.

    `prompt_and_response_logger` is called before a call returns, once Pay-i has accepted its event, with
    the request id that Pay-i assigned, and the request and the response as text. It gets them even with
    `log_prompt_and_response=False`, which keeps them from Pay-i. With such a logger, every event is sent by
    itself.

    `config` is a dict, or the path of a TOML file. The environment (`PAYI_TRANSPORT_<KEY>`) wins over a file,
    and a dict over both. `PAYI_TRANSPORT_DISABLED=1` makes this function do nothing. A second call changes
    nothing, and logs a warning that names the arguments that differ. After `payi_shutdown()` or
    `payi_uninstrument()`, a call starts anew.

    Children that `multiprocessing` starts anew (`spawn`, `forkserver`, joblib's loky) report their calls in
    the same way, unless `children` is False.

    Raises PayiConfigError for arguments that can't be used, and PayiError without a key. With
    `config={"required": False}`, a missing key is one warning instead, and nothing is recorded.
    """
    # An iterator can be read only once, and it is needed twice.
    payi = list(payi) if isinstance(payi, Iterator) else payi
    arguments = InstrumentArguments(
        payi, instruments, log_prompt_and_response, config, logger, prompt_and_response_logger, sink, children
    )
    if logger is not None:
        check_logger(logger)
    logger = logger or _default_logger
    if _is_disabled(logger):
        return
    with _lock:
        active = get_active()
        current = get_current()
        if active is None or current is None or current.provisional or (active.closed and not is_exiting()):
            # The frame of this function's caller, so no helper may make this call.
            name = default_use_case_name(sys._getframe().f_back)
            _start(arguments._replace(logger=logger), logger, name)
            return
        # Read it under the lock, so that it belongs to the pipeline found above.
        running = current.resolved
        logger = arguments.logger or current.logger
        # A mock that was active at the first call may have ended since, and taken hooks away with it.
        repair_hooks()
    # Not under the lock, because a logging handler may call functions of this module.
    _warn_ignored(running, arguments, logger)


def instrument_program(use_case_name: str) -> None:
    """Instrument a program that does not do so itself; a later `payi_instrument()` of its own replaces this.

    Raises what `payi_instrument()` raises.
    """
    # Its children find the environment that this process has found.
    arguments = InstrumentArguments(logger=_default_logger, children=False)
    with _lock:
        if get_active() is None and not _is_disabled(_default_logger):
            _start(arguments, _default_logger, use_case_name, provisional=True)


def instrument_child(carried: bytes) -> None:
    """Instrument a child of `multiprocessing` as its parent is; a later `payi_instrument()` replaces this.

    Raises what `payi_instrument()` raises.
    """
    arguments, use_case_name, run_start = read_child_start(carried)
    set_run_start(run_start)
    logger = arguments.logger or _default_logger
    with _lock:
        current = get_current()
        if (current is None or current.provisional) and not _is_disabled(logger):
            _start(arguments, logger, use_case_name, provisional=True)


def _make_child_entry() -> Entry | None:
    current, active = get_current(), get_active()
    if current is None or current.child_start is None or active is None or active.closed:
        return None
    return current.child_start.make_entry(current.logger)


use_entry_maker(_make_child_entry)


@contextmanager
def instrument_instead(sink: Sink, config: PayiInstrumentConfig | None, use_case_name: str) -> Iterator[None]:
    """Report calls to `sink` alone during the block, for a test. What was active before goes on afterwards.

    `config` is that of what was active before if it is None, and is used without what concerns others than
    this process. Raises PayiConfigError for a config that can't be used.
    """
    current = get_current()
    if config is None and current is not None:
        config = current.config
    instead = build_for_test(sink, config, _default_logger, use_case_name)
    with _lock:
        earlier = get_current()
        set_aside()
        switch_to(instead)
    try:
        yield
    finally:
        with _lock:
            switch_off()
            if earlier is not None:
                switch_to(earlier)


def _is_disabled(logger: logging.Logger) -> bool:
    if os.environ.get("PAYI_TRANSPORT_DISABLED", "").strip().lower() not in ("1", "true", "yes", "on"):
        return False
    logger.info("payi_transport: not instrumenting, because PAYI_TRANSPORT_DISABLED is set")
    return True


def _start(
    arguments: InstrumentArguments, logger: logging.Logger, use_case_name: str, *, provisional: bool = False
) -> None:
    instrumentation = build(arguments, logger, use_case_name)
    if instrumentation is None:
        _warn_missing_key(logger)
        return
    # One that was shut down goes first, but not before the arguments have proved good.
    switch_off()
    switch_to(instrumentation._replace(provisional=provisional))


def _warn_missing_key(logger: logging.Logger) -> None:
    global _warned_of_missing_key
    logger.log(logging.DEBUG if _warned_of_missing_key else logging.WARNING, _PASSING_THROUGH)
    _warned_of_missing_key = True


def _warn_ignored(
    running: Mapping[str, object], arguments: InstrumentArguments, logger: logging.Logger
) -> None:
    # Libraries and notebook cells call this again and again, so warn only if it makes a difference.
    ignored = find_differences(running, arguments)
    if ignored:
        logger.warning(_IGNORED, ", ".join(ignored))
    else:
        logger.debug("payi_transport: payi_instrument() was already called, so this call changes nothing")


def payi_uninstrument() -> None:
    """Deliver what was captured and remove every hook; `payi_instrument()` may be called again."""
    with _lock:
        switch_off()


def payi_flush(timeout: float = 5.0) -> bool:
    """Deliver what was captured so far, waiting `timeout` seconds at most.

    Returns False if something is still waiting for its delivery, or was lost during this call. Earlier losses
    are only in `payi_stats().lost`.
    """
    seconds = check_timeout(timeout)
    pipeline = get_active()
    return pipeline is None or pipeline.flush(seconds)


def payi_shutdown(timeout: float = EXIT_SECONDS) -> bool:
    """Flush within `timeout` seconds and stop reporting until the next `payi_instrument()`.

    Calls go on working, and are counted as lost. Runs by itself when the process exits. Returns what
    `payi_flush` would.
    """
    return shut_down(check_timeout(timeout))
