"""A service that is killed under load: every event that it confirmed is there, and none twice."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from payi_transport.serve.command import open_service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.views import Span
from tests.serve.events import DAY, NOON, item, span
from tests.serve.page.program import start_killable
from tests.serve.test_proxy import COMPLETION
from tests.support.origin import CannedResponse, Origin

BATCH, LEAST = 20, 30
CHAT = "/api/v1/proxy/openai/v1/chat/completions"
QUESTION = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hi"}]}


def send(address: str, name: str, sent: list[list[str]], confirmed: list[list[str]]) -> None:
    """Send batches until the service is gone."""
    with httpx.Client(base_url=address, headers={"xproxy-api-key": "k"}, trust_env=False) as client:
        for number in itertools.count():
            ids = [f"{name}-{number}-{index}" for index in range(BATCH)]
            sent.append(ids)
            body = [item(provider_response_id=id_, request_tags=["t"]) for id_ in ids]
            try:
                response = client.post("/api/v1/ingest/bulk", json=body)
            except httpx.HTTPError:
                return
            if response.json()["ingest_count"] == BATCH:
                confirmed.append(ids)


def send_singly(address: str, confirmed: list[str]) -> None:
    """Send events one by one until the service is gone."""
    with httpx.Client(base_url=address, headers={"xproxy-api-key": "k"}, trust_env=False) as client:
        for number in itertools.count():
            made = item(provider_response_id=f"single-{number}")
            try:
                response = client.post("/api/v1/ingest", json=made, headers={"xProxy-Request-Tags": "t"})
            except httpx.HTTPError:
                return
            assert response.json()["xproxy_result"]["cost"]["total"]["base"] == 0.006
            confirmed.append(made["provider_response_id"])


def call_through(address: str, confirmed: list[str]) -> None:
    """Make calls through the proxy until the service is gone. The result says that a call is stored."""
    headers = {"xproxy-api-key": "k", "xProxy-Request-Tags": "t"}
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        while True:
            try:
                response = client.post(CHAT, json=QUESTION)
                completion = response.json()
            except (httpx.HTTPError, ValueError):
                return
            if "xproxy_result" in completion:
                confirmed.append(completion["id"])


def call_one_id_through(address: str, confirmed: list[str]) -> None:
    """Like `call_through`, from a provider that gives every response one id: by the ids of requests."""
    headers = {"xproxy-api-key": "k", "xProxy-Request-Tags": "t"}
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        while True:
            try:
                result = client.post(CHAT, json=QUESTION).json()["xproxy_result"]
            except (httpx.HTTPError, ValueError):
                return
            assert "duplicate_request" not in result
            confirmed.append(result["request_id"])


@pytest.mark.parametrize("call", [send_singly, call_through])
def test_a_kill_loses_no_single_event_and_no_call_through_the_proxy(
    call: Callable[[str, list[str]], None], tmp_path: Path, origin: Origin
) -> None:
    origin.responses = [answer_with(f"chatcmpl-{number}") for number in range(5000)]
    confirmed = call_until_killed(call, tmp_path, origin)
    stored = read_ids(tmp_path / "serve.sqlite", now=call is call_through)
    assert len(stored) == len(set(stored)) and set(confirmed) <= set(stored)
    # The call that was under way when the service was killed may be there, too.
    assert len(stored) <= len(confirmed) + 1


def test_kills_lose_and_double_no_call_of_a_provider_that_gives_every_response_one_id(
    tmp_path: Path, origin: Origin
) -> None:
    origin.responses = [answer_with("chatcmpl-1")]
    confirmed = [
        request_id
        for _ in range(2)
        for request_id in call_until_killed(call_one_id_through, tmp_path, origin)
    ]
    stored = read_ids(tmp_path / "serve.sqlite", now=True)
    assert len(set(confirmed)) == len(confirmed)
    # Each kill may come between the commit of a call and its response.
    assert len(confirmed) <= len(set(stored)) == len(stored) <= len(confirmed) + 2


def call_until_killed(call: Callable[[str, list[str]], None], folder: Path, origin: Origin) -> list[str]:
    """Kill a service under calls, and return what it confirmed."""
    confirmed: list[str] = []
    with start_killable(folder, "--upstream", f"openai={origin.url}") as (address, server):
        caller = threading.Thread(target=call, args=(address, confirmed))
        caller.start()
        while len(confirmed) < LEAST and caller.is_alive():
            caller.join(0.01)
        server.kill()
        caller.join()
    assert len(confirmed) >= LEAST
    return confirmed


def answer_with(id_: str) -> CannedResponse:
    body: dict[str, Any] = {**COMPLETION, "id": id_}
    return CannedResponse([json.dumps(body).encode()])


def read_ids(file: Path, *, now: bool = False) -> list[str]:
    with open_service(ServeSettings(file=file)) as service:
        assert service.store.reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ids = [id_ for [id_] in service.store.reader.execute("SELECT response_id FROM events")]
        # The sums were stored in the same transactions.
        times = Span(service.now() - DAY, service.now() + DAY) if now else span()
        assert service.queries.figures(times).now.calls == len(ids)
        assert service.queries.breakdown("tag", times).groups[0].sums.calls == len(ids)
    return ids


def test_a_kill_under_load_loses_nothing_that_was_confirmed_and_doubles_nothing(tmp_path: Path) -> None:
    sent: list[list[str]] = []
    confirmed: list[list[str]] = []
    with start_killable(tmp_path) as (address, server):
        senders = [
            threading.Thread(target=send, args=(address, f"s{number}", sent, confirmed))
            for number in range(3)
        ]
        for sender in senders:
            sender.start()
        while len(confirmed) < LEAST and any(sender.is_alive() for sender in senders):
            senders[0].join(0.01)
        server.kill()
        for sender in senders:
            sender.join()
    assert len(confirmed) >= LEAST
    stored = read_ids(tmp_path / "serve.sqlite")
    assert len(stored) == len(set(stored))
    assert {id_ for ids in confirmed for id_ in ids} <= set(stored) <= {id_ for ids in sent for id_ in ids}
    # A batch is there as a whole or not at all.
    assert all(len(set(ids) & set(stored)) in (0, BATCH) for ids in sent)
    # What was not confirmed is sent again, and counts once.
    with start_killable(tmp_path) as (address, server), httpx.Client(trust_env=False) as client:
        for ids in sent:
            body = [item(NOON, provider_response_id=id_, request_tags=["t"]) for id_ in ids]
            headers = {"xproxy-api-key": "k"}
            response = client.post(
                f"{address}/api/v1/ingest/bulk-upsert", json=body, headers=headers, timeout=60
            )
            assert response.json()["ingest_count"] == BATCH
        server.kill()
    assert sorted(read_ids(tmp_path / "serve.sqlite")) == sorted(id_ for ids in sent for id_ in ids)
