"""`payi_instrument()`: what it refuses, what it logs, and that it can be undone."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import payi
import pytest

from payi_transport import (
    AsyncPayi,
    MemorySink,
    Payi,
    PayiConfigError,
    PayiError,
    get_context,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
    payi_uninstrument,
)
from payi_transport.pipeline.active import get_active
from tests.support.calls import URL, call
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import UNARY


class Keyed(NamedTuple):
    """Not a sink, and its repr shows the key."""

    key: str


BAD = {
    "unknown key": ({"config": {"offline": {}}}, "config: unknown key 'offline'; accepted: account_name, "),
    "wrong type": ({"config": {"delivery": {"max_batch": "many"}}}, "config.delivery.max_batch: .*'many'"),
    "instruments": ({"instruments": {"nonsense"}}, "instruments: .*nonsense.*accepted: .*system.openai"),
    "no host": (
        {"config": {"host_mappings": {"no host": {"price_as_category": "x"}}}},
        "'no host' is not a host",
    ),
    "no folder": (
        {"config": {"offline_instrumentation": {"file_name": "/nowhere/x.json"}}},
        "config.offline_instrumentation.file_name: '/nowhere/x.json' is in a directory that does not exist",
    ),
    "no place for a spool": (
        {"payi": None, "config": {"delivery": {"spool_directory": "/dev/null/spool"}}},
        "config.delivery.spool_directory: can't write to '/dev/null/spool': Not a directory",
    ),
    "a logger of prompts that can't be called": (
        {"prompt_and_response_logger": "x"},
        r"prompt_and_response_logger: expected a function of \(request_id, data\), got 'x'",
    ),
    "a logger of prompts and a spool": (
        {"prompt_and_response_logger": print, "config": {"delivery": {"spool_directory": "x"}}},
        "prompt_and_response_logger: can't be combined with config.delivery.spool_directory",
    ),
    "a client that is not one": (
        {"payi": 3},
        "payi: expected a Payi or AsyncPayi client or a list of them, got int",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_a_clear_error_at_once_and_changes_nothing(arguments: Any, message: str) -> None:
    before = httpx.Client._send_single_request
    with pytest.raises(PayiConfigError, match=message):
        payi_instrument(**arguments)
    assert get_active() is None
    assert httpx.Client._send_single_request is before


def test_no_key_is_an_error_that_names_the_variable_and_the_offline_option() -> None:
    with pytest.raises(PayiError, match=r"PAYI_API_KEY.*offline_instrumentation"):
        payi_instrument()


def test_offline_needs_no_key(tmp_path: Path) -> None:
    file = tmp_path / "capture.json"
    payi_instrument(config={"offline_instrumentation": {"file_name": str(file)}})
    call()
    assert payi_flush()
    assert len(json.loads(file.read_text())) == 1


@pytest.mark.parametrize(
    "kinds",
    [[], [Payi], [AsyncPayi], [Payi, AsyncPayi], [payi.Payi], [payi.AsyncPayi], [payi.AsyncPayi, Payi]],
    ids=lambda kinds: " and ".join(f"{kind.__module__}.{kind.__name__}" for kind in kinds) or "environment",
)
def test_key_and_address_come_from_the_environment_or_from_clients(
    kinds: list[Any], origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.responses = [CannedResponse([b'{"ingest_count":1,"ingest_timestamp":"","request_id":"r"}'])]
    clients = [kind(api_key="payi-key", base_url=f"{origin.url}/") for kind in kinds]
    if not clients:
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", origin.url + "/")
    payi_instrument(clients[0] if len(clients) == 1 else clients or None)
    call()
    assert payi_flush(10)
    [received] = origin.received
    assert (received.method, received.path) == ("POST", "/api/v1/ingest/bulk")
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert [item["units"] for item in json.loads(received.body)] == [UNARY.event["units"]]


def test_clients_may_come_from_a_generator(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    origin.responses = [CannedResponse(confirms=True)]
    monkeypatch.setenv("PAYI_API_KEY", "another")
    payi_instrument(Payi(api_key=key, base_url=origin.url) for key in ["given"])
    call()
    assert payi_flush(10)
    assert origin.received[0].headers["xproxy-api-key"] == "given"


@pytest.mark.parametrize("arguments", [{"payi": "sk-secret"}, {"sink": Keyed("sk-secret")}])
def test_no_error_shows_a_key(arguments: Any) -> None:
    with pytest.raises(PayiConfigError) as raised:
        payi_instrument(**arguments)
    assert "sk-secret" not in str(raised.value)


def test_a_second_call_changes_nothing_and_says_so_at_debug_level(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink)
    first = get_active()
    with caplog.at_level(logging.DEBUG, "payi.instrument"):
        payi_instrument()
        payi_instrument(sink=sink)
    assert get_active() is first
    said = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert [level for level, message in said if "changes nothing" in message] == [logging.DEBUG] * 2


def test_a_second_call_that_asks_for_something_else_warns_each_time_and_changes_nothing(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink, config={"user_id": "first"})
    first = get_active()
    for _ in range(2):
        payi_instrument(instruments={"nonsense"}, config={"user_id": "second"}, sink=sink)
    assert get_active() is first
    assert get_context()["user_id"] == "first"
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            logging.WARNING,
            "payi_transport: payi_instrument() was already called, so this call changes nothing and ignores"
            " instruments, config.user_id. To apply them, call payi_uninstrument() first",
        )
    ] * 2


def test_after_payi_uninstrument_a_call_may_ask_for_anything(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink, config={"user_id": "first"})
    payi_uninstrument()
    payi_instrument(sink=MemorySink(), config={"user_id": "second"})
    payi_instrument(config={"user_id": "second"})
    assert caplog.records == []


def test_the_callers_config_is_never_changed(sink: MemorySink) -> None:
    config: Any = {
        "host_mappings": {"a.org": {"price_as_category": "x"}},
        "use_case_name": None,
        "limit_ids": ["a"],
    }
    before = json.dumps(config)
    payi_instrument(sink=sink, config=config)
    assert json.dumps(config) == before


@pytest.mark.parametrize("value", ["1", "true", "YES", " On\n"])
def test_an_environment_variable_turns_instrumentation_off(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_DISABLED", value)
    before = httpx.Client._send_single_request
    payi_instrument()
    assert get_active() is None
    assert httpx.Client._send_single_request is before
    counts = payi_stats()
    call()
    assert payi_flush() and payi_shutdown()
    assert payi_stats() == counts


def test_the_use_case_is_named_for_the_caller(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    assert get_context()["use_case_name"] == "test_instrument"
    call()
    assert payi_flush()
    assert sink.events[0].use_case_name == "test_instrument"
    assert sink.events[0].use_case_id


def test_a_missing_hook_is_a_warning_and_never_a_crash(caplog: pytest.LogCaptureFixture) -> None:
    script = """
        import logging, httpx
        logging.basicConfig(level=logging.WARNING)
        del httpx.Client._send_single_request
        from payi_transport import MemorySink, payi_instrument, payi_uninstrument
        payi_instrument(sink=MemorySink())
        payi_uninstrument()
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert "httpx has no httpx.Client._send_single_request" in ran.stderr


def test_events_are_delivered_at_exit_without_a_flush(tmp_path: Path) -> None:
    file = tmp_path / "capture.json"
    script = f"""
        import httpx
        from payi_transport import payi_instrument
        payi_instrument(config={{"offline_instrumentation": {{"file_name": {str(file)!r}}}}})
        transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"{{}}"))
        httpx.Client(transport=transport).post({URL!r}, content=b"{{}}")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert len(json.loads(file.read_text())) == 1


def test_a_warning_of_a_later_call_goes_to_the_logger_of_the_first(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink, logger=logging.getLogger("mine"))
    payi_instrument(instruments={"system.openai"})
    assert [r.name for r in caplog.records if "already called" in r.getMessage()] == ["mine"]
