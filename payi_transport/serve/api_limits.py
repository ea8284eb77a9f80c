"""`/api/v1/limits`: create, read, change, list, delete, and reset limits."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.api_documents import DocumentApi, find_or_refuse
from payi_transport.serve.documents import find_document, put_document
from payi_transport.serve.faults import Refusal
from payi_transport.serve.limits import STATES, LimitDocument, Spent, reset_limit
from payi_transport.serve.paging import make_page
from payi_transport.serve.responses import read_body, route
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing

__all__ = [
    "Money",
    "Properties",
    "PropertiesBody",
    "Share",
    "make_limit_routes",
    "merge_properties",
    "to_decimal",
]

_NOT_FOUND = "limit_not_found"
# Far above any budget, so that sums stay exact.
Money = Annotated[float, Meta(ge=0, le=1e12)]
Share = Annotated[float, Meta(ge=0, le=1)]
Properties = dict[str, str | None]


class _New(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit_name: Annotated[str, Meta(min_length=1)]
    max: Money
    limit_id: str | None = None
    limit_type: Literal["allow", "block"] = "allow"
    threshold: Share | None = None
    properties: Properties | None = None


class _Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    max: Money | None = None
    limit_name: str | None = None


class PropertiesBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Properties to add, change, or remove."""

    properties: Properties


class _Limits(DocumentApi):
    """The endpoints; each gets the request and returns what to send."""

    async def create(self, request: Request) -> Any:
        body: _New = await read_body(request, _New)
        return await self.write(lambda writing: _respond(_create(writing, body, self.service.now())))

    async def retrieve(self, request: Request) -> Any:
        return _respond(await self.find(LimitDocument, _NOT_FOUND, request.path_params["limit_id"]))

    async def list_limits(self, request: Request) -> Any:
        name, limits = request.query_params.get("limit_name"), await self.list_all(LimitDocument)
        limits.sort(key=lambda limit: limit.created)
        return make_page(request, [_show(limit) for limit in limits if name in (None, limit.limit_name)])

    async def update(self, request: Request) -> Any:
        body: _Change = await read_body(request, _Change)
        values = {"max": to_decimal(body.max), "limit_name": body.limit_name}
        changes = {name: value for name, value in values.items() if value is not None}
        return _respond(await self._change(request, lambda limit: changes))

    async def update_properties(self, request: Request) -> Any:
        body: PropertiesBody = await read_body(request, PropertiesBody)
        changed = await self._change(
            request, lambda limit: {"properties": merge_properties(limit.properties, body.properties)}
        )
        return [_respond(changed)]

    async def _change(
        self, request: Request, make_changes: Callable[[LimitDocument], dict[str, Any]]
    ) -> LimitDocument:
        parts, now = (request.path_params["limit_id"],), self.service.now()
        return await self.change(
            LimitDocument, _NOT_FOUND, parts, lambda limit: {"updated": now, **make_changes(limit)}
        )

    async def remove(self, request: Request) -> Any:
        limit_id = request.path_params["limit_id"]
        await self.delete(LimitDocument, _NOT_FOUND, limit_id)
        return {"request_id": str(uuid.uuid4()), "message": f"Deleted the limit {limit_id}"}

    async def reset(self, request: Request) -> Any:
        moment = _read_moment(request.query_params.get("resetDate")) or self.service.now()
        limit_id = request.path_params["limit_id"]
        return await self.write(lambda writing: _reset(writing, limit_id, moment))


def make_limit_routes(service: Service) -> list[Route]:
    """Return the routes of limits."""
    made = _Limits(service)
    one = "/api/v1/limits/{limit_id}"
    return [
        route("POST", "/api/v1/limits", made.create),
        route("GET", "/api/v1/limits", made.list_limits),
        route("GET", one, made.retrieve),
        route("PUT", one, made.update),
        route("DELETE", one, made.remove),
        route("POST", f"{one}/reset", made.reset),
        route("PUT", f"{one}/properties", made.update_properties),
    ]


def to_decimal(number: float | None) -> Decimal | None:
    """Return the decimal that a JSON number was written as."""
    return None if number is None else Decimal(repr(number))


def merge_properties(known: dict[str, str], changes: Properties) -> dict[str, str]:
    """Return properties with changes, in which None removes one."""
    return {name: value for name, value in {**known, **changes}.items() if value is not None}


def _create(writing: Writing, body: _New, now: datetime) -> LimitDocument:
    limit_id = body.limit_id or str(uuid.uuid4())
    if find_document(writing.connection, LimitDocument, limit_id) is not None:
        raise Refusal("already_exists", f"a limit has the id {limit_id!r} already")
    limit = LimitDocument(
        limit_id=limit_id,
        limit_name=body.limit_name,
        limit_type=body.limit_type,
        max=Decimal(repr(body.max)),
        threshold=to_decimal(body.threshold),
        created=now,
        updated=now,
        properties=merge_properties({}, body.properties or {}),
    )
    put_document(writing.connection, limit, limit_id)
    return limit


def _reset(writing: Writing, limit_id: str, moment: datetime) -> Any:
    limit = find_or_refuse(writing.connection, LimitDocument, _NOT_FOUND, limit_id)
    history = {
        **{name: getattr(limit, name) for name in ("limit_id", "limit_name", "limit_type", "max")},
        "limit_reset_timestamp": moment,
        "totals": _show_totals(limit.spent),
    }
    put_document(writing.connection, reset_limit(writing.connection, limit, moment), limit_id)
    return {
        "limit_history": history,
        "request_id": str(uuid.uuid4()),
        "message": f"Reset the limit {limit_id}",
    }


def _read_moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment: datetime = msgspec.convert(text, Annotated[datetime, Meta(tz=True)])
    except msgspec.ValidationError:
        raise Refusal("invalid_time", f"resetDate: expected ISO 8601 with a zone, got {text!r}") from None
    return moment


def _respond(limit: LimitDocument) -> dict[str, Any]:
    return {"limit": _show(limit), "request_id": str(uuid.uuid4())}


def _show(limit: LimitDocument) -> dict[str, Any]:
    return {
        "limit_creation_timestamp": limit.created,
        "limit_update_timestamp": limit.updated,
        **{name: getattr(limit, name) for name in ("limit_id", "limit_name", "limit_type", "max")},
        "threshold": limit.threshold,
        "totals": _show_totals(limit.spent),
    }


def _show_totals(spent: Spent) -> dict[str, Any]:
    calls = {state: spent.calls.get(state, 0) for state in STATES}
    cost = {name: {"base": getattr(spent, name)} for name in ("input", "output", "total")}
    return {"cost": cost, "requests": {**calls, "total": sum(calls.values())}}
