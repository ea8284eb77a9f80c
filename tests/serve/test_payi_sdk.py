"""Pay-i's own SDK, unchanged, against the service: every call of its client, in both modes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import anyio
import msgspec
import pytest

from tests.client.endpoint_cases import EndpointCase
from tests.serve.test_api import CASES, adapt, seed, store_request
from tests.support.served import ServedRules

payi = pytest.importorskip("payi", reason="Pay-i's SDK is not installed")
pydantic = pytest.importorskip("pydantic", reason="Pay-i's SDK needs it")

# The calls that the SDK lacks.
MINE = ("ingest.bulk_upsert", "use_cases.value")


def find(client: Any, method: str) -> Callable[..., Any]:
    for name in method.split("."):
        client = getattr(client, name)
    return client  # type: ignore[no-any-return]


def call(case: EndpointCase, address: str) -> Any:
    with payi.Payi(api_key="k", base_url=address) as client:
        return find(client, case.method)(**case.arguments)


async def call_async(case: EndpointCase, address: str) -> Any:
    async with payi.AsyncPayi(api_key="k", base_url=address) as client:
        return await find(client, case.method)(**case.arguments)


SURFACES: dict[str, Callable[[EndpointCase, str], Any]] = {
    "sync": call,
    "async": lambda case, address: anyio.run(call_async, case, address),
}


def shorten(case: EndpointCase) -> EndpointCase:
    """Return a case with what the SDK accepts: not all arguments of this library's client, and JSON only."""
    known = inspect.signature(find(payi.Payi(api_key="k"), case.method)).parameters
    arguments = {name: simplify(value) for name, value in case.arguments.items() if name in known}
    for name in ("properties", "use_case_properties"):
        if name in arguments:
            arguments[name] = write_numbers(arguments[name])
    return replace(case, arguments=arguments)


def simplify(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, Mapping):
        made = {name: simplify(item) for name, item in value.items()}
        return {**made, "properties": write_numbers(made["properties"])} if "properties" in made else made
    if isinstance(value, list | tuple):
        return [simplify(item) for item in value]
    # The SDK sends headers in ASCII.
    return value.encode("ascii", "ignore").decode().strip() if isinstance(value, str) else value


def write_numbers(properties: Any) -> Any:
    return {name: None if value is None else str(value) for name, value in properties.items()}


@pytest.mark.parametrize(
    ("strict", "surface"), [(False, "async"), (True, "sync")], ids=["service", "strict service"]
)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_call_returns_its_type(
    case: EndpointCase, strict: bool, surface: str, services: Callable[[bool], ServedRules]
) -> None:
    if case.method in MINE:
        pytest.skip("Pay-i's SDK does not have this call")
    case, served = shorten(case), services(strict)
    served.service.store.write(lambda writing: seed(writing, case))
    request_id = store_request(case, served.service) if case.method.startswith("requests.") else ""
    check_type(case, SURFACES[surface](adapt(case, request_id), served.address))


def check_type(case: EndpointCase, value: Any) -> None:
    if case.kind in (None, str):
        assert type(value) is (case.kind or type(None))
        return
    items = getattr(value, "items", value)
    for item in items if isinstance(items, list) else [value]:
        # The SDK takes what comes as it is, so check what it got against its own types.
        assert type(item).model_validate(item.to_dict()) is not None
        assert not item.model_extra, case
