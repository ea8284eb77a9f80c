"""Warn once about each thing that keeps calls from being reported, counted, or priced.

Each warning names the line of configuration, as JSON, that would end it. A warning appears once for each
host, deployment or decorator, since the same call is usually made thousands of times.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence

from payi_transport.decode.pricing import ModelMapping, find_mapping
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.routing.hosts import find_known
from payi_transport.routing.routes import Route
from payi_transport.routing.usual_category import find_usual_mapping
from payi_transport.values.event import Event
from payi_transport.values.names import UNITS_REASON_PROPERTY, UNKNOWN_RESOURCE, PayiCategories

__all__ = ["OneTimeWarnings"]

# The program names hosts and deployments, so there are few. Bounded anyway, in case it generates names.
_MAX_REMEMBERED = 1000
_MIXED_MODES = {
    "ingest": "a call inside a function decorated with @ingest goes through Pay-i's proxy, because of its"
    " client's base URL or proxy=True. Decorate the function with @proxy or @track, or point the client at"
    " the provider and remove proxy=True",
    "proxy": "a call inside a function decorated with @proxy goes through Pay-i's proxy, but the program is"
    " not in proxy mode. Decorate the function with @ingest or @track, or send all calls through the proxy"
    ' with config={"proxy": True}',
}
_UNREAD = {
    "batch": "this version does not read the results of batches",
    "channel": "its channel was made before payi_instrument() was called",
}


class OneTimeWarnings:
    """Log each warning once, with the configuration that would end it."""

    def __init__(
        self, logger: logging.Logger, model_mappings: Sequence[ModelMapping], registry: Registry = REGISTRY
    ) -> None:
        self._logger = logger
        self._registry = registry
        self._operations = registry.operations
        self._mappings = model_mappings
        self._priced = {mapping.price_as_resource for mapping in model_mappings}
        # Without a lock: two threads may log the same warning, which does no harm.
        self._warned_deployments: set[str] = set()
        self._warned_decorators: set[str] = set()
        self._warned_hosts: set[str] = set()
        self._warned_categories: set[str] = set()
        self._warned_of_other_sdk = False

    def warn_unmapped_host(self, host: str, operation: str, path: str = "") -> None:
        """Warn that calls to an unknown host look like LLM calls. `Routes` calls this once for each host."""
        usual = find_usual_mapping(host, path, operation, self._registry)
        config = {"host_mappings": {usual.key: {"price_as_category": usual.category}}}
        self._logger.warning(
            "payi_transport: calls to %s look like LLM calls (%s) but are not reported, because the host is"
            " neither known nor mapped. To report them, add this to the config, with the category to price"
            " them as: %s",
            host,
            operation,
            json.dumps(config),
        )

    def warn_unread(self, host: str, reason: str, request: str) -> None:
        """Warn that calls to a known host are not reported. `Routes` calls this once per host and reason."""
        self._logger.warning(
            "payi_transport: %s at %s is not reported, because %s. payi_stats().unobserved"
            " counts such calls; to report their cost, %s",
            request,
            host,
            _UNREAD.get(reason, "this version does not read this API"),
            "make the channel later" if reason == "channel" else "use client.ingest.units()",
        )

    def check_category(self, route: Route, event: Event) -> None:
        """Warn that a known host is priced by its provider's plain name, because Pay-i has no category."""
        category = event.category
        if not route.known or category.startswith("system."):
            return
        known = find_known(*route.host, self._registry)
        # A mapping, or the scope, may have set another one.
        if known is None or known.category != category:
            return
        # There are as many as the table of hosts has.
        if category not in self._warned_categories:
            self._warned_categories.add(category)
            row = {str(route.host): {"price_as_category": "<category>"}}
            self._logger.warning(
                "payi_transport: calls to %s are reported with the category %r, because Pay-i has none of its"
                " own for this provider, so they have no price until you define it there. To price them as"
                " another category, add this to the config: %s",
                route.host,
                category,
                json.dumps({"host_mappings": row}),
            )

    def warn_mixed_modes(self, decorator: str) -> None:
        """Warn that a function has the decorator that is meant for the other mode."""
        if decorator not in self._warned_decorators:
            self._warned_decorators.add(decorator)
            self._logger.warning("payi_transport: %s", _MIXED_MODES[decorator])

    def check_other_sdk(self) -> None:
        """Warn if Pay-i's own SDK reports calls of this process, too, as after half a migration."""
        if self._warned_of_other_sdk or not _other_sdk_reports():
            return
        self._warned_of_other_sdk = True
        self._logger.warning(
            "payi_transport: payi.lib.instrument.payi_instrument() was called in this process, too. A call"
            " that both record counts twice. Call only one of them: import payi_instrument from"
            " payi_transport everywhere"
        )

    def warn_missing_units(self, route: Route, event: Event) -> None:
        """Warn that a call succeeded without units that can be read, once for each host."""
        host = str(route.host)
        if host in self._warned_hosts or len(self._warned_hosts) >= _MAX_REMEMBERED:
            return
        self._warned_hosts.add(host)
        on_request = self._operations[route.operation].has_usage_chunk
        reason = (event.properties or {}).get(UNITS_REASON_PROPERTY)
        if reason is not None:
            what = (
                f"a response from {host} ({route.operation}) can't be read to its end, because {reason}."
                " So its event lacks units"
            )
            remedy = _explain_how_to_keep(reason)
        # Many hosts report the usage of a stream only on request.
        elif on_request and event.time_to_first_token_ms is not None:
            what = f"a stream from {host} reported no usage, so its event has no units"
            remedy = f"If the host accepts stream_options, {_explain_how_to_ask(route)}"
        else:
            what = (
                f"a response from {host} ({route.operation}) has no usage that can be read, so its event has"
                " no units"
            )
            remedy = _explain_how_to_read(route)
        self._logger.warning(
            "payi_transport: %s, and the property %s. %s. payi_stats().missing_units counts such calls",
            what,
            "system.units.reason says why" if reason else "system.units is 'missing'",
            remedy,
        )

    def check_price(self, route: Route, event: Event) -> None:
        """Warn if a deployment on Azure has no mapping.

        Users name deployments freely, so a deployment's name has no price of its own.
        """
        name = event.resource or UNKNOWN_RESOURCE
        # If the path names no deployment, the resource may be what a mapping has made of one.
        if name == UNKNOWN_RESOURCE or name in self._priced or name in self._warned_deployments:
            return
        if event.category != PayiCategories.azure_openai or len(self._warned_deployments) >= _MAX_REMEMBERED:
            return
        # A mapping may have changed the category or the resource.
        if route.category != event.category or name != (route.resource or name):
            return
        if find_mapping(self._mappings, {name}, route.host) is None:
            self._warned_deployments.add(name)
            row = {"model": name, "price_as_resource": "<model>"}
            self._logger.warning(
                "payi_transport: Azure deployment %s has no model mapping, so it is priced by its own name,"
                " which may have no price. To price it as a model, add this to the config: %s",
                json.dumps(name),
                json.dumps({"openai_config": {"model_mappings": [row]}}),
            )


