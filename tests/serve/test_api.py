"""Every call of the client's own test suite against the service, sync and async."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from payi_transport.serve.api_categories import ResourceDocument
from payi_transport.serve.command import serve_in_thread
from payi_transport.serve.documents import put_document
from payi_transport.serve.limits import LimitDocument
from payi_transport.serve.results import make_request_id
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.store import Writing
from payi_transport.serve.use_cases import Definition, Instance, Kpi
from payi_transport.values.accepted import NAME_RULES
from tests.client import endpoint_cases
from tests.client.endpoint_cases import SURFACES, EndpointCase
from tests.client.resources import (
    test_categories,
    test_definitions,
    test_ingest,
    test_limits,
    test_requests,
    test_use_cases,
)
from tests.serve.events import item, make_items

_MODULES = (test_categories, test_definitions, test_ingest, test_limits, test_requests, test_use_cases)
_NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
# Fields that Pay-i does not publish the names of.
UNDECLARED = {"use_cases.value": ("use_case_id", "value", "kpis")}
CASES: Sequence[EndpointCase] = [case for module in _MODULES for case in module.CASES]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    folder: Path = tmp_path_factory.mktemp("api")
    with serve_in_thread(ServeSettings(file=folder / "serve.sqlite", port=0)) as started:
        yield started


def adapt(case: EndpointCase, request_id: str) -> EndpointCase:
    """Return a case with arguments that the service accepts: its own ids and cursors, and valid names."""
    arguments = {name: value for name, value in case.arguments.items() if name != "cursor"}
    if "request_id" in arguments:
        arguments["request_id"] = request_id
    if len(str(arguments.get("event_timestamp"))) == len("2026-05-04"):
        arguments["event_timestamp"] += "T00:00:00Z"
    named = "name" if case.method == "use_cases.definitions.create" else "use_case_name"
    if case.method.startswith(("ingest.", "use_cases.definitions.create")) and arguments.get(named):
        arguments[named] = NAME_RULES["use_case_name"].correct(arguments[named])
    return replace(case, arguments=arguments, undeclared=UNDECLARED.get(case.method, ()))


def seed(writing: Writing, case: EndpointCase) -> None:
    """Store what a case reads or changes, and nothing that it creates."""
    writing.connection.execute("DELETE FROM documents")
    named: dict[str, Any] = {**case.arguments}
    names: set[Any] = {named.get("use_case_name"), named.get("name")} - {None}
    if case.method != "use_cases.definitions.create":
        for name in names:
            put_document(writing.connection, Definition(name=name, description="d"), name)
            instance = named.get("use_case_id") or "i"
            put_document(
                writing.connection, Instance(use_case_name=name, use_case_id=instance), name, instance
            )
            kpi = Kpi(
                name=named.get("kpi_name") or "k",
                description="d",
                kpi_type="number",
                goal=1,
                created_timestamp=_NOW,
                updated_timestamp=_NOW,
            )
            put_document(writing.connection, kpi, name, kpi.name)
    if case.method != "limits.create":
        for limit_id in (named.get("limit_id") or "L1", "L2", *(named.get("limit_ids") or ())):
            put_document(writing.connection, make_limit(limit_id), limit_id)
    seed_resource(writing, named)


def seed_resource(writing: Writing, named: dict[str, Any]) -> None:
    ids = tuple(named.get(name) or "x" for name in ("category", "resource", "resource_id"))
    made = ResourceDocument(
        category=ids[0], resource=ids[1], resource_id=ids[2], units={}, start_timestamp=_NOW
    )
    put_document(writing.connection, made, *ids)


def make_limit(limit_id: str) -> LimitDocument:
    return LimitDocument(
        limit_id=limit_id, limit_name="n", limit_type="allow", max=Decimal(1), created=_NOW, updated=_NOW
    )


@pytest.mark.parametrize("surface", ["sync", "async streaming"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_call_of_the_client_returns_its_type(
    case: EndpointCase, surface: str, running: tuple[str, Service]
) -> None:
    address, service = running
    service.store.write(lambda writing: seed(writing, case))
    request_id = store_request(case, service) if case.method.startswith("requests.") else ""
    adapted = adapt(case, request_id)
    endpoint_cases.check_kind(adapted, SURFACES[surface](adapted, SimpleNamespace(url=address)))  # type: ignore[arg-type]


def store_request(case: EndpointCase, service: Service) -> str:
    """Store the call that a case asks for, and return its id."""
    names = {
        name: case.arguments[name] for name in ("category", "provider_response_id") if name in case.arguments
    }
    [stored] = make_items(item(**names))
    service.ingest_bulk([stored], updates=True).result()
    [[id_]] = service.store.reader.execute("SELECT MAX(id) FROM events").fetchall()
    return make_request_id(id_)
