"""Building a pipeline from the user's arguments: settings, clients of Pay-i's API, a sink.

Everything that can be wrong with the arguments is found here, before the first call is recorded, and raises
PayiConfigError with the accepted values. After that, nothing on the path of a call raises.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from payi_transport.client.account import PayiAccount
from payi_transport.client.base_url import check_base_url
from payi_transport.config.active_prices import use_prices
from payi_transport.config.categories import find_category_problems
from payi_transport.config.mappings import (
    collect_host_mappings,
    collect_model_mappings,
    collect_tokenizer_paths,
)
from payi_transport.config.resource_attributes import read_resource_attributes
from payi_transport.config.schema import Settings
from payi_transport.context.frame import FIELDS, Fields, Frame, enter_scope
from payi_transport.context.name_warnings import warn_of_names
from payi_transport.decode.content_logger import PromptAndResponseLogger
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.tokenizers import Tokenizers
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.delivery.limit_polling import fetch_state
from payi_transport.errors import PayiConfigError
from payi_transport.pipeline.parts import Logs, Parts
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.pipeline.sinks import MissingKeyError, check_key, make_sinks
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.rewrite.proxy import Proxy, is_private
from payi_transport.routing.hosts import HostTable
from payi_transport.routing.routes import Routes
from payi_transport.sinks.protocol import Sink
from payi_transport.values.names import DEFAULT_BASE_URL
from payi_transport.values.redaction import remove_secrets
from payi_transport.values.shown import show

if TYPE_CHECKING:
    from payi_transport.budgets.tracker import BudgetTracker

__all__ = [
    "MissingKeyError",
    "find_account",
    "make_base_frame",
    "make_pipeline",
    "make_proxy",
    "prepare_settings",
]


def make_pipeline(
    settings: Settings,
    instruments: Set[str] | None,
    logger: logging.Logger,
    log_content: bool,
    sink: Sink | Sequence[Sink | str] | None,
    payi: Any,
    prompt_logger: PromptAndResponseLogger | None = None,
    registry: Registry = REGISTRY,
) -> Pipeline:
    """Return the pipeline for these settings. `payi` is a client of the Pay-i API, a list of them, or None.

    Raises PayiConfigError for invalid settings, and PayiError if they need an API key and there is none.
    """
    tokenizers = collect_tokenizer_paths(settings)
    decode_options = DecodeOptions(
        extra_request_headers=frozenset(name.strip().lower() for name in settings.capture.request_headers),
        keep_inline_data=settings.instrument_inline_data,
        model_mappings=collect_model_mappings(settings),
        count_tokens=Tokenizers(tokenizers, logger).count if tokenizers else None,
        required_fields=settings.require,
        registry=registry,
    )
    warnings = OneTimeWarnings(logger, decode_options.model_mappings, registry)
    account = find_account(payi)
    proxy = make_proxy(settings, account, registry)
    hosts = HostTable({**proxy.hosts(), **collect_host_mappings(settings)}, registry)
    warnings.check_other_sdk()
    for problem in find_category_problems(settings):
        logger.warning("payi_transport: %s", problem)
    use_prices(settings.prices)
    logs = Logs(logger, settings.connection_error_logging_window)
    parts = Parts(
        settings=settings,
        routes=Routes(
            hosts,
            instruments,
            settings.openai_config.include_usage,
            warnings.warn_unmapped_host,
            warnings.warn_unread,
        ),
        sinks=make_sinks(settings, account, logger, sink),
        proxy=proxy,
        decode_options=decode_options,
        warnings=warnings,
        logs=logs,
        log_content=log_content,
        prompt_logger=prompt_logger,
        fetch_limit=_find_limit_fetcher(settings, account),
        make_budgets=_find_budgets_maker(settings, logs) if settings.budgets else None,
    )
    return Pipeline(parts)


def make_proxy(settings: Settings, account: PayiAccount, registry: Registry = REGISTRY) -> Proxy:
    """Return what sends calls through Pay-i, if the settings say so.

    Raises PayiConfigError for an unencrypted address, and PayiError if proxy mode has no API key.
    """
    proxy = Proxy(account.base_url, account.api_key, registry)
    if settings.proxy:
        check_key(account)
        if not is_private(account.base_url):
            raise PayiConfigError(
                f"config.proxy: expected an https address of Pay-i, or http on this machine, got"
                f" {remove_secrets(account.base_url)!r}: prompts and API keys would be sent there unencrypted"
            )
    return proxy


def _find_budgets_maker(
    settings: Settings, logs: Logs
) -> Callable[[Callable[[BaseException], None]], BudgetTracker]:
    # Imported late, because most programs have no budget, and this imports a database and the prices.
    from payi_transport.budgets.configured import make_tracker

    return partial(make_tracker, settings, logs.budgets)


def _find_limit_fetcher(settings: Settings, account: PayiAccount) -> Callable[[str], str] | None:
    """Return a function that fetches the state of a limit, or None if limits aren't enforced."""
    if not settings.enforce_limits or not account.api_key:
        return None
    return partial(fetch_state, account)


