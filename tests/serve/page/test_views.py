"""Every view of the page, as the server builds it for a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from tests.serve.events import item
from tests.serve.page.program import start

SCRIPT = "<script>alert(1)</script>"
PATHS = ["/", "/breakdown", "/calls", "/runs", "/budgets", "/health", "/calls/1"]


def look(address: str, path: str, status: int = 200) -> str:
    """Return everything that the server sends for a view: its elements are JSON in the document."""
    response = httpx.get(address + path, timeout=30)
    assert response.status_code == status, response.text
    return unescape(response.text)


def ingest(address: str, *items: dict[str, Any]) -> None:
    response = httpx.post(
        f"{address}/api/v1/ingest/bulk", json=items, headers={"xProxy-api-key": "local"}, timeout=30
    )
    assert response.json()["ingest_count"] == len(items), response.text


def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.mark.parametrize("path", PATHS)
def test_without_calls_a_view_says_how_to_make_the_first_one(empty: str, path: str) -> None:
    shown = look(empty, path, 404 if path == "/calls/1" else 200)
    assert "No calls yet" in shown
    assert f"PAYI_BASE_URL={empty}" in shown


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", ["Cost (estimate)", "support_bot", "Globex", "calls without a (full) price", "Total"]),
        ("/?by=tag", ["Cost by tag", "batch"]),
        ("/?by=limit", ["Support, monthly|support-monthly", "/budgets"]),
        ("/?span=90d&by=model", ["gpt-4.1", "The first call was at"]),
        ("/?span=24h&use_case=nothing", ["No calls in this period"]),
        (
            "/breakdown?by=model",
            ["Tokens out", "Cost per call", "gpt-4.1", "without a (full) price", "so far"],
        ),
        ("/breakdown?by=user", ["other"]),
        ("/breakdown?by=model&use_case=support_bot&account=Globex", ["/calls?"]),
        ("/calls", ["Failed only", "Next", "unpriced", "in all. The latest are first."]),
        ("/calls?model=in-house-7b", ["No price is known for this model", "calls, unpriced in all"]),
        ("/calls?failed=1&status=429", ["Unpriced only", "status: 429|Status: 429"]),
        ("/calls?account=", ["Customer: none"]),
        ("/calls?account=nobody", ["Remove a filter"]),
        (
            "/calls/1",
            [
                "Attribution",
                "Per million",
                "the price list of genai-prices",
                "/calls?run=",
                "/calls?tag=",
                "Call 1: ",
            ],
        ),
        ("/runs", ["Latest first", "Duration"]),
        ("/runs?sort=cost", ["Next"]),
        ("/budgets", ["Research", "exceeded", "At this pace", "payi-transport check shows"]),
        (
            "/health",
            [
                "p99",
                "within about 5%",
                "Failed calls count in neither",
                "no customer",
                "text_cache_read",
                "Saved by caches",
                "/calls?",
            ],
        ),
        ("/calls?cursor=nonsense", ["Can't show this"]),
        ("/?by=user&use_case=support_bot&account=Globex&model=gpt-4.1", ["Cost by user"]),
    ],
)
def test_a_view_shows_what_it_is_about(demo: str, path: str, expected: list[str]) -> None:
    shown = look(demo, path)
    for words in expected:
        assert any(part in shown for part in words.split("|")), f"{path} lacks {words!r}"


# Some are more than SQLite can have, or than Python turns into a number.
@pytest.mark.parametrize(
    "name", ["999999", "999999999", "9" * 19, "1" * 20, "1" * 5000, "-1", "abc", "1.5", "٣", "²"]
)
def test_a_call_that_does_not_exist_is_not_found(demo: str, name: str) -> None:
    assert "This call does not exist" in look(demo, f"/calls/{name}", 404)


def test_an_address_that_has_nothing_says_so(demo: str) -> None:
    assert "There is nothing at this address" in look(demo, "/nowhere", 404)


def test_pages_of_a_list_follow_each_other(demo: str) -> None:
    first = look(demo, "/calls")
    cursor = re.search(r"cursor=[^\"&\\]+", first)
    assert cursor
    second = look(demo, f"/calls?{cursor[0]}")
    assert "First page" in second
    ids = [set(re.findall(r"/calls/(\d+)", shown)) for shown in (first, second)]
    assert len(ids[0]) == len(ids[1]) == 50
    assert not ids[0] & ids[1]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # The names of use cases can't have such letters.
    names = ("account_name", "user_id", "resource")
    with start(tmp_path_factory.mktemp("stored")) as address:
        headers = {"xProxy-api-key": "local"}
        limit = {"limit_id": "pilot", "limit_name": "Pilot", "max": 5}
        assert httpx.post(f"{address}/api/v1/limits", json=limit, headers=headers, timeout=30).is_success
        ingest(
            address,
            item(
                now(),
                account_name="acme",
                properties={"team": "blue"},
                use_case_name="chat",
                use_case_id="run-1",
                use_case_properties={"tier": "gold"},
                provider_request_json='{"messages": []}',
                provider_response_json="not JSON",
            ),
            item(now(), units={}, resource="unheard-of", http_status_code=299),
            item(now(), resource="unheard-of", limit_ids=["pilot"]),
            item(now(), properties={"system.stream": "partial"}),
            item(
                now(),
                **dict.fromkeys(names, SCRIPT),
                properties={"note": SCRIPT},
                provider_request_json=json.dumps({"messages": [SCRIPT]}),
                provider_response_json=SCRIPT,
            ),
        )
        yield address


def test_one_call_shows_all_that_is_known_of_it(stored: str) -> None:
    shown = look(stored, "/calls/1")
    for words in ("acme", "blue", "gold", "not JSON", "$0.006", "run-1"):
        assert words in shown
    assert "No units were reported" in look(stored, "/calls/2")
    assert "no response" in look(stored, "/calls")


def test_where_there_is_nothing_of_a_kind_the_page_says_so(stored: str) -> None:
    # Nothing to compare with, and no latencies.
    assert "vs. the previous period" not in look(stored, "/")
    assert "No calls report it" in look(stored, "/health")


def test_a_budget_says_which_calls_it_lacks_and_has_no_seconds(stored: str) -> None:
    shown = look(stored, "/budgets")
    assert "It lacks the price of 1 call of the last seven days" in shown
    assert re.search(r"Counted since \w+ \d+, \d{4}\.", shown)


PATHS_WITH_NAMES = [*PATHS, "/?by=model", "/?by=account", "/calls/5", f"/calls?use_case={SCRIPT}"]


@pytest.mark.parametrize("path", PATHS_WITH_NAMES)
def test_nothing_that_was_stored_becomes_html(stored: str, path: str) -> None:
    response = httpx.get(stored + path, timeout=30)
    assert response.status_code == 200
    assert SCRIPT not in response.text


def test_a_store_without_errors_and_runs_says_none(tmp_path: Path) -> None:
    with start(tmp_path) as address:
        ingest(address, item(now()))
        assert "None." in look(address, "/health")
        assert "No runs in this period" in look(address, "/runs")
        budgets = look(address, "/budgets")
        assert "No limits" in budgets and "payi-transport check shows" in budgets


def test_a_run_of_one_call_lasts_as_long_as_that_if_it_is_known(tmp_path: Path) -> None:
    with start(tmp_path) as address:
        for run, ms in (("known", 4500), ("unknown", None)):
            ingest(address, item(now(), use_case_name="u", use_case_id=run, end_to_end_latency_ms=ms))
        shown = look(address, "/runs")
        assert "4.5 s" in shown and "0 ms" not in shown


def test_only_where_calls_have_several_tags_do_rows_add_up_to_more(tmp_path: Path) -> None:
    words = "so the rows add up to more than the total"
    with start(tmp_path) as address:
        ingest(address, item(now(), request_tags=["a"]), item(now(), request_tags=["b"]), item(now()))
        assert words not in look(address, "/?by=tag")
        ingest(address, item(now(), request_tags=["a", "b"]))
        assert words in look(address, "/?by=tag")


OWN_PRICES = """
[[prices.own]]
resource = "in-house"
units = { text = { input = 4, output = 8 } }
"""


def test_prices_of_the_configuration_count(tmp_path: Path) -> None:
    config = tmp_path / "payi.toml"
    config.write_text(OWN_PRICES)
    with start(tmp_path, "--config", str(config)) as address:
        ingest(address, item(now(), resource="in-house"))
        shown = look(address, "/calls/1")
    assert "your configuration" in shown
    assert "$0.008" in shown
