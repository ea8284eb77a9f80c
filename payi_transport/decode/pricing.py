"""Model mappings: which category, resource and scope a model is priced as."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import NamedTuple

from payi_transport.routing.hosts import HostPattern, patterns_of

__all__ = ["ModelMapping", "Price", "find_mapping", "find_price", "name_resource"]


class ModelMapping(NamedTuple):
    """A row of the user's: it applies to `model`, and where a host is given to that host alone."""

    model: str
    host: HostPattern | None = None
    price_as_category: str | None = None
    price_as_resource: str | None = None
    resource_scope: str | None = None


class Price(NamedTuple):
    """What a call is priced as."""

    category: str
    resource: str
    scope: str | None


# What stands before names in the full name of a model, as Google writes it.
_PATH_WORDS = frozenset({"endpoints", "models", "publishers", "tunedModels"})


def name_resource(prefix: str, model: str) -> str:
    """The resource of a model, where a prefix names its publisher; one that the model names stands instead.

    `google/gemini-x`, `models/gemini-x` and `gemini-x` are `google.gemini-x` where the prefix is `google.`.
    """
    if not prefix:
        return model
    parts = [part for part in model.split("/") if part and part not in _PATH_WORDS]
    if len(parts) > 1:
        return ".".join(parts[-2:])
    return prefix + "".join(parts).removeprefix(prefix)


def find_mapping(
    mappings: Iterable[ModelMapping], models: Container[str], host: HostPattern
) -> ModelMapping | None:
    """The first mapping for a model at a host, by any of the names that the model goes by."""
    for mapping in mappings:
        if mapping.model in models and (mapping.host is None or mapping.host in patterns_of(*host)):
            return mapping
    return None


def find_price(
    mappings: Iterable[ModelMapping], price: Price, models: Container[str], host: HostPattern
) -> Price:
    """`price` as the first mapping of its model says; what the mapping leaves out stays as it is."""
    mapping = find_mapping(mappings, models, host)
    if mapping is None:
        return price
    return Price(
        mapping.price_as_category or price.category,
        mapping.price_as_resource or price.resource,
        mapping.resource_scope or price.scope,
    )
