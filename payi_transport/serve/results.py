"""`xproxy_result`: what Pay-i's API says of one call. Made from what the store has, or is about to have."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from payi_transport.serve.faults import Refusal
from payi_transport.serve.rows import Detail, Row
from payi_transport.serve.views import CallDetail
from payi_transport.serve.write import Written
from payi_transport.values.numbers import read_number

__all__ = ["make_request_id", "make_result", "make_stored_result", "read_request_id"]

_PREFIX = "local-"


def make_request_id(event: int) -> str:
    """Return the id by which Pay-i's API knows a stored event."""
    return f"{_PREFIX}{event}"


def read_request_id(request_id: str) -> int:
    """Return the number of the event that a request id names. Raises Refusal for an id that names none."""
    number = read_number(request_id.removeprefix(_PREFIX))
    if number is None:
        raise Refusal("request_not_found", f"no request has the id {request_id!r}")
    return number


def make_result(row: Row, written: Written) -> dict[str, Any]:
    """Return the result of an event that was just written."""
    event = row.event
    names = ("account_name", "use_case_id", "use_case_name", "use_case_step", "user_id")
    context = {name: getattr(event, name) for name in names}
    shown = {**context, "resource_id": event.resource, "duplicate_request": written.duplicate}
    return _make(row.detail, row.billed, written.overrun, written.id, shown)


def make_stored_result(stored: CallDetail) -> dict[str, Any]:
    """Return the result of a stored event."""
    call = stored.call
    billed = Decimal(0) if stored.detail.price_status == "included" else stored.detail.cost or Decimal(0)
    shown = {
        "account_name": call.account,
        "use_case_id": call.run,
        "use_case_name": call.use_case,
        "use_case_step": call.step,
        "user_id": call.user,
        "resource_id": call.model,
    }
    return _make(stored.detail, billed, Decimal(0), call.id, shown)


def _make(
    detail: Detail, billed: Decimal, overrun: Decimal, id_: int, context: Mapping[str, Any]
) -> dict[str, Any]:
    values = {
        **context,
        "blocked_limit_ids": [limit_id for limit_id, state in detail.limits.items() if state == "blocked"],
        "limits": {limit_id: {"state": state} for limit_id, state in detail.limits.items()},
        "request_tags": detail.tags,
        "unknown_units": _find_unknown_units(detail),
        "warnings": detail.price_notes,
    }
    shown = {name: value for name, value in values.items() if value}
    return {"cost": _make_cost(detail, billed, overrun), "request_id": make_request_id(id_), **shown}


def _make_cost(detail: Detail, billed: Decimal, overrun: Decimal) -> dict[str, Any]:
    by_direction = {"input": Decimal(0), "output": Decimal(0)}
    for line in detail.lines if billed else ():
        by_direction["output" if line.direction == "output" else "input"] += line.amount or Decimal(0)
    over = {"overrun_base": min(overrun, billed)} if overrun > 0 else {}
    return {
        "currency": "usd",
        **{name: {"base": amount} for name, amount in by_direction.items()},
        "total": {"base": billed, **over},
    }


def _find_unknown_units(detail: Detail) -> dict[str, dict[str, int]]:
    unknown: dict[str, dict[str, int]] = {}
    for line in detail.lines if detail.price_status in ("partial", "unpriced") else ():
        if line.amount is None and line.direction != "total":
            unknown.setdefault(line.unit, {})[line.direction] = line.count
    return unknown
