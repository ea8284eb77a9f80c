"""Use cases whose instances have limits, KPIs and scores."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx

from payi_transport.serve.service import Service
from tests.serve.events import item, make_items

DEFINITION = {"name": "chat", "description": "d"}
LIMIT = {"max": 0.01, "threshold": 0.5, "limit_type": "allow", "properties": {"a": "b", "none": None}}


def code(response: httpx.Response) -> str:
    found: str = response.json()["xproxy_error"]["code"]
    return found


def test_each_instance_has_a_limit_of_its_own(running: tuple[httpx.Client, Service]) -> None:
    api, service = running
    assert api.post("/definitions", json={**DEFINITION, "limit_config": LIMIT}).status_code == 200
    made = api.post("/instances/chat").json()
    assert made["limit_id"]
    # An event of an instance that nobody made, twice.
    for number in range(2):
        [event] = make_items(item(use_case_name="chat", use_case_id="new", provider_response_id=f"x{number}"))
        result: Any = service.ingest(event).result()["xproxy_result"]
    [(limit_id, state)] = result["limits"].items()
    assert (state["state"], limit_id != made["limit_id"]) == ("overrun", True)
    spent = {budget.name: budget.spent for budget in service.queries.budgets()}
    assert spent == {"chat-new": Decimal("0.012"), f"chat-{made['use_case_id']}": Decimal(0)}
    assert api.get("/instances/chat/new").json()["limit_id"] == limit_id


def test_without_a_limit_config_instances_have_none(running: tuple[httpx.Client, Service]) -> None:
    api, service = running
    api.post("/definitions", json={**DEFINITION, "limit_config": LIMIT})
    api.delete("/definitions/chat/limit_config")
    for name in ("chat", "other"):
        [event] = make_items(item(use_case_name=name, use_case_id="i"))
        service.ingest(event).result()
    assert service.queries.budgets() == []
    assert api.post("/instances/chat").json()["limit_id"] is None
    assert api.post("/definitions/chat/limit_config", json={"max": 5}).json()["limit_config"]["max"] == 5


def test_an_instance_keeps_having_no_limit_that_it_was_made_without(
    running: tuple[httpx.Client, Service],
) -> None:
    api, service = running
    api.post("/definitions", json=DEFINITION)
    instance = api.post("/instances/chat").json()["use_case_id"]
    api.post("/definitions/chat/limit_config", json={"max": 5})
    [event] = make_items(item(use_case_name="chat", use_case_id=instance))
    assert "limits" not in service.ingest(event).result()["xproxy_result"]


def test_names_are_valid_and_unique(running: tuple[httpx.Client, Service]) -> None:
    api, _ = running
    assert code(api.post("/definitions", json={**DEFINITION, "name": "two words"})) == "invalid_use_case_name"
    assert api.post("/definitions", json=DEFINITION).status_code == 200
    assert code(api.post("/definitions", json=DEFINITION)) == "already_exists"
    assert api.put("/definitions/chat", json={"description": "e"}).json()["description"] == "e"
    assert [api.post("/definitions/chat/increment_version").json()["type_version"] for _ in range(2)] == [
        2,
        3,
    ]


def test_what_does_not_exist_is_not_found(running: tuple[httpx.Client, Service]) -> None:
    api, _ = running
    assert code(api.get("/definitions/x")) == "use_case_not_found"
    assert code(api.post("/instances/x")) == "use_case_not_found"
    assert code(api.get("/instances/x/y")) == "use_case_instance_not_found"
    api.post("/definitions", json=DEFINITION)
    assert code(api.get("/definitions/chat/kpis/x")) == "kpi_not_found"
    instance = api.post("/instances/chat").json()["use_case_id"]
    assert code(api.put(f"/instances/chat/{instance}/kpis/x", json={"score": 1})) == "kpi_not_found"


def test_scores_are_those_of_their_kpis(running: tuple[httpx.Client, Service]) -> None:
    api, _ = running
    api.post("/definitions", json=DEFINITION)
    kpi = {"description": "d", "goal": 1, "kpi_type": "boolean"}
    for name in ("solved", "quick"):
        assert api.post("/definitions/chat/kpis", json={**kpi, "name": name}).status_code == 200
    one = f"/instances/chat/{api.post('/instances/chat').json()['use_case_id']}"
    assert api.put(f"{one}/kpis/solved", json={"score": True}).content == b""
    assert api.put(f"{one}/kpis/quick", json={}).content == b""
    scores = {row["kpi_name"]: row.get("score") for row in api.get(f"{one}/kpis").json()["items"]}
    assert scores == {"solved": 1, "quick": None}
    [solved] = api.get(f"{one}/kpis", params={"kpi_name": "solved"}).json()["items"]
    assert solved["kpi_type"] == "boolean"
    assert len(api.get(f"{one}/value").json()["kpis"]) == 2
    assert api.put(f"{one}/properties", json={"properties": {"a": "b"}}).status_code == 200
    assert api.delete(one).status_code == 200 and code(api.get(one)) == "use_case_instance_not_found"
