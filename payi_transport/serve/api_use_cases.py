"""`/api/v1/use_cases/definitions`: use cases with their KPIs, and the limit that each instance gets."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.api_documents import DocumentApi, set_values
from payi_transport.serve.api_limits import Money, Properties, Share, to_decimal
from payi_transport.serve.documents import find_document, put_document
from payi_transport.serve.faults import Refusal
from payi_transport.serve.paging import make_page
from payi_transport.serve.responses import read_body, route
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing
from payi_transport.serve.use_cases import Definition, Kpi, LimitConfig
from payi_transport.values.accepted import NAME_RULES

__all__ = ["make_use_case_routes"]

_KpiType = Literal["boolean", "number", "percentage", "likert5", "likert7", "likert10"]
_Name = Annotated[str, Meta(min_length=1)]


class _LimitBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    max: Money
    limit_type: Literal["allow", "block"] = "allow"
    properties: Properties | None = None
    threshold: Share | None = None

    def to_config(self) -> LimitConfig:
        return LimitConfig(
            max=Decimal(repr(self.max)),
            limit_type=self.limit_type,
            properties=self.properties,
            threshold=to_decimal(self.threshold),
        )


class _NewDefinition(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: _Name
    description: str
    limit_config: _LimitBody | None = None
    logging_enabled: bool | None = None


class _DefinitionChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    description: str | None = None
    logging_enabled: bool | None = None


class _NewKpi(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: _Name
    description: str
    goal: float
    kpi_type: _KpiType


class _KpiChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    description: str | None = None
    goal: float | None = None


class _UseCases(DocumentApi):
    """The endpoints; each gets the request and returns what to send."""

    async def _definition(self, request: Request) -> Definition:
        return await self.find(Definition, "use_case_not_found", request.path_params["name"])

    async def create_definition(self, request: Request) -> Any:
        body: _NewDefinition = await read_body(request, _NewDefinition)
        if not NAME_RULES["use_case_name"].accepts(body.name):
            raise Refusal(
                "invalid_use_case_name", f"{body.name!r}: {NAME_RULES['use_case_name'].text} are accepted"
            )
        return _show(await self.write(lambda writing: _create(writing, body)))

    async def list_definitions(self, request: Request) -> Any:
        name, found = request.query_params.get("use_case_name"), await self.list_all(Definition)
        return make_page(request, [_show(each) for each in found if name in (None, each.name)])

    async def retrieve_definition(self, request: Request) -> Any:
        return _show(await self._definition(request))

    async def update_definition(self, request: Request) -> Any:
        body: _DefinitionChange = await read_body(request, _DefinitionChange)
        return await self._change_definition(request, lambda definition: set_values(body))

    async def _change_definition(
        self, request: Request, make_changes: Callable[[Definition], dict[str, Any]]
    ) -> Any:
        parts = (request.path_params["name"],)
        changed = await self.change(Definition, "use_case_not_found", parts, make_changes)
        return _show(changed)

    async def delete_definition(self, request: Request) -> Any:
        return _show(await self.delete(Definition, "use_case_not_found", request.path_params["name"]))

    async def increment_version(self, request: Request) -> Any:
        return await self._change_definition(
            request, lambda definition: {"type_version": definition.type_version + 1}
        )

    async def create_limit_config(self, request: Request) -> Any:
        body: _LimitBody = await read_body(request, _LimitBody)
        return await self._change_definition(request, lambda definition: {"limit_config": body.to_config()})

    async def delete_limit_config(self, request: Request) -> Any:
        return await self._change_definition(request, lambda definition: {"limit_config": None})

    async def create_kpi(self, request: Request) -> Any:
        body: _NewKpi = await read_body(request, _NewKpi)
        definition, now = await self._definition(request), self.service.now()
        kpi = Kpi(**msgspec.structs.asdict(body), created_timestamp=now, updated_timestamp=now)
        return _show(await self.put(kpi, definition.name, kpi.name))

    async def list_kpis(self, request: Request) -> Any:
        definition, wanted = await self._definition(request), request.query_params.get("kpi_name")
        found = await self.list_all(Kpi, definition.name)
        return make_page(request, [_show(kpi) for kpi in found if wanted in (None, kpi.name)])

    async def retrieve_kpi(self, request: Request) -> Any:
        return _show(await self.find(Kpi, "kpi_not_found", *_kpi_parts(request)))

    async def update_kpi(self, request: Request) -> Any:
        body: _KpiChange = await read_body(request, _KpiChange)
        values = {"updated_timestamp": self.service.now(), **set_values(body)}
        return _show(await self.change(Kpi, "kpi_not_found", _kpi_parts(request), lambda kpi: values))

    async def delete_kpi(self, request: Request) -> Any:
        return _show(await self.delete(Kpi, "kpi_not_found", *_kpi_parts(request)))


def make_use_case_routes(service: Service) -> list[Route]:
    """Return the routes of definitions."""
    made = _UseCases(service)
    definitions = "/api/v1/use_cases/definitions"
    definition = f"{definitions}/{{name}}"
    return [
        route("POST", definitions, made.create_definition),
        route("GET", definitions, made.list_definitions),
        route("GET", definition, made.retrieve_definition),
        route("PUT", definition, made.update_definition),
        route("DELETE", definition, made.delete_definition),
        route("POST", f"{definition}/increment_version", made.increment_version),
        route("POST", f"{definition}/limit_config", made.create_limit_config),
        route("DELETE", f"{definition}/limit_config", made.delete_limit_config),
        route("POST", f"{definition}/kpis", made.create_kpi),
        route("GET", f"{definition}/kpis", made.list_kpis),
        route("GET", f"{definition}/kpis/{{kpi}}", made.retrieve_kpi),
        route("PUT", f"{definition}/kpis/{{kpi}}", made.update_kpi),
        route("DELETE", f"{definition}/kpis/{{kpi}}", made.delete_kpi),
    ]


def _create(writing: Writing, body: _NewDefinition) -> Definition:
    if find_document(writing.connection, Definition, body.name) is not None:
        raise Refusal("already_exists", f"there is a use case {body.name!r} already")
    made = Definition(
        name=body.name,
        description=body.description,
        limit_config=None if body.limit_config is None else body.limit_config.to_config(),
        logging_enabled=body.logging_enabled,
    )
    put_document(writing.connection, made, body.name)
    return made


def _kpi_parts(request: Request) -> tuple[str, str]:
    return request.path_params["name"], request.path_params["kpi"]


def _show(document: Definition | Kpi) -> dict[str, Any]:
    shown = msgspec.structs.asdict(document)
    shown.pop("properties", None)
    return {**shown, "request_id": str(uuid.uuid4())}
