"""The process-wide switch: `payi_instrument()` and what goes with it."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Set
from functools import partial
from typing import Any, cast

from payi_transport.api.arguments import Arguments, describe, find_ignored
from payi_transport.api.default_use_case import default_use_case_name
from payi_transport.config.types import PayiInstrumentConfig
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.context.results import forget_results
from payi_transport.context.scope import set_base_frame
from payi_transport.decode.content_logger import PromptAndResponseLogger
from payi_transport.delivery.process_exit import run_at_pool_worker_exit
from payi_transport.delivery.stats import PayiStats
from payi_transport.hooks.registry import Registry, get_hooks
from payi_transport.pipeline.active import activate, deactivate, get_active, get_last
from payi_transport.pipeline.assembly import make_base_frame, make_pipeline, prepare_settings
from payi_transport.pipeline.pipeline import EXIT_SECONDS
from payi_transport.sinks.protocol import Sink

__all__ = [
    "payi_flush",
    "payi_instrument",
    "payi_limits",
    "payi_shutdown",
    "payi_stats",
    "payi_uninstrument",
]

_lock = threading.Lock()
# The process ends: what begins now would be delivered by nobody.
_ending = False
# What the arguments of the call that began come to.
_running: dict[str, object] = {}
_IGNORED = (
    "payi_transport: payi_instrument() was called before; this call changes nothing and ignores %s."
    " Call payi_uninstrument() first"
)
_WITHOUT_HOOK = "its calls are not recorded, save through payi_httpx_client() or PayiTransport"
_default_logger = logging.getLogger("payi.instrument")


def payi_instrument(
    payi: Any = None,
    *,
    instruments: Set[str] | None = None,
    log_prompt_and_response: bool = True,
    config: PayiInstrumentConfig | None = None,
    logger: logging.Logger | None = None,
    prompt_and_response_logger: PromptAndResponseLogger | None = None,
    sink: Sink | None = None,
) -> None:
    """Report every LLM call of this process to Pay-i, from now on, also those of clients made before.

    `payi` is a client of the Pay-i API or a list of them: key, base URL and default headers of the first are
    used; without one they come from `PAYI_API_KEY`, `PAYI_BASE_URL` and `PAYI_CUSTOM_HEADERS`. `sink` sends
    the events elsewhere (see `MemorySink`).
    `prompt_and_response_logger` is called on a background thread for each event that Pay-i has taken, with
    the id that Pay-i gave the request, and request and response as text; it makes each event a call of its
    own. With `log_prompt_and_response=False` it is told what Pay-i is not.
    `PAYI_TRANSPORT_DISABLED=1` makes this do nothing. A second call changes nothing, and warns of arguments
    that ask for something else, unless `payi_shutdown()` was called in between: then this begins afresh, as
    behind `payi_uninstrument()`.

    Raises PayiConfigError for a configuration that can't be used, PayiError where there is no key.
    """
    # It is looked at more than once.
    payi = list(payi) if isinstance(payi, Iterator) else payi
    given = Arguments(
        payi, instruments, log_prompt_and_response, config, logger, prompt_and_response_logger, sink
    )
    logger = logger or _default_logger
    if os.environ.get("PAYI_TRANSPORT_DISABLED", "").strip().lower() in ("1", "true", "yes", "on"):
        logger.info("payi_transport: switched off by PAYI_TRANSPORT_DISABLED")
        return
    with _lock:
        active = get_active()
        if active is None or (active.closed and not _ending):
            _start(given._replace(logger=logger), logger, default_use_case_name(sys._getframe().f_back))
            return
        running = _running
    # Without the lock: a handler of the logger's may call us.
    _tell_ignored(running, given, logger)


def _start(given: Arguments, logger: logging.Logger, caller: str) -> None:
    global _running
    running = describe(given)
    settings = check_config(cast("dict[str, Any] | None", given.config))
    settings = prepare_settings(settings, given.prompt_and_response_logger)
    pipeline = make_pipeline(
        settings,
        check_instruments(given.instruments),
        logger,
        given.log_prompt_and_response,
        given.sink,
        given.payi,
        given.prompt_and_response_logger,
    )
    # What was shut down; only now, as bad input is to change nothing.
    _leave()
    set_base_frame(make_base_frame(settings, caller), record_unscoped=settings.global_instrumentation)
    activate(pipeline)
    _install(logger)
    atexit.register(_end)
    run_at_pool_worker_exit(payi_shutdown)
    _running = running


def _tell_ignored(running: Mapping[str, object], given: Arguments, logger: logging.Logger) -> None:
    # Libraries and cells of notebooks call again and again: only what is asked for in vain is worth a word.
    ignored = find_ignored(running, given)
    if ignored:
        logger.warning(_IGNORED, ", ".join(ignored))
    else:
        logger.debug("payi_transport: payi_instrument() was called before; this call changes nothing")


def _renew_lock() -> None:
    # Another thread may have held it while this process was forked, at whose end it may have been.
    global _lock, _ending
    _lock = threading.Lock()
    _ending = False


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_renew_lock)


def payi_uninstrument() -> None:
    """Deliver what is captured, put every hook back; instrumenting again is allowed."""
    with _lock:
        _leave()


def _leave() -> None:
    global _running
    _uninstall()
    payi_shutdown()
    deactivate()
    set_base_frame(None)
    forget_results()
    _running = {}
    atexit.unregister(_end)


def payi_flush(timeout: float = 5.0) -> bool:
    """Wait `timeout` seconds at most until nothing that was captured before waits for its delivery any more.

    False if something still does, or was lost meanwhile. What was lost before the call is in
    `payi_stats().lost` alone.
    """
    pipeline = get_active()
    return pipeline is None or pipeline.flush(timeout)


def payi_shutdown(timeout: float = EXIT_SECONDS) -> bool:
    """Flush within `timeout` seconds and stop; calls go on unreported, up to the next `payi_instrument()`.

    Runs by itself at exit.
    """
    pipeline = get_active()
    return pipeline is None or pipeline.close(timeout)


def _end() -> None:
    global _ending
    _ending = True
    payi_shutdown()


def payi_limits() -> dict[str, str]:
    """The latest state of each limit by its id, as far as Pay-i told: "ok", "blocked", "exceeded", …

    Bulk delivery, the default, hears of none; single and inline delivery and proxy mode do. `on_limit`
    and `enforce_limits` make bulk delivery a single one.
    """
    pipeline = get_active()
    return {} if pipeline is None else pipeline.limits.snapshot()


def payi_stats() -> PayiStats:
    """Where every captured call is now, and which were lost for what reason.

    Also to be read behind `payi_uninstrument()`, up to the next `payi_instrument()`.
    """
    pipeline = get_last()
    return PayiStats() if pipeline is None else pipeline.stats()


_registry: Registry | None = None


def _install(logger: logging.Logger) -> None:
    global _registry
    _registry = Registry(get_hooks(), partial(_tell_missing, logger))
    _registry.install()


def _uninstall() -> None:
    if _registry is not None:
        _registry.uninstall()


def _tell_missing(logger: logging.Logger, library: str, missing: str) -> None:
    logger.warning("payi_transport: this version of %s has no %s; %s", library, missing, _WITHOUT_HOOK)
