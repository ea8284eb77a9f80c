"""One event as a row: who it is for, what it used, and what it cost. Pure functions, apart from the price."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from payi_transport.config.price_settings import PricesSettings
from payi_transport.prices import Estimate, estimate
from payi_transport.serve.amounts import round_to_nanos, split_amount
from payi_transport.values.event import Event, FunctionCall, Units
from payi_transport.values.names import (
    RETRY_PROPERTY,
    STATUS_NO_RESPONSE,
    STREAM_PROPERTY,
    PayiPropertyNames,
)

__all__ = ["Detail", "DetailLine", "Row", "make_row", "to_datetime"]

# Units that count tokens. Others count requests, seconds, or pieces of text.
_TOKENS: Final = ("text", "reasoning", "vision", "audio", "video", "image")
_CACHE_READ: Final = "_cache_read"
_UNPRICED: Final = ("unpriced", "partial")
_ENVIRONMENTS: Final = ("environment", "deployment.environment.name", "deployment.environment")
# A response that ended at its longest, as each provider spells it.
_TRUNCATED: Final = re.compile(
    r'"(?:finish_reason|stop_reason|finishReason|stopReason)"\s*:\s*"(?:length|max_tokens|MAX_TOKENS)"'
    r'|"reason"\s*:\s*"max_output_tokens"'
)
# Where to look for it: reasons come at the end. Characters.
_TAIL: Final = 4096


class DetailLine(msgspec.Struct, omit_defaults=True, array_like=True):
    """The price of one unit in one direction, in US dollars; `source` says where the rate is from."""

    unit: str
    direction: str
    count: int
    rate: Decimal | None = None
    amount: Decimal | None = None
    source: str = ""
    note: str = ""


class Detail(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is shown of one call alone, and summed up nowhere."""

    units: dict[str, Units] = {}
    properties: dict[str, str] = {}
    use_case_properties: dict[str, str] = {}
    limit_ids: list[str] = []
    tags: list[str] = []
    use_case_version: int | None = None
    scope: str | None = None
    uri: str | None = None
    function_calls: list[FunctionCall] = []
    cost: Decimal | None = None
    price_status: str = "unpriced"
    price_source: str = ""
    list_version: str = ""
    price_notes: list[str] = []
    lines: list[DetailLine] = []
    limits: dict[str, str] = {}
    waste: str = ""


class Row(NamedTuple):
    """An event, ready for the store. Times are in ms since 1970, sums are those of `schema.MEASURES`."""

    event: Event
    at: int
    environment: str
    sums: tuple[int, ...]
    detail: Detail
    billed: Decimal


def make_row(event: Event, now: datetime, prices: PricesSettings | None = None) -> Row:
    """Price an event and return its row. An event without a time happened now."""
    moment = event.event_timestamp or now
    price = estimate(event, prices=prices)
    failed = _has_failed(event)
    waste = _find_waste(event, failed)
    billed = None if price.status == "included" else price.total
    tokens_in, tokens_out, cache_read = _count_tokens(event.units)
    sums = (
        *(1, int(failed), *split_amount(billed)),
        *(int(price.status in _UNPRICED), int(price.status == "included")),
        *(tokens_in, tokens_out, cache_read, round_to_nanos(_find_saved(price))),
        *(int(waste != ""), round_to_nanos(billed) if waste else 0),
    )
    properties = event.properties or {}
    environment = next(filter(None, map(properties.get, _ENVIRONMENTS)), "")
    at = int(moment.timestamp() * 1000)
    return Row(event, at, environment, sums, _make_detail(event, price, waste), billed or Decimal(0))


def _has_failed(event: Event) -> bool:
    status = event.http_status_code
    is_error = status is not None and (status >= 400 or status == STATUS_NO_RESPONSE)
    return is_error or PayiPropertyNames.failure in (event.properties or {})


def _find_waste(event: Event, failed: bool) -> str:
    properties = event.properties or {}
    if failed:
        return "failed"
    if properties.get(STREAM_PROPERTY) == "partial":
        return "abandoned"
    if _TRUNCATED.search(_tail_of(event.provider_response_json)):
        return "truncated"
    return "retried" if properties.get(RETRY_PROPERTY, "0") != "0" else ""


def _tail_of(response: str | tuple[str, ...] | None) -> str:
    text = response if isinstance(response, str) else "".join((response or ())[-3:])
    return text[-_TAIL:]


def _count_tokens(units: Mapping[str, Units]) -> tuple[int, int, int]:
    """Return tokens in, tokens out, and those in that were read from a cache."""
    counted = [(name, count) for name, count in units.items() if name.startswith(_TOKENS)]
    return (
        sum(count.input or 0 for _, count in counted),
        sum(count.output or 0 for _, count in counted),
        sum(count.input or 0 for name, count in counted if _CACHE_READ in name),
    )


def _find_saved(price: Estimate) -> Decimal | None:
    """Return what reading from a cache saved: the difference to the price of the unit without a cache."""
    lines = {line.unit: line for line in price.lines if line.direction == "input"}
    saved = Decimal(0)
    for name, line in lines.items():
        full = lines.get(name.replace(_CACHE_READ, "")) if _CACHE_READ in name else None
        if full is not None and full.rate is not None and line.rate is not None:
            saved += line.count * (full.rate - line.rate)
    return saved


def _make_detail(event: Event, price: Estimate, waste: str) -> Detail:
    return Detail(
        units=dict(event.units),
        properties=dict(event.properties or {}),
        use_case_properties=dict(event.use_case_properties or {}),
        limit_ids=list(event.limit_ids or ()),
        tags=list(event.request_tags or ()),
        use_case_version=event.use_case_version,
        scope=event.scope,
        uri=event.provider_uri,
        function_calls=list(event.provider_response_function_calls or ()),
        cost=price.total,
        price_status=price.status,
        price_source=price.source or "",
        list_version=price.list_version or "",
        price_notes=list(price.notes),
        lines=[_to_line(line) for line in price.lines],
        waste=waste,
    )


def _to_line(line: Any) -> DetailLine:
    return DetailLine(
        line.unit, line.direction, line.count, line.rate, line.amount, line.source or "", line.note or ""
    )


def to_datetime(at: int) -> datetime:
    """Return the moment `at`, in ms since 1970, in UTC."""
    return datetime.fromtimestamp(at / 1000, timezone.utc)
