"""Decide which category, resource, and scope a call is priced as.

Three sources are consulted in order. The scope around the call comes first (`price_as_category`,
`price_as_resource`): if it sets either of these two, model mappings don't apply. Otherwise the first model
mapping that matches the model and the host does. What neither sets comes from the route and the response:
the host's category, the requested model, and the region that the response reports. The bill follows where a
request was processed, so that region wins over a `resource_scope` of the scope that states no price.

A model goes by several names. The caller may request an alias while the response names the version, and
Google's and Anthropic's models on Vertex are priced under a prefix (`google.gemini-x`). A mapping may use any
of these names.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.routing.hosts import HostPattern, patterns_of
from payi_transport.values.event import ParsedResponse
from payi_transport.values.json_keys import SMALL_BODY, has_key
from payi_transport.values.lenient_json import decode
from payi_transport.values.names import UNKNOWN_RESOURCE, PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = [
    "ModelMapping",
    "Price",
    "apply_mappings",
    "find_mapping",
    "find_requested_model",
    "find_stated_resource",
    "name_resource",
    "price_call",
]

_AZURE = (PayiCategories.azure_openai, PayiCategories.azure)
_DEPLOYMENT_HEADER = "x-ms-deployment-name"
# Words that may precede the names in the full name of a model. Source: Google's resource names.
_PATH_WORDS = frozenset({"endpoints", "models", "publishers", "tunedModels"})


class ModelMapping(msgspec.Struct, frozen=True):
    """A row of the user's `model_mappings`; it applies to `model`, and only at `host` if that is set."""

    model: str
    host: HostPattern | None = None
    price_as_category: str | None = None
    price_as_resource: str | None = None
    resource_scope: str | None = None


class Price(msgspec.Struct, frozen=True):
    """What a call is priced as."""

    category: str
    resource: str
    scope: str | None


# A struct of one field, so that msgspec skips the prompt instead of building it.
class _Request(msgspec.Struct):
    model: str | None = None


_request = msgspec.json.Decoder(_Request)
# SDKs write the model first. Reading it there saves parsing the prompt of a large body.
_MODEL_KEY = b'"model"'
_FIRST_MODEL = lazy_compile(rb'\s*\{\s*"model"\s*:\s*"([\w./:@-]+)"\s*,', re.ASCII)


def find_requested_model(exchange: Exchange, headers: Mapping[str, str]) -> str | None:
    """Return the model that the caller requested.

    It is in the path, in the request body, or, for a deployment on Azure, in a response header (`headers`, by
    lower-case name).
    """
    route = exchange.route
    deployment = headers.get(_DEPLOYMENT_HEADER) if route.category in _AZURE else None
    return route.resource or deployment or _read_model(exchange.request_body)


def _read_model(body: bytes | None) -> str | None:
    first = _FIRST_MODEL.match(body) if body and len(body) >= SMALL_BODY else None
    # If a key occurs twice, the last one counts.
    if first and body and not has_key(body, _MODEL_KEY, first.end()):
        return first[1].decode()
    # The body may be a file, or JSON that is nested too deeply for msgspec.
    request = decode(_request, body or b"")
    return request.model or None if request else None


def price_call(
    exchange: Exchange,
    response: ParsedResponse,
    requested: str | None,
    prefix: str,
    mappings: Sequence[ModelMapping],
) -> Price:
    """Return what a call is priced as. `requested` is the requested model, `prefix` that of its resource."""
    context, route = exchange.context, exchange.route
    model = response.resource or requested or response.model
    resource = name_resource(prefix, model) if model else UNKNOWN_RESOURCE
    price = Price(route.category, resource, response.scope or context.resource_scope)
    if context.price_as_category or context.price_as_resource:
        return Price(
            context.price_as_category or price.category,
            context.price_as_resource or price.resource,
            # Whoever states the price of a call states where it was processed, too.
            context.resource_scope or response.scope,
        )
    if not mappings:
        return price
    return apply_mappings(mappings, price, _list_names(resource, requested, prefix), route.host)


def _list_names(resource: str, requested: str | None, prefix: str) -> set[str]:
    """Return every name that a mapping may use for a model."""
    names = {resource, resource.removeprefix(prefix)}
    if requested:
        full = name_resource(prefix, requested)
        names |= {requested, full, full.removeprefix(prefix)}
    return names


def find_stated_resource(
    exchange: Exchange, requested: str | None, prefix: str, mappings: Sequence[ModelMapping]
) -> str | None:
    """Return what the user says that the requested model is, or None if the user says nothing.

    An inference profile or a deployment doesn't reveal its model, which some readers need for the units.
    """
    # With neither, the result would be a guess from the request, not what the user says.
    if not (exchange.context.price_as_resource or mappings):
        return None
    stated = price_call(exchange, ParsedResponse(), requested, prefix, mappings).resource
    usual = name_resource(prefix, requested) if requested else UNKNOWN_RESOURCE
    return None if stated == usual else stated


def name_resource(prefix: str, model: str) -> str:
    """Return the resource of a model; the prefix names its publisher, unless the model does so itself.

    With the prefix `google.`, `gemini-x`, `models/gemini-x` and `google/gemini-x` are `google.gemini-x`.
    """
    if not prefix:
        return model
    parts = [part for part in model.split("/") if part and part not in _PATH_WORDS]
    if len(parts) > 1:
        # Of `projects/p/locations/l/publishers/google/models/x`, the publisher and the model are left.
        return ".".join(parts[-2:])
    return prefix + "".join(parts).removeprefix(prefix)


def find_mapping(
    mappings: Iterable[ModelMapping], models: Container[str], host: HostPattern
) -> ModelMapping | None:
    """Return the first mapping that matches one of a model's names and the host."""
    for mapping in mappings:
        # The patterns of a host include its suffixes, so a mapping for `*.example.com` applies to all hosts
        # there.
        if mapping.model in models and (mapping.host is None or mapping.host in patterns_of(*host)):
            return mapping
    return None


def apply_mappings(
    mappings: Iterable[ModelMapping], price: Price, models: Container[str], host: HostPattern
) -> Price:
    """Return `price` as changed by the first mapping that matches; what the mapping omits stays the same."""
    mapping = find_mapping(mappings, models, host)
    if mapping is None:
        return price
    return Price(
        mapping.price_as_category or price.category,
        mapping.price_as_resource or price.resource,
        mapping.resource_scope or price.scope,
    )
