"""What the API says of limits, and what it takes for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serve.conftest import Serve
from tests.serve.events import DAY, NOON, item

KEY = {"xproxy-api-key": "k"}


@pytest.fixture
def api(serve: Serve) -> Iterator[httpx.Client]:
    address, _ = serve()
    with httpx.Client(base_url=f"{address}/api/v1", headers=KEY) as client:
        yield client


def test_a_limit_is_shown_with_what_was_spent(api: httpx.Client) -> None:
    body = {"limit_name": "n", "limit_id": "L", "max": 0.1, "threshold": 0.7, "limit_type": "allow"}
    made = api.post("/limits", json=body).json()
    assert made["request_id"]
    states = ("ok", "exceeded", "overrun", "blocked", "blocked_external", "failed")
    times = [made["limit"].pop(f"limit_{name}_timestamp") for name in ("creation", "update")]
    assert times[0] == times[1]
    assert made["limit"] == {
        "limit_id": "L",
        "limit_name": "n",
        "limit_type": "allow",
        "max": 0.1,
        "threshold": 0.7,
        "totals": {
            "cost": {name: {"base": 0} for name in ("input", "output", "total")},
            "requests": dict.fromkeys((*states, "total"), 0),
        },
    }
    api.post("/ingest", json=item(), headers={"xproxy-limit-ids": "L"})
    totals = api.get("/limits/L").json()["limit"]["totals"]
    assert totals["cost"] == {
        "input": {"base": 0.002},
        "output": {"base": 0.004},
        "total": {"base": 0.006},
    }
    assert (totals["requests"]["ok"], totals["requests"]["total"]) == (1, 1)
    reset = api.post("/limits/L/reset").json()
    assert reset["message"] == "Reset the limit L" and reset["request_id"]
    assert reset["limit_history"].pop("limit_reset_timestamp")
    assert reset["limit_history"] == {
        "limit_id": "L",
        "limit_name": "n",
        "limit_type": "allow",
        "max": 0.1,
        "totals": totals,
    }


def test_a_change_keeps_what_it_does_not_name(api: httpx.Client) -> None:
    body = {"limit_name": "n", "limit_id": "L", "max": 1, "threshold": 0.5, "properties": {"a": "b"}}
    before = api.post("/limits", json=body).json()["limit"]
    renamed = api.put("/limits/L", json={"limit_name": "m"}).json()["limit"]
    assert (renamed["limit_name"], renamed["max"], renamed["threshold"]) == ("m", 1, 0.5)
    assert renamed["limit_update_timestamp"] > before["limit_update_timestamp"]
    assert renamed["limit_creation_timestamp"] == before["limit_creation_timestamp"]
    raised = api.put("/limits/L", json={"max": 2.5}).json()["limit"]
    assert (raised["limit_name"], raised["max"]) == ("m", 2.5)
    assert api.put("/limits/L", json={"max": 0}).json()["limit"]["max"] == 0
    [changed] = api.put("/limits/L/properties", json={"properties": {"a": None, "c": "d"}}).json()
    assert changed["limit"]["limit_id"] == "L"
    assert api.get("/limits/L").json()["limit"]["max"] == 0


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"max": 0}, 200),
        ({"max": 1e12}, 200),
        ({"max": -0.1}, 400),
        ({"max": 1.1e12}, 400),
        ({"threshold": 0}, 200),
        ({"threshold": 1}, 200),
        ({"threshold": 1.1}, 400),
        ({"threshold": -0.1}, 400),
        ({"limit_name": ""}, 400),
        ({"limit_type": "stop"}, 400),
        ({"limit_type": "block"}, 200),
        ({"unknown": 1}, 400),
    ],
    ids=str,
)
def test_a_limit_has_bounds(fields: dict[str, Any], status: int, api: httpx.Client) -> None:
    assert api.post("/limits", json={"limit_name": "n", "max": 1, **fields}).status_code == status


@pytest.mark.parametrize("fields", [{"max": -1}, {"max": 1.1e12}, {"unknown": 1}], ids=str)
def test_a_change_of_a_limit_has_bounds(fields: dict[str, Any], api: httpx.Client) -> None:
    api.post("/limits", json={"limit_name": "n", "max": 1, "limit_id": "L"})
    assert api.put("/limits/L", json=fields).status_code == 400
    assert api.get("/limits/L").json()["limit"]["max"] == 1


def test_without_an_id_a_limit_gets_one_and_allows(api: httpx.Client) -> None:
    made = [api.post("/limits", json={"limit_name": "n", "max": 1}).json()["limit"] for _ in range(2)]
    assert made[0]["limit_id"] != made[1]["limit_id"]
    assert (made[0]["limit_type"], made[0]["threshold"]) == ("allow", None)
    refused = api.post("/limits", json={"limit_name": "n", "max": 1, "limit_id": made[0]["limit_id"]})
    assert refused.json()["message"] == f"a limit has the id {made[0]['limit_id']!r} already"


def test_limits_are_listed_in_the_order_of_their_creation(api: httpx.Client) -> None:
    for name in "cab":
        api.post("/limits", json={"limit_name": name, "limit_id": name, "max": 1})
    assert [row["limit_id"] for row in api.get("/limits").json()["items"]] == ["c", "a", "b"]


def test_a_reset_to_an_earlier_date_counts_the_calls_since_then(api: httpx.Client) -> None:
    api.post("/limits", json={"limit_name": "n", "max": 1, "limit_id": "L"})
    api.post("/ingest", json=item(NOON), headers={"xproxy-limit-ids": "L"})
    for date, base in ((NOON + DAY, 0), (NOON, 0.006), (None, 0)):
        params = {} if date is None else {"resetDate": date.isoformat()}
        assert api.post("/limits/L/reset", params=params).status_code == 200
        assert api.get("/limits/L").json()["limit"]["totals"]["cost"]["total"]["base"] == base
    refused = api.post("/limits/L/reset", params={"resetDate": "2026-01-01"}).json()
    assert refused["message"] == "resetDate: expected ISO 8601 with a zone, got '2026-01-01'"
