"""`/api/v1/requests`: the results of stored calls, and their properties."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.api_limits import Properties, PropertiesBody, merge_properties
from payi_transport.serve.faults import Refusal
from payi_transport.serve.responses import read_body, route
from payi_transport.serve.results import make_request_id, make_stored_result, read_request_id
from payi_transport.serve.rows import Detail
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing
from payi_transport.serve.write import fingerprint

__all__ = ["make_request_routes"]

_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(Detail).decode


_Find = Callable[[Service, Request], Awaitable[int]]
_Endpoint = Callable[[Request], Awaitable[Any]]


def make_request_routes(service: Service) -> list[Route]:
    """Return the routes of stored calls, which are named by either of their ids."""
    of_response = "/api/v1/requests/provider/{category}/{response_id}"
    return [
        each
        for path, find in (("/api/v1/requests/{request_id}", _by_request_id), (of_response, _by_response_id))
        for each in (
            route("GET", f"{path}/result", _make_retrieve(service, find)),
            route("PUT", f"{path}/properties", _make_update(service, find)),
        )
    ]


async def _by_request_id(service: Service, request: Request) -> int:
    return read_request_id(request.path_params["request_id"])


async def _by_response_id(service: Service, request: Request) -> int:
    return await run_sync(lambda: _find_event(service, **request.path_params))


def _make_retrieve(service: Service, find: _Find) -> _Endpoint:
    async def retrieve(request: Request) -> Any:
        id_ = await find(service, request)
        call = await run_sync(service.queries.call, id_)
        if call is None:
            raise Refusal("request_not_found", f"no request has the id {make_request_id(id_)!r}")
        return {"xproxy_result": make_stored_result(call)}

    return retrieve


def _make_update(service: Service, find: _Find) -> _Endpoint:
    async def update(request: Request) -> Any:
        body: PropertiesBody = await read_body(request, PropertiesBody)
        id_ = await find(service, request)
        job = service.store.submit(lambda writing: _change(writing, id_, body.properties))
        await asyncio.wrap_future(job)
        return {"request_id": make_request_id(id_)}

    return update


def _find_event(service: Service, category: str, response_id: str) -> int:
    row = service.store.reader.execute(
        "SELECT id FROM events WHERE fingerprint = ? AND response_id = ?",
        (fingerprint(category, response_id), response_id),
    ).fetchone()
    if row is None:
        raise Refusal("request_not_found", f"no response of {category} has the id {response_id!r}")
    return int(row[0])


def _change(writing: Writing, id_: int, properties: Properties) -> None:
    row = writing.connection.execute("SELECT detail FROM events WHERE id = ?", (id_,)).fetchone()
    if row is None:
        raise Refusal("request_not_found", f"no request has the id {make_request_id(id_)!r}")
    detail = _decode(row[0])
    detail.properties = merge_properties(detail.properties, properties)
    writing.connection.execute("UPDATE events SET detail = ? WHERE id = ?", (_encode(detail), id_))
