"""`/api/v1/requests` and `/api/v1/categories` over what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from payi_transport.serve.service import Service
from tests.serve.conftest import Serve
from tests.serve.events import item, make_items


@pytest.fixture
def running(serve: Serve) -> Iterator[tuple[httpx.Client, Service]]:
    address, service = serve()
    with httpx.Client(base_url=f"{address}/api/v1", headers={"xproxy-api-key": "k"}) as client:
        yield client, service


def code(response: httpx.Response) -> str:
    found: str = response.json()["xproxy_error"]["code"]
    return found


def test_a_result_is_the_same_now_and_later(running: tuple[httpx.Client, Service]) -> None:
    api, _ = running
    sent = api.post(
        "/ingest", json=item(provider_response_id="a/b"), headers={"xproxy-user-id": "ann"}
    ).json()
    result = sent["xproxy_result"]
    by_request = api.get(f"/requests/{sent['request_id']}/result").json()["xproxy_result"]
    by_response = api.get("/requests/provider/system.openai/a%2Fb/result").json()["xproxy_result"]
    assert by_request == by_response == result
    assert result["user_id"] == "ann"


def test_what_a_subscription_includes_costs_nothing_and_unknown_units_are_named(
    running: tuple[httpx.Client, Service],
) -> None:
    api, _ = running
    included = api.post("/ingest", json=item(properties={"system.billing": "subscription"})).json()
    stored = api.get(f"/requests/{included['request_id']}/result").json()["xproxy_result"]
    assert stored["cost"]["total"] == included["xproxy_result"]["cost"]["total"] == {"base": 0}
    units = {"text": {"input": 1000}, "unheard_of": {"input": 5, "output": 6}}
    partial: Any = api.post("/ingest", json=item(units=units)).json()["xproxy_result"]
    assert partial["unknown_units"] == {"unheard_of": {"input": 5, "output": 6}}
    assert partial["cost"]["total"] == {"base": 0.002}


def test_properties_change_one_by_one(running: tuple[httpx.Client, Service]) -> None:
    api, service = running
    api.post("/ingest", json=item(provider_response_id="r", properties={"a": "1", "b": "2"}))
    body = {"properties": {"a": None, "c": "3"}}
    assert api.put("/requests/provider/system.openai/r/properties", json=body).json() == {
        "request_id": "local-1"
    }
    call = service.queries.call(1)
    assert call is not None and call.detail.properties == {"b": "2", "c": "3"}


@pytest.mark.parametrize("name", ["local-9", "x", "local-²", "local-" + "9" * 40, "local-"])
def test_a_request_that_does_not_exist_is_not_found(running: tuple[httpx.Client, Service], name: str) -> None:
    api, _ = running
    assert code(api.get(f"/requests/{name}/result")) == "request_not_found"
    assert code(api.put(f"/requests/{name}/properties", json={"properties": {}})) == "request_not_found"
    assert code(api.get(f"/requests/provider/c/{name}/result")) == "request_not_found"


def test_resources_have_versions(running: tuple[httpx.Client, Service]) -> None:
    api, service = running
    service.ingest_bulk(make_items(item(category="acme")), updates=False).result()
    path = "/categories/own/resources/a%2Fb"
    body = {"units": {"text": {"input_price": 1}}}
    ids = [api.post(path, json=body).json()["resource_id"] for _ in range(2)]
    assert {row["resource_id"] for row in api.get(path).json()["items"]} == set(ids)
    assert len(api.get("/categories/own/resources").json()["items"]) == 2
    names = {row["category"] for row in api.get("/categories", params={"limit": 100}).json()["items"]}
    assert names > {"own", "acme", "system.openai"}
    assert api.get(f"{path}/{ids[0]}").json()["resource"] == "a/b"
    assert api.delete(f"{path}/{ids[0]}").status_code == 200
    assert code(api.get(f"{path}/{ids[0]}")) == "category_resource_not_found"
    assert code(api.delete(f"{path}/{ids[0]}")) == "category_resource_not_found"
    assert len(api.delete(path).json()) == 1
    assert code(api.delete(path)) == "category_resource_not_found"
    assert code(api.delete("/categories/own")) == "category_not_found"
