"""What Pay-i and providers say that a call cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from payi_transport import Header
from payi_transport.prices.figures import find_payi_figure, find_provider_figure

ODD: tuple[Any, ...] = (None, True, "x", -1, "NaN", "Infinity", [])


@pytest.mark.parametrize(
    ("result", "figure"),
    [
        ({"cost": {"currency": "usd", "total": {"base": 0.1}}}, Decimal("0.1")),
        ({"cost": {"total": {"base": "0.000001"}}}, Decimal("0.000001")),
        ({"cost": {"total": {"base": 0}}}, Decimal(0)),
        ({"cost": {"currency": "USD", "total": {"base": 0.1}}}, Decimal("0.1")),
        ({"cost": {"currency": "", "total": {"base": 0.1}}}, Decimal("0.1")),
        ({"cost": {"currency": "eur", "total": {"base": 0.1}}}, None),
        # No call costs more than a billion dollars.
        ({"cost": {"total": {"base": 10**9}}}, Decimal(10**9)),
        ({"cost": {"total": {"base": "1000000000.01"}}}, None),
        *[({"cost": {"total": {"base": odd}}}, None) for odd in ODD],
        ({"cost": {"total": 1}}, None),
        ({"cost": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_cost_in_a_result_of_pay_i(result: Mapping[str, Any] | None, figure: Decimal | None) -> None:
    assert find_payi_figure(result) == figure


@pytest.mark.parametrize(
    ("properties", "cost"),
    [
        # OpenRouter, with a key of its own and with one of the caller's.
        ({"provider.cost": "0.00014"}, "0.00014"),
        ({"provider.cost": "1e-05"}, "0.00001"),
        (
            {
                "provider.cost": "0.05",
                "provider.is_byok": "True",
                "provider.cost_details.upstream_inference_cost": "0.95",
            },
            "1",
        ),
        ({"provider.cost": "0.05", "provider.is_byok": "True"}, "0.05"),
        (
            {
                "provider.cost": "0",
                "provider.is_byok": "true",
                "provider.cost_details.upstream_inference_cost": "0.95",
            },
            "0.95",
        ),
        # Perplexity and xAI.
        ({"provider.cost.total_cost": "0.006"}, "0.006"),
        ({"provider.cost_in_usd_ticks": "37756000"}, "0.0037756"),
        ({"provider.cost": "0", "provider.cost.total_cost": "0.006"}, "0.006"),
        ({"provider.cost_in_usd_ticks": "1" + "0" * 19}, "1e9"),
        ({"provider.cost_in_usd_ticks": "1" + "0" * 18 + "1"}, None),
        ({"provider.cost_in_usd_ticks": "0"}, None),
        # Whose key it was decides whether the provider's bill comes on top.
        (
            {
                "provider.cost": "0.05",
                "provider.is_byok": "False",
                "provider.cost_details.upstream_inference_cost": "0.95",
            },
            "0.05",
        ),
        # A gateway's 0 is a price that it doesn't know.
        ({"provider.cost": "0"}, None),
        ({"provider.cost": "free"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_cost_in_a_usage(properties: Mapping[str, str] | None, cost: str | None) -> None:
    found = find_provider_figure(properties, None)
    assert (found and found[0]) == (cost and Decimal(cost))


def test_a_model_that_is_free_costs_what_its_provider_says() -> None:
    found = find_provider_figure({"provider.cost": "0"}, None, "meta-llama/llama-3.3-70b-instruct:free")
    assert found == (Decimal(0), "provider.cost")
    assert find_provider_figure({}, None, "meta-llama/llama-3.3-70b-instruct:free") is None


@pytest.mark.parametrize(("value", "cost"), [("0.0021", Decimal("0.0021")), ("0.0", None), ("None", None)])
def test_the_cost_that_a_litellm_proxy_states(value: str, cost: Decimal | None) -> None:
    headers = [Header("x-request-id", "1"), Header("X-LiteLLM-Response-Cost", value)]
    found = find_provider_figure({}, headers)
    assert found == (cost and (cost, "x-litellm-response-cost"))
    assert find_provider_figure(None, headers[:1]) is None


def test_a_figure_says_where_it_is_from() -> None:
    assert find_provider_figure({"provider.cost_in_usd_ticks": "10000000000"}, ()) == (
        Decimal(1),
        "provider.cost_in_usd_ticks",
    )
    assert find_provider_figure({"provider.cost.total_cost": "2"}, ()) == (
        Decimal(2),
        "provider.cost.total_cost",
    )


def test_a_figure_in_the_usage_wins_over_the_one_of_a_proxy() -> None:
    headers = [Header("x-litellm-response-cost", "9")]
    assert find_provider_figure({"provider.cost": "2"}, headers) == (Decimal(2), "provider.cost")
    assert find_provider_figure({"provider.cost": "0"}, headers) == (Decimal(9), "x-litellm-response-cost")
