"""Figures of a call's cost that somebody else made: Pay-i, or the provider in its response.

Each is the sum for the whole call. A figure of 0 is believed only of a model that says that it is free:
gateways write 0 for models that their own price list doesn't have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from payi_transport.providers.shared.counts import section

__all__ = ["LITELLM_HEADER", "find_payi_figure", "find_provider_figure"]

# xAI writes its cost in ticks, ten billion to the dollar: https://docs.x.ai/docs/guides/cost-tracking.
_TICKS = Decimal("1e-10")
_COSTS = ("provider.cost", "provider.cost.total_cost")
_COST_TICKS = "provider.cost_in_usd_ticks"
# What the provider behind OpenRouter bills the caller's own key; the cost is then OpenRouter's fee alone.
_UPSTREAM, _OWN_KEY = "provider.cost_details.upstream_inference_cost", "provider.is_byok"
# How OpenRouter names the models that it serves without a charge: https://openrouter.ai/docs/faq.
_FREE = ":free"
LITELLM_HEADER = "x-litellm-response-cost"
# More than any call costs: a figure above is a mistake.
_MAX = Decimal(10) ** 9


class _Header(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...


def find_payi_figure(result: Mapping[str, Any] | None) -> Decimal | None:
    """Return the cost in Pay-i's result of a call, None if it has none in US dollars."""
    if not result:
        return None
    cost = section(result, "cost")
    if str(cost.get("currency") or "usd").lower() != "usd":
        return None
    return _read(section(cost, "total").get("base"))


def find_provider_figure(
    properties: Mapping[str, str] | None, headers: Iterable[_Header] | None, resource: str = ""
) -> tuple[Decimal, str] | None:
    """Return what the provider itself says that a call cost, and where it says so; None if it doesn't."""
    if properties:
        for name in _COSTS:
            cost = _read(properties.get(name))
            # With a key of the caller's own, 0 is the gateway's fee alone.
            whole = None if cost is None else _add_upstream(cost, properties)
            if whole or (whole is not None and resource.endswith(_FREE)):
                return whole, name
        ticks = _read(properties.get(_COST_TICKS), Decimal(10) ** 19)
        if ticks:
            return ticks * _TICKS, _COST_TICKS
    for header in headers or ():
        if header.name.lower() == LITELLM_HEADER:
            cost = _read(header.value)
            return (cost, LITELLM_HEADER) if cost else None
    return None


def _add_upstream(cost: Decimal, properties: Mapping[str, str]) -> Decimal:
    if str(properties.get(_OWN_KEY)).lower() != "true":
        return cost
    return cost + (_read(properties.get(_UPSTREAM)) or 0)


def _read(value: object, most: Decimal = _MAX) -> Decimal | None:
    """Return a figure as it was written, None for what isn't one."""
    if value is None or isinstance(value, bool):
        return None
    try:
        figure = Decimal(str(value))
    except InvalidOperation:
        return None
    return figure if figure.is_finite() and 0 <= figure <= most else None
