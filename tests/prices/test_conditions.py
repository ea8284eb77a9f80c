"""The conditions of a price, as an event's properties and scope state them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from payi_transport.prices.conditions import NO_CONDITIONS, Conditions, find_conditions

BATCH = (("processing", "batch"),)


@pytest.mark.parametrize(
    ("properties", "context"),
    [
        ({"provider.service_tier": "batch"}, BATCH),
        ({"provider.service_tier": "BATCH"}, BATCH),
        ({"provider.service_tier": "flex"}, (("service_tier", "flex"),)),
        ({"provider.service_tier": "SERVICE_TIER_PRIORITY"}, (("service_tier", "priority"),)),
        ({"provider.service_tier": "default", "provider.speed": "fast"}, (("speed", "fast"),)),
        ({"provider.speed": "standard"}, ()),
        ({"provider.traffic_type": "ON_DEMAND_FLEX"}, (("service_tier", "flex"),)),
        ({"provider.traffic_type": "ON_DEMAND"}, ()),
        ({"provider.search_type": "fast"}, (("search_type", "fast"),)),
        (
            {"provider.extra_properties.google.traffic_type": "ON_DEMAND_PRIORITY"},
            (("service_tier", "priority"),),
        ),
        # A tier that the provider states wins over the type of traffic.
        (
            {"provider.service_tier": "flex", "provider.traffic_type": "ON_DEMAND_PRIORITY"},
            (("service_tier", "flex"),),
        ),
        (
            {"provider.service_tier": "standard", "provider.traffic_type": "ON_DEMAND_PRIORITY"},
            (("service_tier", "priority"),),
        ),
        *[
            ({"provider.service_tier": tier}, ())
            for tier in ("", "auto", "on_demand", "SERVICE_TIER_UNSPECIFIED")
        ],
        ({"provider.performanceConfig.latency": "optimized"}, (("latency", "optimized"),)),
        ({"provider.route": "Express"}, (("route", "express"),)),
        ({"provider.search_context_size": "HIGH"}, (("search_context_size", "high"),)),
        ({"provider.speed": "", "provider.route": "standard"}, ()),
        (
            {"provider.service_tier": "batch", "provider.speed": "fast"},
            (("processing", "batch"), ("speed", "fast")),
        ),
        ({"team": "a"}, ()),
        (None, ()),
    ],
)
def test_properties_state_conditions(
    properties: Mapping[str, str] | None, context: tuple[tuple[str, str], ...]
) -> None:
    assert find_conditions(properties, None).context == context


@pytest.mark.parametrize(
    ("properties", "scope", "place"),
    [
        (None, None, None),
        (None, "global", None),
        (None, "datazone.us", "datazone.us"),
        ({"provider.inference_geo": "us"}, None, "us"),
        ({"provider.inference_geo": "not_available"}, None, None),
        ({"provider.inference_geo": "us"}, "region.eu", "region.eu"),
        ({"provider.inference_geo": "us", "provider.speed": "fast"}, None, "us"),
        ({"provider.inference_geo": "", "team": "a"}, "", None),
    ],
)
def test_a_place_that_may_have_a_price_of_its_own(
    properties: Mapping[str, str] | None, scope: str | None, place: str | None
) -> None:
    assert find_conditions(properties, scope).place == place


def test_most_calls_have_no_conditions() -> None:
    assert find_conditions(None, None) is NO_CONDITIONS
    assert find_conditions({"system.billing": "subscription"}, None) == Conditions(
        included="a subscription includes this call"
    )


@pytest.mark.parametrize(
    ("properties", "included"),
    [
        ({"provider.traffic_type": "PROVISIONED_THROUGHPUT"}, "provisioned throughput covers this call"),
        ({"provider.traffic_type": "ON_DEMAND"}, None),
        ({"system.billing": "api"}, None),
    ],
)
def test_what_covers_a_call_is_said(properties: Mapping[str, str], included: str | None) -> None:
    assert find_conditions(properties, None).included == included
