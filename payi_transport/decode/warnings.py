"""What users are told once, as it happens: what is missing for a call to be reported, counted or priced."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus

from payi_transport.decode.pricing import ModelMapping, find_mapping
from payi_transport.routing.examples import EXAMPLES
from payi_transport.routing.routes import HAS_USAGE_CHUNK, Route
from payi_transport.values.event import Event
from payi_transport.values.names import STREAM_PROPERTY, UNKNOWN_RESOURCE, PayiCategories, PayiPropertyNames

__all__ = ["OneTimeWarnings"]

# Names of hosts and deployments come from the program; a bound all the same.
_REMEMBERED = 1000
_MIXED_MODES = {
    "ingest": "a call inside a function with @ingest goes through Pay-i's proxy, by its client's address or"
    " proxy=True. Decorate the function with @proxy or @track; or point the client at the provider, and take"
    " proxy=True away",
    "proxy": "a call inside a function with @proxy goes through Pay-i's proxy, in a program that is not in"
    " proxy mode. Decorate the function with @ingest or @track; or have all calls go through the proxy, by"
    ' config={"proxy": True}',
}


class OneTimeWarnings:
    """Warnings that come once each, with the line of configuration that would end them."""

    def __init__(self, logger: logging.Logger, model_mappings: Sequence[ModelMapping]) -> None:
        self._logger = logger
        self._mappings = model_mappings
        self._priced = {mapping.price_as_resource for mapping in model_mappings}
        self._deployments: set[str] = set()
        self._mixed: set[str] = set()
        self._silent: set[str] = set()

    def warn_unmapped_host(self, host: str, operation: str) -> None:
        """Calls to a host that is neither known nor mapped look like LLM calls."""
        wanted = {"host_mappings": {host: {"price_as_category": EXAMPLES[operation].category}}}
        self._logger.warning(
            "payi_transport: calls to %s look like LLM calls (%s) and are not reported, as the host is"
            " neither known nor mapped. To report them, add to the config: %s (with the category to price"
            " them as)",
            host,
            operation,
            json.dumps(wanted),
        )

    def warn_mixed_modes(self, decorator: str) -> None:
        """A function has the decorator that is meant for the other mode."""
        if decorator not in self._mixed:
            self._mixed.add(decorator)
            self._logger.warning("payi_transport: %s", _MIXED_MODES[decorator])

    def check_usage(self, route: Route, event: Event) -> None:
        """A stream that came to its end told no tokens: by default, many hosts tell none."""
        if route.operation not in HAS_USAGE_CHUNK or event.units or not _is_whole_stream(event):
            return
        host = str(route.host)
        if host not in self._silent and len(self._silent) < _REMEMBERED:
            self._silent.add(host)
            self._logger.warning(
                "payi_transport: a stream of %s told no usage, so its event counts no tokens. If the host"
                " accepts stream_options, %s",
                host,
                _tell_how_to_ask(route),
            )

    def check_price(self, route: Route, event: Event) -> None:
        """An Azure deployment has a name of the user's, which has no price unless a mapping says so."""
        name = event.resource or UNKNOWN_RESOURCE
        # A path that names no deployment can't tell a mapping's result from a deployment's name.
        if name == UNKNOWN_RESOURCE or name in self._priced or name in self._deployments:
            return
        if event.category != PayiCategories.azure_openai or len(self._deployments) >= _REMEMBERED:
            return
        if route.category != event.category or name != (route.resource or name):
            return
        if find_mapping(self._mappings, {name}, route.host) is None:
            self._deployments.add(name)
            wanted = {"model": name, "price_as_resource": "<model>"}
            self._logger.warning(
                "payi_transport: Azure deployment %s has no model mapping, so it is priced by its own name."
                " To price it as a model, add to the config: %s",
                json.dumps(name),
                json.dumps({"openai_config": {"model_mappings": [wanted]}}),
            )


def _is_whole_stream(event: Event) -> bool:
    """Neither cut nor failed, of which the usage would be missing anyway."""
    streams = event.time_to_first_token_ms is not None and event.http_status_code == HTTPStatus.OK
    return streams and not {STREAM_PROPERTY, PayiPropertyNames.failure} & set(event.properties or ())


def _tell_how_to_ask(route: Route) -> str:
    """For its usage. What is asked already, and not answered, was sent in a way that is never rewritten."""
    if route.asks_usage or route.proxied:
        return 'make the call with stream_options={"include_usage": True}'
    category = {} if route.known else {"price_as_category": route.category}
    wanted = {"host_mappings": {str(route.host): {**category, "include_usage": True}}}
    return f"add to the config: {json.dumps(wanted)}"
