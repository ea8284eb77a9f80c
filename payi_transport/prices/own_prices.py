"""Prices of the user's own, from the section `prices` of the config."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from payi_transport.config.price_settings import OwnPriceSettings, PricesSettings
from payi_transport.prices.estimates import Direction
from payi_transport.prices.rates import Rate, make_rate
from payi_transport.providers.shared.prompt_size import LARGE_CONTEXT

__all__ = ["OwnPrice", "OwnPrices"]

# Pay-i has no unit for these, so a price may not be meant for them alone.
_WRITE = "text_cache_write"
_LONG_WRITE = re.compile(rf"{_WRITE}_(?!1h)\d+h")
_FREE = Rate(Decimal(0), None)


class OwnPrice:
    """One row of the config, ready for use."""

    def __init__(self, row: OwnPriceSettings) -> None:
        # What reports call it.
        self.name = row.resource or row.category or "all calls"
        self.multiplier = row.multiplier
        self.cost_per_hour = row.cost_per_hour
        self.tokens_per_hour = row.tokens_per_hour
        self.is_free = row.free
        self.start, self.end = row.period
        self._category = _compile(row.category)
        self._resource = _compile(row.resource)
        self._rates: dict[tuple[str, Direction], Rate] = {}
        for unit, price in row.units.items():
            if price.input is not None:
                self._rates[unit, "input"] = make_rate(price.input, price.per)
            if price.output is not None:
                self._rates[unit, "output"] = make_rate(price.output, price.per)

    def matches(self, category: str, resource: str) -> bool:
        """Return whether this row is for the calls of a resource, at whatever time."""
        return bool(self._category.fullmatch(category) and self._resource.fullmatch(resource))

    def applies(self, moment: datetime) -> bool:
        """Return whether this row is for the calls of a moment."""
        return not (self.start and moment < self.start) and not (self.end and moment >= self.end)

    def find(self, unit: str, direction: Direction) -> Rate | None:
        """Return the rate that the row states for a unit, None if it leaves it to the price list."""
        if self.is_free:
            return _FREE
        rate = self._rates.get((unit, direction))
        if rate is not None:
            return rate
        name = unit.removesuffix(LARGE_CONTEXT)
        if name != unit and (rate := self.find(name, direction)) is not None:
            return rate._replace(note=rate.note or "your standard rate assumed for a large context")
        if _LONG_WRITE.fullmatch(name):
            # A price of one's own for writes to a cache is meant for all that have none.
            written = self.find(f"{_WRITE}_1h", direction) or self._rates.get((_WRITE, direction))
            return written and written._replace(note="cache write of some hours at your rate of cache writes")
        # Providers bill reasoning as output, so a price of one's own for output is meant for both.
        text = self._rates.get(("text", "output")) if (name, direction) == ("reasoning", "output") else None
        return None if text is None else text._replace(note="reasoning at your output rate")


class OwnPrices:
    """All rows of the config, in their order."""

    def __init__(self, settings: PricesSettings) -> None:
        self.rows = tuple(map(OwnPrice, settings.own))
        self._list = lru_cache(maxsize=4096)(self._list_rows)

    def find(self, category: str, resource: str, moment: datetime) -> OwnPrice | None:
        """Return the first row that is for a call, None if there is none."""
        if not self.rows:
            return None
        return next((row for row in self._list(category, resource) if row.applies(moment)), None)

    def _list_rows(self, category: str, resource: str) -> tuple[OwnPrice, ...]:
        return tuple(row for row in self.rows if row.matches(category, resource))


def _compile(pattern: str | None) -> re.Pattern[str]:
    """Return the expression for a name in which `*` stands for any text; None is for every name."""
    parts = (pattern or "*").split("*")
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
