"""The price list: `genai-prices`, from which rates are taken one by one.

The package would multiply, too, but it charges a unit without a price nothing, and can't say which of its
prices were used. So only its data and its matching of model names are used here. The data come with the
package: nothing is downloaded, and its updater is never started.

Finding a model and its prices takes some 50 microseconds, and a report asks a million times for the same
few models, so both are remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from importlib import metadata
from typing import Any, NamedTuple

from payi_transport.prices.conditions import Conditions
from payi_transport.prices.rates import RateCard, Steps
from payi_transport.prices.resources import Place, list_providers
from payi_transport.runtime.process_lock import ProcessLock

__all__ = ["INSTALL", "ListedModel", "PriceList"]

INSTALL = 'install the price list with: pip install "payi-transport[prices]"'
_MAX_REMEMBERED = 10_000


class ListedModel(NamedTuple):
    """A model of the list. `name` is the provider's and the model's, `found` of the package's own type."""

    name: str
    found: Any
    # Whether prices of this model depend on the time of day.
    by_time: bool


_NOT_LOOKED_UP = ListedModel("", None, False)


class PriceList:
    """The prices of the installed package, none if it isn't installed. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = ProcessLock()
        self._snapshot: Any = None
        self._models: dict[Place, ListedModel | None] = {}
        self._cards: dict[tuple[str, Conditions, datetime | date], RateCard] = {}
        try:
            # Bundlers keep the metadata of a package whose version is asked for by a name that they can read.
            self.version: str | None = f"genai-prices {metadata.version('genai-prices')}"
        except metadata.PackageNotFoundError:
            self.version = None

    def find_model(self, place: Place) -> ListedModel | None:
        """Return the model that the calls to a place are priced as, None if the list doesn't have it."""
        found = self._models.get(place, _NOT_LOOKED_UP)
        if found is _NOT_LOOKED_UP:
            found = self._find_model(place) if self.version else None
            if len(self._models) < _MAX_REMEMBERED:
                self._models[place] = found
        return found

    def find_card(self, model: ListedModel, conditions: Conditions, moment: datetime) -> RateCard:
        """Return the prices of a model at a moment and under conditions."""
        moment = moment.astimezone(timezone.utc)
        key = (model.name, conditions, moment if model.by_time else moment.date())
        card = self._cards.get(key)
        if card is None:
            card = _make_card(model.found, conditions, moment)
            if len(self._cards) < _MAX_REMEMBERED:
                self._cards[key] = card
        return card

    def _find_model(self, place: Place) -> ListedModel | None:
        snapshot = self._load()
        for provider, model in list_providers(place):
            try:
                owner, found = snapshot.find_provider_model(model, None, provider, None)
            except LookupError:
                continue
            if _has_prices(found):
                return ListedModel(f"{owner.id} {found.id}", found, _depends_on_time(found))
        return None

    def _load(self) -> Any:
        with self._lock:
            if self._snapshot is None:
                # Imported here, because it takes 0.2 s and 30 MB, and few programs price their own calls.
                from genai_prices.data import providers
                from genai_prices.data_snapshot import DataSnapshot

                # A snapshot of our own: one that the program has updated would change prices between runs.
                self._snapshot = DataSnapshot(providers=providers, from_auto_update=False)
            return self._snapshot


def _list_prices(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each of a model's sets of prices with the constraint under which it applies."""
    if isinstance(model.prices, list):
        yield from ((row.constraint, row.prices) for row in model.prices)
    else:
        yield None, model.prices
    yield from ((row.constraint, row.prices) for row in model.price_variants or ())


def _has_prices(model: Any) -> bool:
    return any(value is not None for _, prices in _list_prices(model) for value in vars(prices).values())


def _depends_on_time(model: Any) -> bool:
    return any(hasattr(constraint, "start_time") for constraint, _ in _list_prices(model))


def _make_card(model: Any, conditions: Conditions, moment: datetime) -> RateCard:
    context = dict(conditions.context)
    standard = _read(model.get_prices(moment))
    special = _read(model.get_prices(moment, context)) if context else standard
    changed = {pair: _find_changed(model, *pair, moment) for pair in conditions.context}
    return RateCard(special, changed, conditions.place)


def _find_changed(model: Any, key: str, value: str, moment: datetime) -> frozenset[str] | None:
    """Return the prices that a condition changes, None if the list doesn't know the condition."""
    variants = [
        variant
        for variant in model.price_variants or ()
        if variant.when.get(key) == value
        and (variant.constraint is None or variant.constraint.active(moment))
    ]
    if not variants:
        return None
    return frozenset(name for variant in variants for name in _read(variant.prices))


def _read(prices: Any) -> dict[str, Decimal | Steps]:
    """Return prices by their key; a price by size as its steps, each with the tokens that it starts after."""
    return {key: _read_price(value) for key, value in vars(prices).items() if value is not None}


def _read_price(price: Any) -> Decimal | Steps:
    if isinstance(price, Decimal):
        return price
    return ((-1, price.base), *((tier.start, tier.price) for tier in price.tiers))
