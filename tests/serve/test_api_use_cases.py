"""Use cases, KPIs, and instances over the API: what is stored, changed, refused, and told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest

from payi_transport.serve.service import Service
from payi_transport.values.accepted import NAME_RULES

KPI = {"name": "solved", "description": "d", "goal": 1, "kpi_type": "number"}
KINDS = ("boolean", "number", "percentage", "likert5", "likert7", "likert10")


@pytest.fixture
def api(running: tuple[httpx.Client, Service]) -> httpx.Client:
    return running[0]


def refusal_of(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    return response.status_code, body["xproxy_error"]["code"], body["message"]


def without_id(response: httpx.Response) -> dict[str, Any]:
    shown = response.json()
    assert shown.pop("request_id")
    return dict(shown)


def define(api: httpx.Client, name: str = "chat", **more: Any) -> httpx.Response:
    return api.post("/definitions", json={"name": name, "description": "d", **more})


def test_a_definition_has_what_it_was_made_with(api: httpx.Client) -> None:
    limit = {"max": 0.1, "limit_type": "block", "properties": {"a": "b"}, "threshold": 0.7}
    expected = {
        "name": "chat",
        "description": "d",
        "type_version": 1,
        "limit_config": limit,
        "logging_enabled": False,
    }
    assert without_id(define(api, limit_config=limit, logging_enabled=False)) == expected
    assert without_id(api.get("/definitions/chat")) == expected
    plain = without_id(define(api, "plain"))
    assert (plain["limit_config"], plain["logging_enabled"]) == (None, None)


def test_a_limit_of_instances_allows_unless_it_says_otherwise(api: httpx.Client) -> None:
    define(api)
    made = without_id(api.post("/definitions/chat/limit_config", json={"max": 5}))
    assert made["limit_config"] == {"max": 5}
    limit_id = api.post("/instances/chat").json()["limit_id"]
    limits = str(api.base_url).replace("/use_cases", "/limits")
    limit = api.get(f"{limits}{limit_id}").json()["limit"]
    assert (limit["limit_type"], limit["max"], limit["threshold"]) == ("allow", 5, None)
    assert without_id(api.delete("/definitions/chat/limit_config"))["limit_config"] is None


@pytest.mark.parametrize(
    "fields", [{"max": -1}, {"max": 1.1e12}, {"max": 1, "threshold": 1.1}, {"max": 1, "limit_type": "x"}, {}]
)
def test_a_limit_of_instances_has_bounds(fields: dict[str, Any], api: httpx.Client) -> None:
    define(api)
    refused = api.post("/definitions/chat/limit_config", json=fields)
    assert refusal_of(refused)[:2] == (400, "invalid_json")


def test_a_change_keeps_what_it_does_not_name(api: httpx.Client) -> None:
    define(api, logging_enabled=True)
    changed = without_id(api.put("/definitions/chat", json={"description": "e"}))
    assert (changed["description"], changed["logging_enabled"]) == ("e", True)
    changed = without_id(api.put("/definitions/chat", json={"logging_enabled": False}))
    assert (changed["description"], changed["logging_enabled"]) == ("e", False)
    assert without_id(api.post("/definitions/chat/increment_version"))["type_version"] == 2
    assert api.post("/instances/chat").json()["type_version"] == 2


def test_names_are_valid_and_unique(api: httpx.Client) -> None:
    text = NAME_RULES["use_case_name"].text
    assert refusal_of(define(api, "two words")) == (
        400,
        "invalid_use_case_name",
        f"'two words': {text} are accepted",
    )
    assert refusal_of(define(api, ""))[:2] == (400, "invalid_json")
    define(api)
    assert refusal_of(define(api)) == (409, "already_exists", "there is a use case 'chat' already")


def test_lists_are_of_all_or_of_one_name(api: httpx.Client) -> None:
    for name in ("a", "b", "c"):
        define(api, name)
    listed = api.get("/definitions").json()
    assert [row["name"] for row in listed["items"]] == ["a", "b", "c"]
    found = api.get("/definitions", params={"use_case_name": "b"}).json()["items"]
    assert [row["name"] for row in found] == ["b"]
    assert len(api.get("/definitions", params={"limit": 2}).json()["items"]) == 2
    assert without_id(api.delete("/definitions/b"))["name"] == "b"
    assert [row["name"] for row in api.get("/definitions").json()["items"]] == ["a", "c"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kpi_has_what_it_was_made_with(kind: str, api: httpx.Client) -> None:
    define(api)
    made = without_id(api.post("/definitions/chat/kpis", json={**KPI, "kpi_type": kind}))
    times = [made.pop(f"{name}_timestamp") for name in ("created", "updated")]
    assert made == {**KPI, "kpi_type": kind}
    assert times[0] == times[1]
    changed = without_id(api.put("/definitions/chat/kpis/solved", json={"goal": 2}))
    assert (changed["goal"], changed["description"], changed["created_timestamp"]) == (2, "d", times[0])
    updated, before = (msgspec.convert(text, datetime) for text in (changed["updated_timestamp"], times[1]))
    assert updated > before
    assert without_id(api.get("/definitions/chat/kpis/solved")) == changed
    assert without_id(api.delete("/definitions/chat/kpis/solved")) == changed
    assert refusal_of(api.get("/definitions/chat/kpis/solved")) == (
        404,
        "kpi_not_found",
        "there is no kpi 'chat / solved'",
    )


@pytest.mark.parametrize(
    "fields", [{"kpi_type": "x"}, {"name": ""}, {"goal": "x"}, {"unknown": 1}, {"description": None}], ids=str
)
def test_another_kpi_is_refused(fields: dict[str, Any], api: httpx.Client) -> None:
    define(api)
    refused = api.post("/definitions/chat/kpis", json={**KPI, **fields})
    assert refusal_of(refused)[:2] == (400, "invalid_json")


def test_kpis_are_those_of_their_use_case(api: httpx.Client) -> None:
    for name in ("chat", "chats"):
        define(api, name)
        for kpi in ("a", "b"):
            api.post(f"/definitions/{name}/kpis", json={**KPI, "name": kpi})
    assert [row["name"] for row in api.get("/definitions/chat/kpis").json()["items"]] == ["a", "b"]
    found = api.get("/definitions/chat/kpis", params={"kpi_name": "b"}).json()["items"]
    assert [row["name"] for row in found] == ["b"]
    assert refusal_of(api.get("/definitions/x/kpis")) == (
        404,
        "use_case_not_found",
        "there is no definition 'x'",
    )
    assert refusal_of(api.post("/definitions/x/kpis", json=KPI))[1] == "use_case_not_found"


def test_an_instance_is_told_its_use_case_its_id_and_its_limit(api: httpx.Client) -> None:
    define(api, limit_config={"max": 1})
    made = api.post("/instances/chat").json()
    assert made["use_case_id"] and made["limit_id"]
    assert made == {
        "use_case_id": made["use_case_id"],
        "use_case_name": "chat",
        "limit_id": made["limit_id"],
        "type_version": 1,
    }
    one = f"/instances/chat/{made['use_case_id']}"
    assert api.get(one).json() == made
    assert api.put(f"{one}/properties", json={"properties": {"a": "b"}}).json() == made
    assert api.delete(one).json() == made
    assert refusal_of(api.get(one)) == (
        404,
        "use_case_instance_not_found",
        f"there is no instance 'chat / {made['use_case_id']}'",
    )
    for response in (
        api.put(f"{one}/properties", json={"properties": {}}),
        api.get(f"{one}/value"),
        api.get(f"{one}/kpis"),
        api.put(f"{one}/kpis/solved", json={"score": 1}),
        api.delete(one),
    ):
        assert refusal_of(response)[:2] == (404, "use_case_instance_not_found")


def test_properties_of_an_instance_change_one_by_one(running: tuple[httpx.Client, Service]) -> None:
    from payi_transport.serve.documents import find_document
    from payi_transport.serve.use_cases import Instance

    api, service = running
    define(api)
    id_ = api.post("/instances/chat").json()["use_case_id"]
    for properties in ({"a": "1", "b": "2"}, {"a": None, "c": "3"}):
        api.put(f"/instances/chat/{id_}/properties", json={"properties": properties})
    found = find_document(service.store.reader, Instance, "chat", id_)
    assert found is not None and found.properties == {"b": "2", "c": "3"}


@pytest.mark.parametrize(("score", "stored"), [(0.5, 0.5), (True, 1), (False, 0), (0, 0), (None, None)])
def test_a_score_has_its_kpi_and_its_times(score: Any, stored: float | None, api: httpx.Client) -> None:
    define(api)
    for name in ("solved", "quick"):
        api.post("/definitions/chat/kpis", json={**KPI, "name": name})
    id_ = api.post("/instances/chat").json()["use_case_id"]
    one = f"/instances/chat/{id_}"
    for name in ("solved", "quick"):
        assert api.put(f"{one}/kpis/{name}", json={"score": score}).status_code == 200
    value = api.get(f"{one}/value").json()
    assert (value["use_case_id"], value["value"]) == (id_, {})
    assert [row["kpi_name"] for row in value["kpis"]] == ["quick", "solved"]
    [found] = api.get(f"{one}/kpis", params={"kpi_name": "solved"}).json()["items"]
    assert (found["kpi_name"], found["kpi_type"], found.get("score")) == ("solved", "number", stored)
    assert found["create_timestamp"] == found["update_timestamp"]
    assert len(api.get(f"{one}/kpis").json()["items"]) == 2
    assert refusal_of(api.put(f"{one}/kpis/x", json={"score": 1})) == (
        404,
        "kpi_not_found",
        "there is no kpi 'chat / x'",
    )
