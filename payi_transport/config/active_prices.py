"""The prices of the running instrumentation, for `estimate`.

They are kept here, because the module that prices calls is imported by few programs.
"""

from __future__ import annotations

from payi_transport.config.price_settings import PricesSettings

__all__ = ["find_prices", "use_prices"]

_in_use: PricesSettings | None = None


def use_prices(settings: PricesSettings | None) -> None:
    """Set the prices of this process; None is what its environment says."""
    global _in_use
    _in_use = settings


def find_prices() -> PricesSettings | None:
    """Return the prices of this process, None where nothing has set them."""
    return _in_use
