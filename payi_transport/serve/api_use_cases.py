"""`/api/v1/use_cases`: definitions with their KPIs and limits, instances with their scores."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.api_limits import Money, Properties, Share, merge_properties, to_decimal
from payi_transport.serve.documents import delete_document, find_document, list_documents, put_document
from payi_transport.serve.faults import Refusal
from payi_transport.serve.paging import make_page
from payi_transport.serve.responses import read_body, route
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing
from payi_transport.serve.use_cases import Definition, Instance, Kpi, LimitConfig, Score, make_instance
from payi_transport.serve.write import EventWriter
from payi_transport.values.lawful import NAME_RULES

__all__ = ["make_use_case_routes"]

T = TypeVar("T")
D = TypeVar("D", bound=msgspec.Struct)
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


class _ScoreBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    score: float | bool | None = None


class _PropertiesBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    properties: Properties


class _UseCases:
    """The endpoints; each gets the request and returns what to send."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def _write(self, job: Callable[[Writing], T]) -> T:
        return await asyncio.wrap_future(self._service.store.submit(job))

    async def _find(self, type_: type[D], code: str, *parts: str) -> D:
        return await run_sync(lambda: _find(self._service.store.reader, type_, code, *parts))

    async def _put(self, document: D, *parts: str) -> D:
        await self._write(lambda writing: put_document(writing.connection, document, *parts))
        return document

    async def _delete(self, type_: type[D], code: str, *parts: str) -> D:
        def job(writing: Writing) -> D:
            document = _find(writing.connection, type_, code, *parts)
            delete_document(writing.connection, type_, *parts)
            return document

        return await self._write(job)

    async def _definition(self, request: Request) -> Definition:
        return await self._find(Definition, "use_case_not_found", request.path_params["name"])

    async def _instance(self, request: Request) -> Instance:
        parts = (request.path_params["name"], request.path_params["id"])
        return await self._find(Instance, "use_case_instance_not_found", *parts)

    async def create_definition(self, request: Request) -> Any:
        body: _NewDefinition = await read_body(request, _NewDefinition)
        if not NAME_RULES["use_case_name"].accepts(body.name):
            raise Refusal(
                "invalid_use_case_name", f"{body.name!r}: {NAME_RULES['use_case_name'].text} are accepted"
            )
        config = None if body.limit_config is None else body.limit_config.to_config()

        def job(writing: Writing) -> Definition:
            if find_document(writing.connection, Definition, body.name) is not None:
                raise Refusal("already_exists", f"there is a use case {body.name!r} already")
            made = Definition(
                name=body.name,
                description=body.description,
                limit_config=config,
                logging_enabled=body.logging_enabled,
            )
            put_document(writing.connection, made, body.name)
            return made

        return _show(await self._write(job))

    async def list_definitions(self, request: Request) -> Any:
        name = request.query_params.get("use_case_name")
        found = await run_sync(lambda: list_documents(self._service.store.reader, Definition))
        return make_page(request, [_show(each) for each in found if name in (None, each.name)])

    async def retrieve_definition(self, request: Request) -> Any:
        return _show(await self._definition(request))

    async def update_definition(self, request: Request) -> Any:
        body: _DefinitionChange = await read_body(request, _DefinitionChange)
        return await self._change_definition(request, **_set_values(body))

    async def _change_definition(self, request: Request, **values: Any) -> Any:
        definition = msgspec.structs.replace(await self._definition(request), **values)
        return _show(await self._put(definition, definition.name))

    async def delete_definition(self, request: Request) -> Any:
        return _show(await self._delete(Definition, "use_case_not_found", request.path_params["name"]))

    async def increment_version(self, request: Request) -> Any:
        definition = await self._definition(request)
        return await self._change_definition(request, type_version=definition.type_version + 1)

    async def create_limit_config(self, request: Request) -> Any:
        body: _LimitBody = await read_body(request, _LimitBody)
        return await self._change_definition(request, limit_config=body.to_config())

    async def delete_limit_config(self, request: Request) -> Any:
        return await self._change_definition(request, limit_config=None)

    async def create_kpi(self, request: Request) -> Any:
        body: _NewKpi = await read_body(request, _NewKpi)
        definition, now = await self._definition(request), self._service.now()
        kpi = Kpi(**msgspec.structs.asdict(body), created_timestamp=now, updated_timestamp=now)
        return _show(await self._put(kpi, definition.name, kpi.name))

    async def list_kpis(self, request: Request) -> Any:
        definition, wanted = await self._definition(request), request.query_params.get("kpi_name")
        found = await run_sync(lambda: list_documents(self._service.store.reader, Kpi, definition.name))
        return make_page(request, [_show(kpi) for kpi in found if wanted in (None, kpi.name)])

    async def retrieve_kpi(self, request: Request) -> Any:
        return _show(await self._find(Kpi, "kpi_not_found", *_kpi_parts(request)))

    async def update_kpi(self, request: Request) -> Any:
        body: _KpiChange = await read_body(request, _KpiChange)
        kpi = await self._find(Kpi, "kpi_not_found", *_kpi_parts(request))
        changed = msgspec.structs.replace(kpi, updated_timestamp=self._service.now(), **_set_values(body))
        return _show(await self._put(changed, *_kpi_parts(request)))

    async def delete_kpi(self, request: Request) -> Any:
        return _show(await self._delete(Kpi, "kpi_not_found", *_kpi_parts(request)))

    async def create_instance(self, request: Request) -> Any:
        definition = await self._definition(request)

        def job(writing: Writing) -> Instance:
            now = self._service.now()
            writer = EventWriter(writing, 0)
            made = make_instance(writer, definition, str(uuid.uuid4()), now)
            writer.finish()
            return made

        return _show_instance(await self._write(job))

    async def retrieve_instance(self, request: Request) -> Any:
        return _show_instance(await self._instance(request))

    async def delete_instance(self, request: Request) -> Any:
        parts = (request.path_params["name"], request.path_params["id"])
        return _show_instance(await self._delete(Instance, "use_case_instance_not_found", *parts))

    async def update_properties(self, request: Request) -> Any:
        body: _PropertiesBody = await read_body(request, _PropertiesBody)
        instance = await self._instance(request)
        merged = merge_properties(instance.properties, body.properties)
        changed = msgspec.structs.replace(instance, properties=merged)
        return _show_instance(await self._put(changed, changed.use_case_name, changed.use_case_id))

    async def retrieve_value(self, request: Request) -> Any:
        instance = await self._instance(request)
        scores = await run_sync(lambda: self._list_scores(instance))
        return {"use_case_id": instance.use_case_id, "value": {}, "kpis": scores}

    def _list_scores(self, instance: Instance) -> list[Score]:
        parts = (instance.use_case_name, instance.use_case_id)
        return list_documents(self._service.store.reader, Score, *parts)

    async def update_score(self, request: Request) -> Any:
        body: _ScoreBody = await read_body(request, _ScoreBody)
        instance, (name, kpi_name) = await self._instance(request), _kpi_parts(request)
        kpi = await self._find(Kpi, "kpi_not_found", name, kpi_name)
        now = self._service.now()
        score = Score(
            kpi_name=kpi_name,
            kpi_type=kpi.kpi_type,
            score=None if body.score is None else float(body.score),
            create_timestamp=now,
            update_timestamp=now,
        )
        await self._put(score, name, instance.use_case_id, kpi_name)

    async def list_scores(self, request: Request) -> Any:
        instance, wanted = await self._instance(request), request.query_params.get("kpi_name")
        found = await run_sync(lambda: self._list_scores(instance))
        return make_page(request, [score for score in found if wanted in (None, score.kpi_name)])


