"""The process-wide switch: `payi_instrument()` and what goes with it."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import uuid
from collections.abc import Iterable, Set
from functools import partial
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from payi_transport.adapters.registry import Registry, get_adapters
from payi_transport.config import (
    PayiInstrumentConfig,
    check_config,
    check_instruments,
    collect_host_mappings,
    collect_model_mappings,
    collect_tokenizer_paths,
)
from payi_transport.context import set_base_frame
from payi_transport.decode import Reading
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.frame import Frame, enter_scope
from payi_transport.hosts import HostTable
from payi_transport.names import DEFAULT_BASE_URL
from payi_transport.notices import Notices
from payi_transport.pipeline import Pipeline, activate, get_active
from payi_transport.prompt_log import PromptAndResponseLogger
from payi_transport.routes import Routes
from payi_transport.settings import Settings
from payi_transport.sinks import Sink
from payi_transport.sinks.offline import OfflineSink
from payi_transport.sinks.payi import PayiAccount, PayiSink
from payi_transport.stats import PayiStats
from payi_transport.tokenizers import Tokenizers

__all__ = ["payi_flush", "payi_instrument", "payi_shutdown", "payi_stats", "payi_uninstrument"]

_lock = threading.Lock()
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

    `payi` is a client of the Pay-i API or a list of them, whose key and base URL are used; without one they
    come from `PAYI_API_KEY` and `PAYI_BASE_URL`. `sink` sends the events elsewhere (see `MemorySink`).
    `prompt_and_response_logger` is called on a background thread for each event that Pay-i has taken, with
    the id that Pay-i gave the request, and request and response as text; it makes each event a call of its
    own. With `log_prompt_and_response=False` it is told what Pay-i is not.
    `PAYI_TRANSPORT_DISABLED=1` makes this do nothing. A second call changes nothing.

    Raises PayiConfigError for a configuration that can't be used, PayiError where there is no key.
    """
    logger = logger or _default_logger
    if os.environ.get("PAYI_TRANSPORT_DISABLED", "").strip().lower() in ("1", "true", "yes", "on"):
        logger.info("payi_transport: switched off by PAYI_TRANSPORT_DISABLED")
        return
    with _lock:
        if get_active() is not None:
            logger.debug("payi_transport: payi_instrument() was called before; this call changes nothing")
            return
        settings = check_config(cast("dict[str, Any] | None", config))
        if prompt_and_response_logger is not None:
            settings = _prepare_prompt_logger(settings, prompt_and_response_logger)
        _prepare_spool(settings.delivery.spool_directory)
        pipeline = _make_pipeline(
            settings,
            check_instruments(instruments),
            logger,
            log_prompt_and_response,
            sink,
            payi,
            prompt_and_response_logger,
        )
        set_base_frame(_make_base_frame(settings), record_unscoped=settings.global_instrumentation)
        activate(pipeline)
        _install(logger)
        atexit.register(payi_shutdown)


def payi_uninstrument() -> None:
    """Deliver what is captured, put every hook back; instrumenting again is allowed."""
    with _lock:
        _uninstall()
        payi_shutdown()
        activate(None)
        set_base_frame(None)
        atexit.unregister(payi_shutdown)


def payi_flush(timeout: float = 5.0) -> bool:
    """Wait `timeout` seconds at most until all that was captured before is delivered; False if any is not."""
    pipeline = get_active()
    return pipeline is None or pipeline.flush(timeout)


def payi_shutdown(timeout: float = 2.0) -> bool:
    """Flush within `timeout` seconds and stop; calls go on unreported. Runs by itself at exit."""
    pipeline = get_active()
    return pipeline is None or pipeline.close(timeout)


def payi_stats() -> PayiStats:
    """Where every captured call is now, and which were lost for what reason."""
    pipeline = get_active()
    return PayiStats() if pipeline is None else pipeline.stats()


