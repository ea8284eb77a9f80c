"""`/api/v1/use_cases/instances`: instances of use cases, and their scores."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.api_documents import DocumentApi
from payi_transport.serve.api_limits import PropertiesBody, merge_properties
from payi_transport.serve.paging import make_page
from payi_transport.serve.responses import read_body, route
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing
from payi_transport.serve.use_cases import Definition, Instance, Kpi, Score, make_instance
from payi_transport.serve.write import EventWriter

__all__ = ["make_instance_routes"]

_NOT_FOUND = "use_case_instance_not_found"


class _ScoreBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    score: float | bool | None = None


class _Instances(DocumentApi):
    """The endpoints; each gets the request and returns what to send."""

    async def _instance(self, request: Request) -> Instance:
        return await self.find(Instance, _NOT_FOUND, *_parts_of(request))

    async def create(self, request: Request) -> Any:
        definition = await self.find(Definition, "use_case_not_found", request.path_params["name"])

        def job(writing: Writing) -> Instance:
            writer = EventWriter(writing, 0)
            made = make_instance(writer, definition, str(uuid.uuid4()), self.service.now())
            writer.finish()
            return made

        return _show(await self.write(job))

    async def retrieve(self, request: Request) -> Any:
        return _show(await self._instance(request))

    async def remove(self, request: Request) -> Any:
        return _show(await self.delete(Instance, _NOT_FOUND, *_parts_of(request)))

    async def update_properties(self, request: Request) -> Any:
        body: PropertiesBody = await read_body(request, PropertiesBody)
        changed = await self.change(
            Instance,
            _NOT_FOUND,
            _parts_of(request),
            lambda found: {"properties": merge_properties(found.properties, body.properties)},
        )
        return _show(changed)

    async def retrieve_value(self, request: Request) -> Any:
        instance = await self._instance(request)
        scores = await self.list_all(Score, *_parts_of(request))
        return {"use_case_id": instance.use_case_id, "value": {}, "kpis": scores}

    async def update_score(self, request: Request) -> Any:
        body: _ScoreBody = await read_body(request, _ScoreBody)
        instance, kpi_name = await self._instance(request), request.path_params["kpi"]
        kpi = await self.find(Kpi, "kpi_not_found", instance.use_case_name, kpi_name)
        now = self.service.now()
        score = Score(
            kpi_name=kpi_name,
            kpi_type=kpi.kpi_type,
            score=None if body.score is None else float(body.score),
            create_timestamp=now,
            update_timestamp=now,
        )
        await self.put(score, *_parts_of(request), kpi_name)

    async def list_scores(self, request: Request) -> Any:
        await self._instance(request)
        wanted = request.query_params.get("kpi_name")
        scores = await self.list_all(Score, *_parts_of(request))
        return make_page(request, [score for score in scores if wanted in (None, score.kpi_name)])


def make_instance_routes(service: Service) -> list[Route]:
    """Return the routes of instances."""
    made = _Instances(service)
    instances = "/api/v1/use_cases/instances/{name}"
    instance = f"{instances}/{{id}}"
    return [
        route("POST", instances, made.create),
        route("GET", instance, made.retrieve),
        route("DELETE", instance, made.remove),
        route("GET", f"{instance}/value", made.retrieve_value),
        route("GET", f"{instance}/kpis", made.list_scores),
        route("PUT", f"{instance}/kpis/{{kpi}}", made.update_score),
        route("PUT", f"{instance}/properties", made.update_properties),
    ]


def _parts_of(request: Request) -> tuple[str, str]:
    return request.path_params["name"], request.path_params["id"]


def _show(instance: Instance) -> dict[str, Any]:
    names = ("use_case_id", "use_case_name", "limit_id", "type_version")
    return {name: getattr(instance, name) for name in names}
