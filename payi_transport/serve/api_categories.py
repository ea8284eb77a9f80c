"""`/api/v1/categories`: the categories there are, and resources with prices of their own.

A resource that is created here is stored and listed. What prices calls is `[prices]` in the config, which
covers more than one price per unit.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.documents import delete_document, find_document, list_documents, put_document
from payi_transport.serve.faults import Refusal
from payi_transport.serve.names import name_numbers
from payi_transport.serve.paging import make_page
from payi_transport.serve.responses import read_body, route
from payi_transport.serve.rollups import DIMENSIONS
from payi_transport.serve.service import Service
from payi_transport.serve.store import Store, Writing
from payi_transport.values.names import PayiCategories

__all__ = ["make_category_routes"]


class _Price(msgspec.Struct, forbid_unknown_fields=True):
    input_price: float | None = None
    output_price: float | None = None


class _New(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    units: dict[str, _Price]
    aws_bedrock_resource: dict[str, int] | None = None
    azure_resource: dict[str, int] | None = None
    google_vertex_resource: dict[str, int] | None = None
    cost_per_hour: float | None = None
    max_input_units: int | None = None
    max_output_units: int | None = None
    max_total_units: int | None = None
    start_timestamp: datetime | None = None


class ResourceDocument(_New, kw_only=True):
    """A version of a resource, as the store has it."""

    category: str
    resource: str
    resource_id: str
    active: bool = True
    proxy_allowed: bool = False


def make_category_routes(service: Service) -> list[Route]:
    """Return the routes of categories."""
    store = service.store

    async def list_categories(request: Request) -> Any:
        return make_page(request, [{"category": name} for name in await run_sync(_list_categories, store)])

    async def list_resources(request: Request) -> Any:
        parts = (request.path_params["category"], *_resource_of(request))
        found = await run_sync(lambda: list_documents(store.reader, ResourceDocument, *parts))
        return make_page(request, [_show(resource) for resource in found])

    async def create(request: Request) -> Any:
        body: _New = await read_body(request, _New)
        values = msgspec.structs.asdict(body) | {"start_timestamp": body.start_timestamp or service.now()}
        made = ResourceDocument(
            category=request.path_params["category"],
            resource=request.path_params["resource"],
            resource_id=str(uuid.uuid4()),
            **values,
        )
        parts = (made.category, made.resource, made.resource_id)
        job = store.submit(lambda writing: put_document(writing.connection, made, *parts))
        await asyncio.wrap_future(job)
        return _show(made)

    async def retrieve(request: Request) -> Any:
        parts = tuple(request.path_params[name] for name in ("category", "resource", "id"))
        found = await run_sync(lambda: find_document(store.reader, ResourceDocument, *parts))
        if found is None:
            raise Refusal("category_resource_not_found", f"there is no resource {' / '.join(parts)!r}")
        return _show(found)

    async def delete_version(request: Request) -> Any:
        shown = await retrieve(request)
        parts = tuple(request.path_params[name] for name in ("category", "resource", "id"))
        job = store.submit(lambda writing: delete_document(writing.connection, ResourceDocument, *parts))
        await asyncio.wrap_future(job)
        return shown

    async def delete_all(request: Request) -> Any:
        parts = (request.path_params["category"], *_resource_of(request))
        deleted = await asyncio.wrap_future(store.submit(lambda writing: _delete(writing, parts)))
        if not deleted:
            code = "category_not_found" if len(parts) == 1 else "category_resource_not_found"
            raise Refusal(code, f"there is no resource of {' / '.join(parts)!r}")
        return [_show(resource) for resource in deleted]

    category = "/api/v1/categories/{category}"
    resource = f"{category}/resources/{{resource}}"
    return [
        route("GET", "/api/v1/categories", list_categories),
        route("DELETE", category, delete_all),
        route("GET", f"{category}/resources", list_resources),
        route("DELETE", resource, delete_all),
        route("POST", resource, create),
        route("GET", resource, list_resources),
        route("GET", f"{resource}/{{id}}", retrieve),
        route("DELETE", f"{resource}/{{id}}", delete_version),
    ]


def _list_categories(store: Store) -> list[str]:
    known = {value for name, value in vars(PayiCategories).items() if not name.startswith("_")}
    known |= {resource.category for resource in list_documents(store.reader, ResourceDocument)}
    rows = store.reader.execute(
        "SELECT DISTINCT key FROM rollups WHERE level = 1 AND dimension = ?", (DIMENSIONS["category"],)
    )
    return sorted(known.union(name_numbers(store.reader, [key for [key] in rows])) - {""})


def _resource_of(request: Request) -> tuple[str, ...]:
    resource = request.path_params.get("resource")
    return () if resource is None else (resource,)


def _delete(writing: Writing, parts: tuple[str, ...]) -> list[ResourceDocument]:
    found = list_documents(writing.connection, ResourceDocument, *parts)
    for each in found:
        ids = (each.category, each.resource, each.resource_id)
        delete_document(writing.connection, ResourceDocument, *ids)
    return found


def _show(resource: ResourceDocument) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(resource).items() if value is not None}