def _make_pipeline(
    settings: Settings,
    instruments: Set[str] | None,
    logger: logging.Logger,
    log_content: bool,
    sink: Sink | None,
    payi: Any,
    prompt_logger: PromptAndResponseLogger | None,
) -> Pipeline:
    reading = Reading(
        more_headers=frozenset(name.strip().lower() for name in settings.capture.request_headers),
        inline_data=settings.instrument_inline_data,
        model_mappings=collect_model_mappings(settings),
        count_tokens=Tokenizers(collect_tokenizer_paths(settings), logger).count,
    )
    notices = Notices(logger, reading.model_mappings)
    hosts = HostTable(collect_host_mappings(settings))
    routes = Routes(hosts, instruments, settings.openai_config.include_usage, notices.tell_unmapped)
    return Pipeline(
        settings,
        routes,
        sink or _make_sink(settings, payi),
        reading=reading,
        notices=notices,
        log_content=log_content,
        logger=logger,
        prompt_logger=prompt_logger,
    )


_registry: Registry | None = None


def _install(logger: logging.Logger) -> None:
    global _registry
    _registry = Registry(get_adapters(), partial(_tell_missing, logger))
    _registry.install()


def _uninstall() -> None:
    if _registry is not None:
        _registry.uninstall()


def _tell_missing(logger: logging.Logger, library: str, missing: str) -> None:
    logger.warning("payi_transport: this version of %s has no %s; %s", library, missing, _WITHOUT_HOOK)


def _make_sink(settings: Settings, payi: Any) -> Sink:
    if settings.offline_instrumentation is not None:
        return OfflineSink(settings.offline_instrumentation.file_name)
    delivery = settings.delivery
    return PayiSink(_find_account(payi), single=delivery.mode == "single", batch_limit=delivery.max_batch)


def _prepare_prompt_logger(settings: Settings, prompt_logger: object) -> Settings:
    """The settings that it implies: only an event that goes alone is answered with an id of its own."""
    if not callable(prompt_logger):
        raise PayiConfigError(
            f"prompt_and_response_logger: expected a function of (request_id, data), got {prompt_logger!r}"
        )
    if settings.delivery.spool_directory is not None:
        raise PayiConfigError(
            "prompt_and_response_logger: not together with config.delivery.spool_directory, where another"
            " process may deliver an event"
        )
    mode = {"bulk": "single"}.get(settings.delivery.mode, settings.delivery.mode)
    return replace(settings, delivery=replace(settings.delivery, mode=mode))


def _prepare_spool(directory: str | None) -> None:
    """Make the directory, for this user alone: prompts wait in it."""
    if directory is None:
        return
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError as exc:
        raise PayiConfigError(f"config.delivery.spool_directory: {directory!r}: {exc.strerror}") from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PayiConfigError(f"config.delivery.spool_directory: {directory!r} can not be written")


def _find_account(payi: Any) -> PayiAccount:
    """Key and base URL of the first client given, or of the environment."""
    clients = list(payi) if isinstance(payi, Iterable) else [payi] if payi is not None else []
    for client in clients:
        key, url = getattr(client, "api_key", None), getattr(client, "base_url", None)
        if not isinstance(key, str) or url is None:
            raise PayiConfigError(
                f"payi: expected a Payi or AsyncPayi client or a list of them, got {payi!r}"
            )
    if clients:
        return PayiAccount(str(clients[0].base_url), clients[0].api_key)
    key = os.environ.get("PAYI_API_KEY")
    if not key:
        raise PayiError(
            "No Pay-i API key: set the environment variable PAYI_API_KEY, pass payi=, or write events to a"
            " file with config={'offline_instrumentation': {}}"
        )
    return PayiAccount(os.environ.get("PAYI_BASE_URL") or DEFAULT_BASE_URL, key)


def _make_base_frame(settings: Settings) -> Frame:
    name = settings.use_case_name
    return enter_scope(
        Frame(),
        use_case_name=_calling_file() if name is None else name,
        use_case_id=settings.use_case_id,
        use_case_version=settings.use_case_version,
        use_case_properties=settings.use_case_properties or None,
        limit_ids=list(settings.limit_ids) or None,
        request_tags=list(settings.request_tags) or None,
        user_id=settings.user_id,
        account_name=settings.account_name,
        proxy=settings.proxy or None,
        request_properties=settings.request_properties or None,
    )


def _calling_file() -> str:
    """The name of the file that called `payi_instrument()`, as Pay-i's SDK writes it."""
    here = __file__
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename == here:
        frame = frame.f_back
    name = Path(frame.f_code.co_filename).name.replace(" ", "_").lower().removesuffix(".py")
    return name or str(uuid.uuid4())
