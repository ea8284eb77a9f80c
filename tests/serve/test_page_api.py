"""The page's questions over HTTP: every one has an answer, and bad queries are refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from payi_transport.serve.command import serve_in_thread
from payi_transport.serve.page_api import _QUESTIONS
from payi_transport.serve.settings import ServeSettings
from tests.serve.events import DAY, NOON, item, make_items

TIMES = {"start": (NOON - DAY).isoformat(), "end": (NOON + DAY).isoformat()}


@pytest.fixture(scope="module")
def page_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("page_api")
    with serve_in_thread(ServeSettings(file=folder / "s", port=0)) as (address, service):
        calls = [
            item(
                NOON,
                use_case_name="chat",
                use_case_id=f"i{n}",
                account_name="acme",
                user_id=f"u{n}",
                http_status_code=code,
            )
            for n, code in enumerate((200, 200, 429))
        ]
        service.ingest_bulk(make_items(*calls), updates=False).result()
        with httpx.Client(base_url=f"{address}/page/api") as client:
            yield client


@pytest.mark.parametrize("name", [*_QUESTIONS, "call?id=1"])
def test_every_question_has_an_answer(page_api: httpx.Client, name: str) -> None:
    response = page_api.get(f"/{name}", params=None if "?" in name else TIMES)
    assert response.status_code == 200, response.text
    assert response.json() not in ({}, None)


def test_answers_are_those_of_the_filters(page_api: httpx.Client) -> None:
    def ask(name: str, **query: Any) -> Any:
        return page_api.get(f"/{name}", params={**TIMES, **query}).json()

    assert ask("figures", failed="1")["now"]["calls"] == 1
    assert ask("breakdown", by="account")["groups"][0]["name"] == "acme"
    assert ask("breakdown")["by"] == "use_case"
    assert len(ask("calls", most=2)["calls"]) == 2
    assert [len(ask("breakdown", by="user", most=most)["groups"]) for most in (1, 2)] == [1, 2]
    assert ask("names", by="account", part="CM") == ["acme"]
    assert ask("names", by="account", part="%") == []
    assert len(ask("runs", sort="cost", most=1)["runs"]) == 1
    assert ask("series", interval="day", by="model", zone="Asia/Kolkata")["zone"] == "Asia/Kolkata"


def test_without_a_time_it_is_the_last_day(page_api: httpx.Client) -> None:
    assert page_api.get("/figures").json()["now"]["calls"] == 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("figures?start=yesterday", "invalid_query"),
        ("figures?unknown=1", "invalid_query"),
        ("figures?status=x", "invalid_query"),
        (f"figures?status={10**30}", "invalid_query"),
        (f"calls?most={10**30}", "invalid_query"),
        ("calls?most=-1", "invalid_query"),
        (f"call?id={10**30}", "invalid_query"),
        ("call?id=-1", "invalid_query"),
        ("call?id=77", "request_not_found"),
        ("breakdown?by=secrets", "invalid_query"),
        ("figures?start=2026-01-01T00:00:00", "invalid_time"),
        ("figures?end=2026-01-01T00:00:00", "invalid_time"),
        ("figures?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "invalid_time"),
        ("figures?end=0001-01-01T00:00:00Z", "invalid_time"),
        ("figures?start=0001-01-01T00:00:00Z", "invalid_time"),
        ("figures?end=9999-12-31T00:00:00Z", "invalid_time"),
        ("series?zone=Mars&interval=day", "invalid_zone"),
        ("calls?cursor=x", "invalid_cursor"),
        ("calls?cursor=1.x", "invalid_cursor"),
        (f"calls?cursor={10**20}.1", "invalid_cursor"),
        ("calls?cursor=٣.1", "invalid_cursor"),
        ("runs?cursor=1.2.3", "invalid_cursor"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(page_api: httpx.Client, query: str, code: str) -> None:
    response = page_api.get(f"/{query}")
    assert (response.status_code // 100, response.json()["xproxy_error"]["code"]) == (4, code)