def _other_sdk_reports() -> bool:
    # Only a program that uses it has it among its modules. In proxy mode, it reports nothing.
    instrumentor = getattr(sys.modules.get("payi.lib.instrument"), "_instrumentor", None)
    return instrumentor is not None and not getattr(instrumentor, "_proxy_default", False)


def _explain_how_to_ask(route: Route) -> str:
    """Return how to make the host report usage."""
    # The library is already set to ask, but some ways of sending a request don't let it rewrite the body.
    # Then only the caller can ask.
    if route.asks_usage or route.proxied:
        return 'make the call with stream_options={"include_usage": True}'
    category = {} if route.known else {"price_as_category": route.category}
    config = {"host_mappings": {str(route.host): {**category, "include_usage": True}}}
    return f"add this to the config: {json.dumps(config)}"


def _explain_how_to_keep(reason: str) -> str:
    """Return what to do about a response whose end is not kept, or can't be inflated."""
    if "max_body_bytes" in reason:
        return 'To keep larger bodies, raise it in the config: {"capture": {"max_body_bytes": <bytes>}}'
    return "If the host can send gzip, make the calls with the header Accept-Encoding: gzip"


def _explain_how_to_read(route: Route) -> str:
    """Return what to do about a response whose usage can't be read."""
    if route.known or route.proxied:
        return (
            "Look at the response in the event: if it states a usage, please report that as a bug; if not,"
            " the provider bills this call by something that it does not send"
        )
    return (
        "Look at the response in the event. If the host's format is that of another provider than the path"
        " suggests, or if its usage has a form of its own, please report that as a bug"
    )
