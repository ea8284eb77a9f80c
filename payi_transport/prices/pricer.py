"""Price calls: the one function that every view of money uses.

Four sources are asked in order. Pay-i's own figure stands in the place of an estimate. A price from the
config wins over the provider's figure, which wins over the price list. A figure for a whole call is spread
over its units in the proportions of the price list, so that parts add up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlsplit

from payi_transport.config.price_settings import PricesSettings
from payi_transport.prices.conditions import find_conditions
from payi_transport.prices.counts import Count, add_prompt, list_counts
from payi_transport.prices.estimates import Estimate, Line, Source, Status, add_up, settle
from payi_transport.prices.figures import find_payi_figure, find_provider_figure
from payi_transport.prices.measures import find_measure, reads_measures
from payi_transport.prices.own_prices import OwnPrice, OwnPrices
from payi_transport.prices.price_list import INSTALL, ListedModel, PriceList
from payi_transport.prices.rates import Rate, RateCard
from payi_transport.prices.resources import find_place
from payi_transport.prices.spread import spread
from payi_transport.providers.shared.prompt_size import LARGE_CONTEXT, find_least_prompt, find_suffix
from payi_transport.values.decimals import with_own_decimals
from payi_transport.values.names import (
    SERVED_MODEL_PROPERTY,
    STATUS_NO_RESPONSE,
    STREAM_PROPERTY,
    UNITS_PROPERTY,
)

__all__ = ["PricedEvent", "Pricer"]

_BATCH = ("processing", "batch")
_LARGEST = 2**53
_CONTEXT_TIER = "provider.context_tier"


class PricedEvent(Protocol):
    """What is read of an event."""

    @property
    def category(self) -> str: ...
    @property
    def resource(self) -> str | None: ...
    @property
    def units(self) -> Mapping[str, Any]: ...
    @property
    def event_timestamp(self) -> datetime | None: ...
    @property
    def http_status_code(self) -> int | None: ...
    @property
    def properties(self) -> Mapping[str, str] | None: ...
    @property
    def provider_uri(self) -> str | None: ...
    @property
    def provider_response_headers(self) -> Iterable[Any] | None: ...
    @property
    def scope(self) -> str | None: ...


class Pricer:
    """Estimate what calls cost, with the prices of a config. May be used by several threads."""

    @with_own_decimals
    def __init__(self, settings: PricesSettings | None = None, price_list: PriceList | None = None) -> None:
        self.own = OwnPrices(settings or PricesSettings())
        self.list = price_list or _LIST

    @with_own_decimals
    def estimate(self, event: PricedEvent, result: Mapping[str, Any] | None = None) -> Estimate:
        """Return what a call cost. `result` is Pay-i's `xproxy_result` for it, where that is known."""
        return _Call(self, event).estimate(result)