def prepare_settings(settings: Settings, prompt_logger: object) -> Settings:
    """Return the settings with those that others imply.

    A prompt logger and limits need Pay-i's response to each event (its id, its limits), so events are
    delivered one by one instead of in bulk. In proxy mode the limits come with the response of the proxy. A
    prompt logger is also called before the caller goes on: it may set attributes of the caller's span.

    Raises PayiConfigError if the logger is not callable, or can't be combined with other settings.
    """
    if prompt_logger is not None:
        _check_prompt_logger(settings, prompt_logger)
    follows_limits = settings.enforce_limits or settings.on_limit is not None
    needs_responses = prompt_logger is not None or (follows_limits and not settings.proxy)
    if not needs_responses or settings.delivery.mode != "bulk":
        return settings
    mode: Any = "single" if prompt_logger is None else "inline"
    return replace(settings, delivery=replace(settings.delivery, mode=mode))


def _check_prompt_logger(settings: Settings, prompt_logger: object) -> None:
    if not callable(prompt_logger):
        raise PayiConfigError(
            "prompt_and_response_logger: expected a function of (request_id, data), got"
            f" {show(prompt_logger)}"
        )
    if settings.delivery.spool_directory is not None:
        raise PayiConfigError(
            "prompt_and_response_logger: can't be combined with config.delivery.spool_directory, because"
            " another process may deliver an event; leave out one of them"
        )


def find_account(payi: Any) -> PayiAccount:
    """Return the account of the first client, or that in the environment, whose key may be empty.

    Raises PayiConfigError if an item is not a client, and for an address that can't be used.
    """
    clients = list(payi) if isinstance(payi, Iterable) else [payi] if payi is not None else []
    for client in clients:
        key, url = getattr(client, "api_key", None), getattr(client, "base_url", None)
        if not isinstance(key, str) or url is None:
            raise PayiConfigError(
                f"payi: expected a Payi or AsyncPayi client or a list of them, got {type(client).__name__};"
                " put the API key in the environment variable PAYI_API_KEY, or in Payi(api_key=...)"
            )
    if clients:
        return _read_account(clients[0])
    url = check_base_url(os.environ.get("PAYI_BASE_URL") or DEFAULT_BASE_URL, "PAYI_BASE_URL")
    return PayiAccount(url, _read_key(os.environ.get("PAYI_API_KEY") or ""))


def _read_key(text: str) -> str:
    # A key that was read from a file often ends in a line break.
    key = text.strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise PayiConfigError(
            "PAYI_API_KEY: expected a key of ASCII letters, digits and punctuation, got one with other"
            " characters in it, which isn't shown"
        )
    return key


def _read_account(client: Any) -> PayiAccount:
    # In Pay-i's SDK, the public attribute also contains headers of the SDK itself.
    headers = getattr(client, "_custom_headers", getattr(client, "default_headers", None))
    pairs = headers.items() if isinstance(headers, Mapping) else ()
    query = getattr(client, "default_query", None)
    return PayiAccount(
        check_base_url(str(client.base_url), "base_url"),
        client.api_key,
        # None removes a header that PAYI_CUSTOM_HEADERS has set. Pay-i's SDK has an object for that.
        {name: value if isinstance(value, str) else None for name, value in pairs},
        dict(query) if isinstance(query, Mapping) else {},
    )


def make_base_frame(settings: Settings, caller: str, fields: Fields = FIELDS) -> Frame:
    """Return the outermost frame: the settings, with `caller` as use case if they don't name one."""
    scope: Any = {"use_case_name": caller, "proxy": settings.proxy or None}
    for name, row in fields.rows.items():
        if row.config and (value := getattr(settings, name)) != row.type.default:
            scope[name] = value
    if settings.resource_attributes and (attributes := read_resource_attributes(os.environ)):
        scope["request_properties"] = {**attributes, **scope.get("request_properties", {})}
    warn_of_names(scope)
    return enter_scope(fields.frame_type(hash_user_ids=settings.hash_user_ids), scope)
