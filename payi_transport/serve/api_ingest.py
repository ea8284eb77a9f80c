"""`/api/v1/ingest`, `/ingest/bulk` and `/ingest/bulk-upsert`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from starlette.requests import Request
from starlette.routing import Route

from payi_transport.context.header_text import decode_header, read_list, read_text
from payi_transport.serve.items import decode_bulk, decode_single
from payi_transport.serve.responses import route
from payi_transport.serve.service import Service
from payi_transport.values.numbers import read_number

__all__ = ["make_ingest_routes", "read_context"]

# Headers with the context of a single event, by lower-case name.
_CONTEXT: Final = {
    b"xproxy-usecase-id": "use_case_id",
    b"xproxy-usecase-name": "use_case_name",
    b"xproxy-usecase-step": "use_case_step",
    b"xproxy-usecase-version": "use_case_version",
    b"xproxy-user-id": "user_id",
    b"xproxy-account-name": "account_name",
    b"xproxy-resource-scope": "scope",
}
_LISTS: Final = {b"xproxy-limit-ids": "limit_ids", b"xproxy-request-tags": "request_tags"}


def read_context(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return the context fields in the headers of a request. Values that can't be read stay as they are."""
    context: dict[str, Any] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.lower(), decode_header(raw_value)
        if name in _LISTS:
            context[_LISTS[name]] = list(read_list(value))
        elif name in _CONTEXT:
            context[_CONTEXT[name]] = read_text(value)
    version = read_number(context.get("use_case_version") or "")
    if version is not None:
        context["use_case_version"] = version
    return context


def make_ingest_routes(service: Service) -> list[Route]:
    """Return the routes of the ingest API."""

    async def ingest(request: Request) -> Any:
        context = read_context(request.headers.raw)
        item = decode_single(await request.body(), context, request.query_params.get("id"))
        return await asyncio.wrap_future(service.ingest(item))

    async def ingest_bulk(request: Request) -> Any:
        items = decode_bulk(await request.body() or b"[]")
        return await asyncio.wrap_future(service.ingest_bulk(items, updates=False))

    async def upsert_bulk(request: Request) -> Any:
        items = decode_bulk(await request.body() or b"[]")
        return await asyncio.wrap_future(service.ingest_bulk(items, updates=True))

    return [
        route("POST", "/api/v1/ingest", ingest),
        route("POST", "/api/v1/ingest/bulk", ingest_bulk),
        route("POST", "/api/v1/ingest/bulk-upsert", upsert_bulk),
    ]