class _Call:
    """One call while it is priced."""

    def __init__(self, pricer: Pricer, event: PricedEvent) -> None:
        self._pricer = pricer
        self._list = pricer.list
        self._event = event
        self._resource = event.resource or ""
        self._properties = event.properties or {}
        self._moment = _read_moment(event.event_timestamp)
        self._conditions = find_conditions(event.properties, event.scope)
        self._counts = list_counts(event.units, event.properties, self._resource)
        self._own = pricer.own.find(event.category, self._resource, self._moment)
        self._has_measures = reads_measures(event.provider_uri or "", self._resource)
        self._notes: list[str] = []
        self._model: ListedModel | None = None

    def estimate(self, result: Mapping[str, Any] | None) -> Estimate:
        figure = find_payi_figure(result)
        if figure is not None:
            return self._spread(figure, "payi", "Pay-i's own figure")
        cover = self._find_cover()
        if cover is not None:
            return self._cover(*cover)
        if self._own is None:
            headers = self._event.provider_response_headers
            found = find_provider_figure(self._event.properties, headers, self._resource)
            if found is not None:
                return self._spread(found[0], "provider", f"the provider's own figure ({found[1]})")
        if not self._counts:
            return self._price_nothing()
        return self._add_up(self._make_lines())

    def _find_cover(self) -> tuple[Source, str] | None:
        if self._own is not None and self._own.cost_per_hour is not None:
            return "config", f"covered by a commitment of ${self._own.cost_per_hour:f} an hour"
        return ("provider", self._conditions.included) if self._conditions.included else None

    def _cover(self, source: Source, note: str) -> Estimate:
        lines = tuple(Line(unit=c.unit, direction=c.direction, count=c.quantity) for c in self._counts)
        return Estimate(total=Decimal(0), status="included", source=source, lines=lines, notes=(note,))

    def _price_nothing(self) -> Estimate:
        if self._properties.get(UNITS_PROPERTY) == "missing":
            return _make_unpriced("the response had no usage that could be read")
        if self._properties.get(STREAM_PROPERTY) == "partial":
            return _make_unpriced("the stream ended before its usage")
        requests = self._make_request_lines(self._find_card())
        if requests:
            return self._add_up(requests)
        return Estimate(total=Decimal(0), status="priced", notes=("nothing was used that is billed",))

    def _make_lines(self) -> list[Line]:
        card = self._find_card()
        prompts = self._find_prompts(card)
        lines = [self._make_line(count, card, prompts) for count in self._counts]
        return lines + self._make_request_lines(card)

    def _find_card(self) -> RateCard | None:
        """Return the price list's prices for this call; None without any, and then a note says why."""
        if self._own is not None and self._own.is_free:
            return None
        self._model = self._find_model(self._event.resource)
        served = self._properties.get(SERVED_MODEL_PROPERTY)
        if self._model is None and served:
            # The name of a deployment says nothing, but the response may have named its model.
            self._model = self._find_model(served)
            self._notes += [f"priced as {served}, the model that served it"] if self._model else []
        if self._model is None:
            self._notes.append(self._explain_missing(self._resource))
            return None
        return self._list.find_card(self._model, self._conditions, self._moment)

    def _find_model(self, resource: str | None) -> ListedModel | None:
        place = find_place(self._event.category, resource, self._event.provider_uri)
        return self._list.find_model(place) if place else None

    def _explain_missing(self, resource: str) -> str:
        if self._list.version is None:
            return INSTALL
        model, category = resource or "a model without a name", self._event.category
        return f"the price list has no price for {model} of {category}; add one under [[prices.own]]"

    def _find_prompts(self, card: RateCard | None) -> tuple[int, int]:
        """Return the prompt sizes that select the rates for units of a standard and of a large context."""
        tier = self._properties.get(_CONTEXT_TIER)
        if card is None or not card.is_by_size:
            self._notes += [f"standard rate assumed for context tier {tier}"] if card and tier else []
            return 0, 0
        # Where an event has only what an earlier one lacked of a call, the tier is that of the whole call.
        prompt = max(add_prompt(self._counts), find_least_prompt(tier))
        # Several requests in one event: each was priced by a prompt of its own, whose size is not known.
        # Where units say which context they belong to, the others belong to a usual one.
        # The tier of a prompt, which only single requests state, says that this is one of a batch.
        is_batch = _BATCH in self._conditions.context and _CONTEXT_TIER not in self._properties
        several = is_batch or find_suffix(_LARGEST, self._resource)
        return (0 if several else prompt), prompt

    def _make_line(self, count: Count, card: RateCard | None, prompts: tuple[int, int]) -> Line:
        if count.model is not None:
            rate, source = self._find_other_rate(count, count.model)
        else:
            rate, source = self._find_rate(count, self._own, card, prompts)
        return Line(
            unit=count.unit,
            direction=count.direction,
            count=count.quantity,
            rate=rate.amount,
            amount=_multiply(rate, count.quantity),
            source=None if rate.amount is None else source,
            note=rate.note,
            model=count.model,
        )

    def _find_other_rate(self, count: Count, name: str) -> tuple[Rate, Source]:
        """Return the rate of tokens of another model that the call used, such as an advisor."""
        own = self._pricer.own.find(self._event.category, name, self._moment)
        model = self._find_model(name)
        card = None if model is None else self._list.find_card(model, self._conditions, self._moment)
        rate, source = self._find_rate(count, own, card, (0, 0))
        if rate.amount is None and model is None:
            return Rate(None, self._explain_missing(name)), source
        return rate, source

    def _find_rate(
        self, count: Count, own: OwnPrice | None, card: RateCard | None, prompts: tuple[int, int]
    ) -> tuple[Rate, Source]:
        stated = None if own is None else own.find(count.unit, count.direction)
        if stated is not None:
            return stated, "config"
        if card is None:
            return _UNKNOWN, "list"
        unit = self._measure(count, card)
        rate = card.find(unit, count.direction, prompts[unit.endswith(LARGE_CONTEXT)])
        return _scale(rate, own)

    def _measure(self, count: Count, card: RateCard) -> str:
        if not self._has_measures:
            return count.unit
        path = urlsplit(self._event.provider_uri or "").path
        return find_measure(count, self._counts, path, self._resource, card)

    def _make_request_lines(self, card: RateCard | None) -> list[Line]:
        """Return the line of what is billed for each request as such, none if nothing is."""
        status = self._event.http_status_code or 200
        has_failed = status >= 300 or status == STATUS_NO_RESPONSE
        if card is None or not card.has("requests_kcount") or has_failed:
            return []
        return [self._make_line(Count("request", "output", 1), card, (0, 0))]

    def _spread(self, figure: Decimal, source: Source, note: str) -> Estimate:
        """Return the estimate of a figure for the whole call, in the proportions of the price list."""
        figure = settle(figure)
        lines = self._make_lines() if self._counts else []
        listed = add_up(lines)
        self._notes = [note]
        if not listed or any(line.amount is None for line in lines):
            units = [Line(unit=line.unit, direction=line.direction, count=line.count) for line in lines]
            call = Line(unit="call", direction="total", count=1, rate=figure, amount=figure, source=source)
            return self._finish([*units, call], figure, "priced", source)
        return self._finish(spread(lines, figure, listed, source), figure, "priced", source)

    def _add_up(self, lines: list[Line]) -> Estimate:
        known = [line for line in lines if line.amount is not None]
        if not known:
            return self._finish(lines, None, "unpriced", None)
        status: Status = "priced" if len(known) == len(lines) else "partial"
        source: Source = "config" if any(line.source == "config" for line in known) else "list"
        return self._finish(lines, add_up(known), status, source)

    def _finish(
        self, lines: Sequence[Line], total: Decimal | None, status: Status, source: Source | None
    ) -> Estimate:
        if self._properties.get(STREAM_PROPERTY) == "partial":
            self._notes.append("at least this much: the stream ended early")
        notes = [*self._notes, *(line.note for line in lines if line.note)]
        uses_list = any(line.source == "list" for line in lines) or (
            self._model is not None and source in ("config", "list")
        )
        return Estimate(
            total=total,
            status=status,
            source=source,
            lines=tuple(lines),
            list_version=self._list.version if uses_list else None,
            basis=self._model.name if self._model is not None and uses_list else None,
            notes=tuple(dict.fromkeys(notes)),
        )


# The list is the same for every config, and its models are remembered.
_LIST = PriceList()
_UNKNOWN = Rate(None)


def _make_unpriced(note: str) -> Estimate:
    return Estimate(total=None, status="unpriced", notes=(note,))


def _read_moment(moment: datetime | None) -> datetime:
    if moment is None:
        return datetime.now(timezone.utc)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _multiply(rate: Rate, count: int) -> Decimal | None:
    if rate.amount is None:
        return None
    amount = rate.amount * count
    return amount if rate.exact else settle(amount)


def _scale(rate: Rate, own: OwnPrice | None) -> tuple[Rate, Source]:
    """Return a rate of the price list times the user's multiplier."""
    if own is None or own.multiplier is None or rate.amount is None:
        return rate, "list"
    note = f"the list's rate times {own.multiplier:f}"
    return Rate(rate.amount * own.multiplier, f"{note}; {rate.note}" if rate.note else note, False), "config"
