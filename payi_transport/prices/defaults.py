"""Price a call with the prices that this process is configured with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from payi_transport.config.active_prices import find_prices
from payi_transport.config.price_settings import PricesSettings
from payi_transport.config.sources import load_sources
from payi_transport.prices.estimates import Estimate
from payi_transport.prices.pricer import PricedEvent, Pricer

__all__ = ["estimate", "find_pricer"]


class _Remembered(NamedTuple):
    """The last pricer, with what it found in the price list, and the prices that it is for."""

    settings: PricesSettings | None
    pricer: Pricer


_remembered: _Remembered | None = None


def estimate(
    event: PricedEvent,
    *,
    prices: PricesSettings | None = None,
    result: Mapping[str, Any] | None = None,
) -> Estimate:
    """Return what a call cost, in US dollars, with its parts and where each is from.

    Own prices are those of `payi_instrument()`'s config, else of the file and the variables of the
    environment. `prices` replaces them. `result` is Pay-i's `xproxy_result` for the call, where it is known:
    its cost stands in the place of an estimate. Raises PayiConfigError if the environment's config is wrong.
    """
    return find_pricer(prices).estimate(event, result)


def find_pricer(prices: PricesSettings | None = None) -> Pricer:
    """Return what prices calls, by default in this process. Raises PayiConfigError for a wrong config."""
    global _remembered
    settings = prices if prices is not None else find_prices()
    remembered = _remembered
    if remembered is None or remembered.settings is not settings:
        own = _read_environment() if settings is None else settings
        remembered = _remembered = _Remembered(settings, Pricer(own))
    return remembered.pricer


def _read_environment() -> PricesSettings:
    return load_sources(None, os.environ, lambda problem: None).check().prices
