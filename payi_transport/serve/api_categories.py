"""`/api/v1/categories`: the categories there are, and resources with prices of their own.

A resource that is created here is stored and listed. What prices calls is `[prices]` in the config, which
covers more than one price per unit.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.api_documents import DocumentApi
from payi_transport.serve.documents import delete_document, list_documents
from payi_transport.serve.faults import Refusal
from payi_transport.serve.names import name_numbers
from payi_transport.serve.paging import make_page
from payi_transport.serve.responses import read_body, route
from payi_transport.serve.rollups import DIMENSIONS
from payi_transport.serve.service import Service
from payi_transport.serve.store import Store, Writing
from payi_transport.values.names import PayiCategories

__all__ = ["ResourceDocument", "make_category_routes"]

_NOT_FOUND = "category_resource_not_found"


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


class _Categories(DocumentApi):
    """The endpoints; each gets the request and returns what to send."""

    async def list_categories(self, request: Request) -> Any:
        names = await run_sync(_list_categories, self.service.store)
        return make_page(request, [{"category": name} for name in names])

    async def list_resources(self, request: Request) -> Any:
        found = await self.list_all(ResourceDocument, *_parts_of(request))
        return make_page(request, [_show(resource) for resource in found])

    async def create(self, request: Request) -> Any:
        body: _New = await read_body(request, _New)
        values = msgspec.structs.asdict(body)
        values["start_timestamp"] = body.start_timestamp or self.service.now()
        category, resource = _parts_of(request)
        made = ResourceDocument(category=category, resource=resource, resource_id=str(uuid.uuid4()), **values)
        return _show(await self.put(made, *_ids_of(made)))

    async def retrieve(self, request: Request) -> Any:
        return _show(await self.find(ResourceDocument, _NOT_FOUND, *_parts_of(request)))

    async def delete_version(self, request: Request) -> Any:
        return _show(await self.delete(ResourceDocument, _NOT_FOUND, *_parts_of(request)))

    async def delete_all(self, request: Request) -> Any:
        parts = _parts_of(request)
        deleted = await self.write(lambda writing: _delete(writing, parts))
        if not deleted:
            code = "category_not_found" if len(parts) == 1 else _NOT_FOUND
            raise Refusal(code, f"there is no resource of {' / '.join(parts)!r}")
        return [_show(resource) for resource in deleted]


def make_category_routes(service: Service) -> list[Route]:
    """Return the routes of categories."""
    made = _Categories(service)
    category = "/api/v1/categories/{category}"
    resource = f"{category}/resources/{{resource}}"
    return [
        route("GET", "/api/v1/categories", made.list_categories),
        route("DELETE", category, made.delete_all),
        route("GET", f"{category}/resources", made.list_resources),
        route("DELETE", resource, made.delete_all),
        route("POST", resource, made.create),
        route("GET", resource, made.list_resources),
        route("GET", f"{resource}/{{id}}", made.retrieve),
        route("DELETE", f"{resource}/{{id}}", made.delete_version),
    ]


def _list_categories(store: Store) -> list[str]:
    known = {value for name, value in vars(PayiCategories).items() if not name.startswith("_")}
    known |= {resource.category for resource in list_documents(store.reader, ResourceDocument)}
    rows = store.reader.execute(
        "SELECT DISTINCT key FROM rollups WHERE level = 1 AND dimension = ?", (DIMENSIONS["category"],)
    )
    return sorted(known.union(name_numbers(store.reader, [key for [key] in rows])) - {""})


def _parts_of(request: Request) -> tuple[str, ...]:
    """Return the parts of a path that are there: a category, its resource, and the id of a version."""
    names = ("category", "resource", "id")
    return tuple(request.path_params[name] for name in names if name in request.path_params)


def _ids_of(resource: ResourceDocument) -> tuple[str, str, str]:
    return resource.category, resource.resource, resource.resource_id


def _delete(writing: Writing, parts: tuple[str, ...]) -> list[ResourceDocument]:
    found = list_documents(writing.connection, ResourceDocument, *parts)
    for each in found:
        delete_document(writing.connection, ResourceDocument, *_ids_of(each))
    return found


def _show(resource: ResourceDocument) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(resource).items() if value is not None}