def make_use_case_routes(service: Service) -> list[Route]:
    """Return the routes of use cases."""
    made = _UseCases(service)
    definitions, instances = "/api/v1/use_cases/definitions", "/api/v1/use_cases/instances/{name}"
    definition, instance = f"{definitions}/{{name}}", f"{instances}/{{id}}"
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
        route("POST", instances, made.create_instance),
        route("GET", instance, made.retrieve_instance),
        route("DELETE", instance, made.delete_instance),
        route("GET", f"{instance}/value", made.retrieve_value),
        route("GET", f"{instance}/kpis", made.list_scores),
        route("PUT", f"{instance}/kpis/{{kpi}}", made.update_score),
        route("PUT", f"{instance}/properties", made.update_properties),
    ]


def _find(connection: Any, type_: type[D], code: str, *parts: str) -> D:
    document = find_document(connection, type_, *parts)
    if document is None:
        raise Refusal(code, f"there is no {type_.__name__.lower()} {' / '.join(parts)!r}")
    return document


def _kpi_parts(request: Request) -> tuple[str, str]:
    return request.path_params["name"], request.path_params["kpi"]


def _set_values(body: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}


def _show(document: Definition | Kpi) -> dict[str, Any]:
    shown = msgspec.structs.asdict(document)
    shown.pop("properties", None)
    return {**shown, "request_id": str(uuid.uuid4())}


def _show_instance(instance: Instance) -> dict[str, Any]:
    names = ("use_case_id", "use_case_name", "limit_id", "type_version")
    return {name: getattr(instance, name) for name in names}
