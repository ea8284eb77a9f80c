"""The prices of the running instrumentation."""

from __future__ import annotations

from payi_transport.config.active_prices import find_prices, use_prices
from payi_transport.config.price_settings import PricesSettings


def test_prices_are_those_that_were_set_last() -> None:
    settings = PricesSettings()
    use_prices(settings)
    assert find_prices() is settings
    use_prices(None)
    assert find_prices() is None
