"""Under which conditions a call was made that change its price: batch, a tier, a speed, a place.

The words on the right are those by which the price list selects its variants. A condition that the list has
no variant for is not lost: the estimate says that the standard rate was assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from payi_transport.values.names import BILLING_PROPERTY

__all__ = ["NO_CONDITIONS", "Conditions", "find_conditions"]


class Conditions(NamedTuple):
    """What a call's price may depend on: the price list's words with their values, and what covers the call.

    `place` is where the call was processed, if that has a price of its own.
    """

    context: tuple[tuple[str, str], ...] = ()
    place: str | None = None
    included: str | None = None


NO_CONDITIONS = Conditions()
_TIER = "provider.service_tier"
_TRAFFIC = ("provider.traffic_type", "provider.extra_properties.google.traffic_type")
_STANDARD_TIERS = frozenset({"", "auto", "default", "on_demand", "standard", "unspecified"})
# Vertex AI names the tier in its type of traffic.
# Source: https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse
_TRAFFIC_TIERS = {"ON_DEMAND_FLEX": "flex", "ON_DEMAND_PRIORITY": "priority"}
_PROVISIONED = "PROVISIONED_THROUGHPUT"
_STATED = {
    "provider.speed": "speed",
    "provider.route": "route",
    "provider.search_type": "search_type",
    "provider.performanceConfig.latency": "latency",
    "provider.search_context_size": "search_context_size",
}
# Most calls have none of these properties, and a look at all of them takes longer than this one does.
_NAMES = frozenset({_TIER, *_TRAFFIC, *_STATED, BILLING_PROPERTY})
_USUAL = frozenset({"", "standard"})
_EVERYWHERE = frozenset({None, "", "global", "not_available"})


def find_conditions(properties: Mapping[str, str] | None, scope: str | None) -> Conditions:
    """Return the conditions that an event's properties and scope state."""
    place = scope or (properties or {}).get("provider.inference_geo")
    place = None if place in _EVERYWHERE else place
    if not properties or _NAMES.isdisjoint(properties):
        return Conditions(place=place) if place else NO_CONDITIONS
    context: list[tuple[str, str] | None] = [_find_tier(properties)]
    for name, key in _STATED.items():
        value = properties.get(name)
        if value and value not in _USUAL:
            context.append((key, value.lower()))
    return Conditions(tuple(filter(None, context)), place, _find_cover(properties))


def _find_tier(properties: Mapping[str, str]) -> tuple[str, str] | None:
    tier = (properties.get(_TIER) or "").lower().removeprefix("service_tier_")
    if tier in _STANDARD_TIERS:
        traffic = next(filter(None, map(properties.get, _TRAFFIC)), "")
        tier = _TRAFFIC_TIERS.get(traffic, "")
    if not tier:
        return None
    return ("processing", "batch") if tier == "batch" else ("service_tier", tier)


def _find_cover(properties: Mapping[str, str]) -> str | None:
    if properties.get(BILLING_PROPERTY) == "subscription":
        return "a subscription includes this call"
    if _PROVISIONED in map(properties.get, _TRAFFIC):
        return "provisioned throughput covers this call"
    return None
