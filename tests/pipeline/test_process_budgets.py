"""Budgets on the path of a call: real requests, refused once the amount is spent."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_shutdown, payi_stats, track_context
from payi_transport.budgets import configured
from payi_transport.budgets.tracker import Charge
from payi_transport.pipeline.active import get_active
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin, serve

COMPLETION = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4.1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}


@pytest.fixture(autouse=True)
def a_dollar_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configured, "make_charge", lambda event: Charge(Decimal(1 if event.units else 0)))


@pytest.fixture
def provider(origin: Origin) -> Origin:
    origin.responses = [respond(number) for number in range(40)]
    return origin


def respond(number: int, **options: Any) -> CannedResponse:
    # Ids must differ, or a call counts as a repeat.
    return CannedResponse([json.dumps({**COMPLETION, "id": f"c{number}"}).encode()], **options)


def start(provider: Origin, tmp_path: Path, sink: Any = None, **config: Any) -> openai.OpenAI:
    budget = {"amount": 3, "by": "account_name", "zone": "UTC", "period": "year", "enforce": True}
    settings: Any = {
        "budgets": {"customers": budget},
        "budgets_file": str(tmp_path / "budgets.db"),
        "host_mappings": {provider.netloc: {"price_as_category": "system.openai"}},
        **config,
    }
    payi_instrument(sink=sink or MemorySink(), config=settings)
    return openai.OpenAI(api_key="k", base_url=f"{provider.url}/v1", max_retries=2)


def ask(client: openai.OpenAI, account: str = "acme", **options: Any) -> Any:
    with track_context(account_name=account):
        return client.chat.completions.create(
            model="gpt-4.1", messages=[{"role": "user", "content": "hi"}], **options
        )


def test_calls_one_after_the_other_stop_exactly_at_the_amount(provider: Origin, tmp_path: Path) -> None:
    client = start(provider, tmp_path)
    for _ in range(3):
        ask(client)
    with pytest.raises(
        openai.PermissionDeniedError, match=r"budget customers \(acme\) is spent: \$3.00 a year"
    ):
        ask(client)
    assert len(provider.received) == 3
    ask(client, "other")
    assert payi_flush()
    assert payi_stats().lost == {}
    assert payi_stats().delivered == 4


@pytest.mark.parametrize("config", [{}, {"delivery": {"mode": "inline"}}, {"delivery": {"mode": "single"}}])
def test_every_delivery_mode_counts_a_call_once(
    provider: Origin, tmp_path: Path, config: dict[str, Any]
) -> None:
    client = start(provider, tmp_path, **config)
    for _ in range(3):
        ask(client)
    with pytest.raises(openai.PermissionDeniedError):
        ask(client)
    assert payi_flush()
    assert payi_stats().faults == 0


def test_a_restart_keeps_the_sum(provider: Origin, tmp_path: Path) -> None:
    client = start(provider, tmp_path)
    for _ in range(3):
        ask(client)
    assert payi_shutdown()
    client = start(provider, tmp_path)
    with pytest.raises(openai.PermissionDeniedError):
        ask(client)


def test_at_the_end_the_sum_is_written_though_another_process_holds_the_file(
    provider: Origin, tmp_path: Path
) -> None:
    client = start(provider, tmp_path)
    ask(client)
    assert payi_flush()
    file = sqlite3.connect(tmp_path / "budgets.db", isolation_level=None, check_same_thread=False)
    with closing(file):
        file.execute("BEGIN IMMEDIATE")
        ask(client)
        # Longer than what is left for the file once the time is over.
        release = threading.Timer(1.5, file.rollback)
        release.start()
        assert payi_shutdown()
        release.join()
        assert file.execute("SELECT spent FROM spending WHERE part = -1").fetchall() == [("2",)]


def test_no_more_calls_overshoot_than_were_in_flight(provider: Origin, tmp_path: Path) -> None:
    client = start(provider, tmp_path)
    ask(client)
    ask(client)
    hold = threading.Event()
    provider.responses[:0] = [respond(100 + number, hold=hold) for number in range(5)]
    threads = [threading.Thread(target=ask, args=(client,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    while len(provider.received) < 7:
        pass
    hold.set()
    for thread in threads:
        thread.join()
    with pytest.raises(openai.PermissionDeniedError):
        ask(client)
    assert len(provider.received) == 7


def test_a_response_that_is_closed_early_counts_too(provider: Origin, tmp_path: Path) -> None:
    start(provider, tmp_path)
    with httpx.Client() as client, track_context(account_name="acme"):
        for _ in range(3):
            body = json.dumps({"model": "gpt-4.1", "messages": []}).encode()
            with client.stream("POST", f"{provider.url}/v1/chat/completions", content=body) as response:
                next(response.iter_raw())
        assert client.post(f"{provider.url}/v1/chat/completions", content=body).status_code == 403


@pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_a_response_that_is_dropped_is_charged_by_the_worker(provider: Origin, tmp_path: Path) -> None:
    sink = MemorySink()
    start(provider, tmp_path, sink).close()
    body = json.dumps({"model": "gpt-4.1", "messages": []}).encode()
    with httpx.Client() as client, track_context(account_name="acme"):
        request = client.build_request("POST", f"{provider.url}/v1/chat/completions", content=body)
        response = client.send(request, stream=True)
        del response
        collect_garbage()
    assert payi_flush()
    assert len(sink.events) == 1
    assert payi_stats().faults == 0


def test_an_error_while_reading_is_counted_by_the_worker(
    provider: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start(provider, tmp_path)
    active = get_active()
    assert active is not None

    def fail(exchange: object) -> object:
        raise ValueError

    monkeypatch.setattr(active._state._decoder, "decode", fail)
    ask(client)
    payi_flush()
    assert payi_stats().lost == {} or payi_stats().lost == {"decode_fault": 1}


def test_work_that_is_only_accepted_is_charged_when_it_is_done(provider: Origin, tmp_path: Path) -> None:
    client = start(provider, tmp_path)
    pending = {
        "id": "resp_1",
        "object": "response",
        "status": "in_progress",
        "background": True,
        "output": [],
    }
    provider.responses = [CannedResponse([json.dumps(pending).encode()])]
    with track_context(account_name="acme"):
        client.responses.create(model="gpt-4.1", input="hi", background=True)
    assert payi_flush()
    assert payi_stats().skipped == {"pending": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_refused_too(provider: Origin, tmp_path: Path) -> None:
    client = start(provider, tmp_path)
    for _ in range(3):
        ask(client)
    child = os.fork()
    if not child:
        try:
            ask(client)
        except openai.PermissionDeniedError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.fixture
def payi() -> Iterator[Origin]:
    with serve() as running:
        yield running


def test_a_call_through_the_proxy_counts_with_pay_is_cost(
    payi: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "key")
    monkeypatch.setenv("PAYI_BASE_URL", payi.url)
    body = {**COMPLETION, "xproxy_result": {"cost": {"total": {"base": 1.5}}}}
    payi.responses = [CannedResponse([json.dumps(body).encode()])]
    start(payi, tmp_path, proxy=True, sink=MemorySink())
    client = openai.OpenAI(api_key="k", max_retries=0)
    ask(client)
    ask(client)
    with pytest.raises(openai.PermissionDeniedError):
        ask(client)
    assert len(payi.received) == 2


def test_without_budgets_there_is_nothing_that_could_take_time(provider: Origin) -> None:
    payi_instrument(sink=MemorySink(), config={})
    active = get_active()
    assert active is not None
    assert active._state.budgets is None
    assert not active._state.has_other_ends
    assert not active._rewriter._may_refuse
