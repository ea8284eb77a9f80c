"""The resource tree: its parts, and that the tests of the resources cover every endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport import Payi
from payi_transport.client.endpoints import Resource, endpoint, list_endpoint
from tests.client.endpoint_cases import check_parameters
from tests.client.resources import (
    test_categories,
    test_definitions,
    test_ingest,
    test_limits,
    test_reports,
    test_requests,
    test_use_cases,
)

_FILES = (
    *(test_categories, test_definitions, test_ingest, test_limits, test_reports, test_requests),
    test_use_cases,
)
CASES = [case for file in _FILES for case in file.CASES]


@pytest.fixture
def client() -> Iterator[Payi]:
    with Payi(api_key="k") as client:
        yield client


def walk(resource: Any, prefix: str = "") -> Iterator[tuple[str, type]]:
    """Yield every endpoint below a resource, with the class that defines it."""
    for name, member in vars(type(resource)).items():
        if isinstance(member, endpoint | list_endpoint):
            yield prefix + name, type(resource)
        elif isinstance(member, property) and isinstance(part := getattr(resource, name), Resource):
            yield from walk(part, f"{prefix}{name}.")


@pytest.fixture
def endpoints(client: Payi) -> dict[str, type]:
    parts = ("categories", "ingest", "limits", "reports", "requests", "use_cases")
    return {method: owner for part in parts for method, owner in walk(getattr(client, part), f"{part}.")}


def test_every_endpoint_has_cases_that_pass_each_of_its_parameters(endpoints: dict[str, type]) -> None:
    assert set(endpoints) == {case.method for case in CASES}
    for method, owner in endpoints.items():
        check_parameters(CASES, owner, method)


def test_every_endpoint_has_a_docstring(endpoints: dict[str, type], client: Payi) -> None:
    for method, owner in endpoints.items():
        *_, name = method.split(".")
        assert getattr(owner, name).__doc__


def test_experiences_warns_that_it_is_now_use_cases(client: Payi) -> None:
    with pytest.warns(DeprecationWarning, match="use use_cases") as caught:
        former = client.experiences
    assert type(former) is type(client.use_cases)
    assert caught[0].filename == __file__
