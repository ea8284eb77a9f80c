"""The sinks of a pipeline, each with a name: Pay-i, those of the `sink` argument, those of `config`."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from payi_transport.client.account import PayiAccount
from payi_transport.config.schema import Settings
from payi_transport.delivery.spool.directory import check_directory, find_spool_directory
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.pipeline.parts import Sinks
from payi_transport.rewrite.proxy import is_private
from payi_transport.runtime.file_locks import try_lock
from payi_transport.sinks.configured import PAYI, find_sink_names, make_configured_sink
from payi_transport.sinks.protocol import Receipt, Sink, TracingSink, check_sink
from payi_transport.values.event import Event
from payi_transport.values.file_counts import FileCounts
from payi_transport.values.patterns import lazy_compile

if TYPE_CHECKING:
    from payi_transport.sinks.payi import PayiSink

__all__ = ["MissingKeyError", "check_key", "make_sinks", "prepare_spool"]

# How long Pay-i may take to respond while a call waits for its report.
_INLINE_SECONDS = 10.0
# What the name of a sink, and so of the directory of its spool, does not have.
_UNUSUAL = lazy_compile(r"[^\w-]")


class MissingKeyError(PayiError):
    """There is no key of Pay-i's API, and the settings need one."""


class _SharedSink:
    """A sink that the worker and inline delivery share. Only one of them uses it at a time."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.RLock()
        # What a sink may have besides the members of the protocol.
        self.spools: bool = getattr(sink, "spools", True)
        self.write_counts: Callable[[FileCounts], None] | None = getattr(sink, "write_counts", None)

    @property
    def batch_limit(self) -> int | None:
        return self._sink.batch_limit

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        with self._lock:
            return self._sink.deliver(batch)

    def fork(self) -> None:
        self._lock = threading.RLock()
        self._sink.fork()

    def close(self) -> None:
        with self._lock:
            self._sink.close()


def make_sinks(
    settings: Settings,
    account: PayiAccount,
    logger: logging.Logger,
    sink: Sink | Sequence[Sink | str] | None,
) -> Sinks:
    """Return the sinks that the settings and the `sink` argument ask for, each with a spool if there is one.

    Raises PayiConfigError for what is not a sink and for a directory that can't be used, and MissingKeyError.
    """
    if settings.delivery.spool_directory is not None:
        prepare_spool(settings.delivery.spool_directory)
    given = [] if sink is None else _list_given(sink)
    names = find_sink_names(
        settings, [item for item in given if isinstance(item, str)], is_given=sink is not None
    )
    workers: dict[str, Sink] = {}
    inline: Sink | None = None
    if PAYI in names:
        payi = _make_payi_sink(settings, account, logger)
        workers[PAYI] = payi
        inline = payi.make_inline(_INLINE_SECONDS)
    for item in given:
        if not isinstance(item, str):
            workers[_find_name(item, workers)] = item
    for name in names:
        if name != PAYI:
            workers[name] = make_configured_sink(name, settings)
    if len(workers) > 1:
        _prepare_spools(settings.delivery.spool_directory, workers)
    tracing = _find_tracing(workers.values())
    if settings.delivery.mode != "inline":
        return Sinks(workers, tracing=tracing)
    if inline is None:
        first = next(iter(workers))
        inline = workers[first] = _SharedSink(workers[first])
    return Sinks(workers, inline, tracing)


def _find_tracing(sinks: Iterable[Sink]) -> TracingSink | None:
    """Return the sink that makes spans. Its module is not imported here: it needs extra packages."""
    found = (sink for sink in sinks if callable(getattr(sink, "trace_call", None)))
    return cast("TracingSink | None", next(found, None))


def _list_given(sink: Sink | Sequence[Sink | str]) -> list[Sink | str]:
    # An empty list is checked like an object that is not a sink, and so is a tuple with names.
    items: list[Any] = list(sink) if type(sink) in (list, tuple) and sink else [sink]  # type: ignore[arg-type]
    for index, item in enumerate(items):
        if not isinstance(item, str):
            check_sink(item)
        if any(item is other for other in items[:index]):
            # Its name is enough: the repr of a sink may contain a key.
            name = item if isinstance(item, str) else type(item).__name__
            raise PayiConfigError(f"sink: expected different sinks, got the same {name} twice")
    return items


def _find_name(sink: Sink, taken: dict[str, Sink]) -> str:
    """Return the `name` of a sink of the user's, if it has one, or else that of its class."""
    name = getattr(sink, "name", None)
    base = _UNUSUAL.sub("_", name if isinstance(name, str) and name else type(sink).__name__)
    number = 1
    unique = base
    while unique in taken or unique == PAYI:
        number += 1
        unique = f"{base}-{number}"
    return unique


def _make_payi_sink(settings: Settings, account: PayiAccount, logger: logging.Logger) -> PayiSink:
    check_key(account)
    if not is_private(account.base_url):
        logger.warning(
            "payi_transport: the address of Pay-i (PAYI_BASE_URL) is not https, so your API key and events"
            " are sent unencrypted; use an https address"
        )
    delivery = settings.delivery
    # This imports the client of Pay-i's API, which would slow down `import payi_transport`.
    from payi_transport.sinks.payi import PayiSink

    return PayiSink(account, single=delivery.mode != "bulk", batch_limit=delivery.max_batch)


def check_key(account: PayiAccount) -> None:
    """Raise MissingKeyError if the account has no key."""
    if not account.api_key:
        raise MissingKeyError(
            "No Pay-i API key, so events can't be delivered: set the environment variable PAYI_API_KEY, pass"
            " payi=, or write events to a file with config={'offline_instrumentation': {}}. To run without"
            " reporting, set PAYI_TRANSPORT_DISABLED=1, or pass config={'required': False}"
        )


def _prepare_spools(root: str | None, names: Iterable[str]) -> None:
    for name in names:
        directory = find_spool_directory(root, name)
        if directory is not None:
            prepare_spool(directory)


def prepare_spool(directory: str) -> None:
    """Create the directory with access for this user only, since it will contain prompts.

    Raises PayiConfigError if it can't be used.
    """
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        check_directory(directory)
        # Try it. Permission bits say nothing about a file system that is read-only or full.
        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            try_lock(file)
    # A ValueError is a character that no path can have.
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise PayiConfigError(
            f"config.delivery.spool_directory: can't write to {directory!r}: {reason}"
        ) from None
