"""Requests of this library's own are not seen by what traces or records those of the program."""

from __future__ import annotations

import base64
import sys
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import httpx
import pytest
from opentelemetry import context as otel

from payi_transport.client.untraced import UntracedClient
from tests.support.origin import CannedResponse, Origin

BODY = b'{"ingest_count": 1}'
TRANSACTION: ContextVar[str] = ContextVar("transaction", default="none")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What libraries see that patch httpx at the usual places."""
    names: list[str] = []

    def trace(owner: type[Any], method: str) -> None:
        original = getattr(owner, method)

        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            names.append(f"{owner.__name__}.{method}")
            return original(self, *args, **kwargs)

        monkeypatch.setattr(owner, method, call)

    trace(httpx.Client, "send")
    trace(httpx.Client, "_send_single_request")
    trace(httpx.HTTPTransport, "handle_request")
    return names


@pytest.mark.parametrize("stream", [True, False])
def test_libraries_that_patch_httpx_see_no_request(stream: bool, seen: list[str], origin: Origin) -> None:
    origin.responses = [CannedResponse([BODY])]
    with UntracedClient() as client:
        response = client.send(client.build_request("POST", origin.url, content=b"{}"), stream=stream)
        assert response.is_stream_consumed is not stream
        assert (response.status_code, response.read()) == (200, BODY)
    assert origin.received[0].body == b"{}"
    assert seen == []
    with httpx.Client() as plain:
        plain.get(origin.url)
    assert len(seen) == 3


def test_user_and_password_of_a_url_are_sent(origin: Origin) -> None:
    origin.responses = [CannedResponse([BODY])]
    with UntracedClient() as client:
        client.send(client.build_request("GET", f"http://me:secret@{origin.netloc}/"))
    assert origin.received[0].headers["authorization"] == f"Basic {base64.b64encode(b'me:secret').decode()}"


def test_errors_are_those_of_httpx_and_have_the_request(origin: Origin) -> None:
    origin.refuse_connections()
    with UntracedClient() as client, pytest.raises(httpx.ConnectError) as failed:
        request = client.build_request("GET", origin.url)
        client.send(request)
    assert failed.value.request is request


class Noting(httpx.BaseTransport):
    """A transport without a pool, which notes what is active while it sends."""

    def __init__(self) -> None:
        self.transaction = ""
        self.suppressed: list[Any] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.transaction = TRANSACTION.get()
        keys = (
            otel._SUPPRESS_INSTRUMENTATION_KEY,
            otel._SUPPRESS_HTTP_INSTRUMENTATION_KEY,
            "suppress_instrumentation",
        )
        self.suppressed = [otel.get_value(key) for key in keys]
        return httpx.Response(200, content=BODY)


@pytest.fixture
def transport() -> Noting:
    return Noting()


def send(transport: Noting) -> bytes:
    with UntracedClient(transport=transport) as client:
        return client.send(client.build_request("GET", "http://payi.test")).content


def test_a_request_has_no_transaction_of_the_caller_and_tells_opentelemetry_to_be_quiet(
    transport: Noting,
) -> None:
    token = TRANSACTION.set("theirs")
    assert send(transport) == BODY
    assert TRANSACTION.get() == "theirs"
    TRANSACTION.reset(token)
    assert transport.transaction == "none"
    assert transport.suppressed == [True, True, True]
    assert otel.get_value(otel._SUPPRESS_HTTP_INSTRUMENTATION_KEY) is None


@pytest.mark.parametrize("loaded", [None, ModuleType("opentelemetry.context")])
def test_a_program_without_opentelemetry_or_amid_its_import_sends_as_well(
    loaded: ModuleType | None, transport: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.context", loaded)
    assert send(transport) == BODY
    assert transport.suppressed == [None, None, None]


def test_a_version_without_the_newer_keys_is_told_by_the_older_one(
    transport: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = ModuleType("opentelemetry.context")
    for name in ("attach", "detach", "get_current", "set_value"):
        setattr(older, name, getattr(otel, name))
    monkeypatch.setitem(sys.modules, "opentelemetry.context", older)
    assert send(transport) == BODY
    assert transport.suppressed == [None, None, True]
