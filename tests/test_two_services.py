"""The scope of one service in the events of the next, over HTTP, and nothing of a stranger's.

Service A sends requests from a scope. Service B is a program of its own with the middleware, once trusting
baggage and once, as by default, not. Between them may be a service that knows OpenTelemetry alone.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from payi_transport import MemorySink, payi_instrument, track_context
from payi_transport.propagate import inject
from tests.support.origin import Origin, serve
from tests.support.programs import TAKEN, make_environment, write

# `/trusted/<name>` trusts baggage, `/plain/<name>` does not, and both make one call of that name.
SERVICE = """
import uvicorn
from payi_transport.contrib.asgi import PayiMiddleware

async def handle(scope, receive, send):
    call(scope["path"].rpartition("/")[2])
    payi_flush()
    body = str(payi_stats().ignored_baggage).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

by_path = {"trusted": PayiMiddleware(handle, {"account_name": "own"}, trust_baggage=True),
           "plain": PayiMiddleware(handle, {"account_name": "own"})}

async def app(scope, receive, send):
    await by_path[scope["path"].split("/")[1]](scope, receive, send)

payi_instrument(config={"use_case_name": "b"})
uvicorn.run(app, fd=int(sys.argv[1]), lifespan="off", log_level="warning")
"""
# Forwards to the address in `?to=`, and knows nothing but OpenTelemetry.
BETWEEN = """
import sys
import httpx, uvicorn
from opentelemetry.propagate import extract, inject

async def app(scope, receive, send):
    headers = {}
    inject(headers, context=extract({key.decode(): value.decode() for key, value in scope["headers"]}))
    response = httpx.get(scope["query_string"].decode().removeprefix("to="), headers=headers, trust_env=False)
    await send({"type": "http.response.start", "status": response.status_code, "headers": []})
    await send({"type": "http.response.body", "body": response.content})

assert "payi_transport" not in sys.modules
uvicorn.run(app, fd=int(sys.argv[1]), lifespan="off", log_level="warning")
"""


def start_service(file: Path, ingest: Origin) -> Iterator[str]:
    # The socket listens before the program starts, so the first request waits for it.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = subprocess.Popen(
            [sys.executable, str(file), str(listening.fileno())],
            env=make_environment(ingest),
            pass_fds=[listening.fileno()],
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def events() -> Iterator[Origin]:
    with serve() as origin:
        origin.responses = [TAKEN]
        yield origin


@pytest.fixture(scope="module")
def service(events: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from start_service(write(tmp_path_factory.mktemp("b"), SERVICE, "b"), events)


@pytest.fixture(scope="module")
def between(events: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("between") / "between.py"
    file.write_text(BETWEEN)
    yield from start_service(file, events)


@pytest.fixture(autouse=True)
def instrumented(monkeypatch: pytest.MonkeyPatch) -> None:
    payi_instrument(sink=MemorySink(), config={"use_case_name": "a"})
    both = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
    monkeypatch.setattr(propagate, "propagators", both)
    monkeypatch.setattr(propagate, "get_global_textmap", lambda: both)


def send(url: str, headers: dict[str, str]) -> int:
    """Send a request, and return how many members the service has ignored so far."""
    with httpx.Client(trust_env=False, timeout=60) as client:
        return int(client.get(url, headers=headers).raise_for_status().text)


def find_event(events: Origin, name: str) -> dict[str, Any]:
    # Service B delivers before it responds.
    everything: list[dict[str, Any]] = [
        event for received in list(events.received) for event in json.loads(received.body)
    ]
    [event] = [event for event in everything if event["provider_response_id"] == name]
    return event


def add_nothing(headers: dict[str, str]) -> None:
    pass


def add_trace(headers: dict[str, str]) -> None:
    propagate.inject(headers)


def add_baggage_before(headers: dict[str, str]) -> None:
    token = context.attach(baggage.set_baggage("tenant", "7"))
    own = dict(headers)
    headers.clear()
    propagate.inject(headers)
    inject(headers)
    assert {*own["baggage"].split(",")} < {*headers["baggage"].split(",")}
    context.detach(token)


def carry_in_context(headers: dict[str, str]) -> None:
    """Do what instrumentations of HTTP clients do: write a header of all baggage in the context."""
    token = context.attach(baggage.set_baggage("tenant", "7", propagate.extract(headers)))
    headers.clear()
    propagate.inject(headers)
    assert "tenant=7" in headers["baggage"]
    context.detach(token)


@pytest.mark.parametrize("add", [add_nothing, add_trace, add_baggage_before, carry_in_context])
@pytest.mark.parametrize("path", ["direct", "through another service"])
def test_the_scope_of_a_reaches_the_event_of_b(
    add: Callable[[dict[str, str]], None], path: str, service: str, between: str, events: Origin
) -> None:
    name = f"{add.__name__}-{path.partition(' ')[0]}"
    url = f"{service}/trusted/{name}"
    span = TracerProvider().get_tracer("a").start_span("request")
    with (
        trace.use_span(span),
        track_context(user_id="Zoë", limit_ids=["gold"], request_properties={"k": "v"}),
    ):
        headers: dict[str, str] = {}
        inject(headers)
        add(headers)
        send(f"{between}/?to={url}" if path != "direct" else url, headers)
    event = find_event(events, name)
    assert (event["user_id"], event["limit_ids"]) == ("Zoë", ["gold"])
    assert event["properties"]["k"] == "v"
    # What the service sets itself goes with it.
    assert event["account_name"] == "own"


STRANGE = {
    "a stranger's": "payi.user_id=mallory,payi.limit_ids=gold,payi.account_name=theirs",
    "malformed": "payi.use_case_version=x,payi.request_properties=%7B,payi.user_id",
    "oversized": f"payi.user_id=mallory,a={'x' * 9000}",
    "unknown": "payi.proxy=True,payi.no_field=1,other=1",
}


@pytest.mark.parametrize("kind", STRANGE)
def test_the_baggage_of_a_stranger_changes_nothing_by_default(
    kind: str, service: str, events: Origin
) -> None:
    name = f"plain-{kind.split()[0]}"
    before = send(f"{service}/plain/{name}-before", {})
    after = send(f"{service}/plain/{name}", {"baggage": STRANGE[kind]})
    event = find_event(events, name)
    assert (event["account_name"], event["use_case_name"]) == ("own", "b")
    assert not {"user_id", "limit_ids", "use_case_version"} & {key for key, value in event.items() if value}
    # It was not even read.
    assert after == before


@pytest.mark.parametrize(("kind", "ignored"), [("malformed", 3), ("oversized", 1), ("unknown", 0)])
def test_what_can_not_be_used_is_ignored_and_counted(
    kind: str, ignored: int, service: str, events: Origin
) -> None:
    before = send(f"{service}/trusted/{kind}-before", {})
    assert send(f"{service}/trusted/{kind}", {"baggage": STRANGE[kind]}) == before + ignored
    event = find_event(events, kind)
    assert (event["account_name"], event["use_case_name"]) == ("own", "b")
    assert not event.get("user_id")
