"""Exchanges are not tracked by the garbage collector, and yet nothing that they refer to outlives them."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar, copy_context
from typing import Any

import httpx2
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.capture.exchange import Exchange, OpenResponse, Outcome, SentRequest
from payi_transport.delivery.ring import Ring
from payi_transport.pipeline.active import get_active
from tests.support.exchanges import make_request
from tests.support.garbage import collect_garbage

URL = "https://api.openai.com/v1/chat/completions"
held: ContextVar[Any] = ContextVar("held", default=None)


class Held:
    """What a program keeps in its context, such as a session object that refers to its response."""

    call: Any = None


def finish(response: OpenResponse) -> None:
    response.append(b"{}")
    response.finish()


def outgrow(response: OpenResponse) -> None:
    response.open_buffer(5)[0](b"12345")
    response.finish(Outcome.CLOSED, 5)


def finish_twice(response: OpenResponse) -> None:
    response.finish()
    response.finish(Outcome.ABANDONED)


ENDS: dict[str, Callable[[OpenResponse], None]] = {
    "read to its end": finish,
    "longer than the limit": outgrow,
    "failed": lambda response: response.fail(ValueError("broken")),
    "left early": lambda response: response.finish(Outcome.CLOSED),
    "ended twice": finish_twice,
    "failed before the response": lambda response: response.request.fail(OSError("refused")),
    "redirected": lambda response: response.request.discard(),
}


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Leave everything to reference counts."""
    gc.disable()
    yield
    gc.enable()


def send(ring: Ring[Exchange], body_limit: int = 4) -> tuple[SentRequest, weakref.ref[Held]]:
    """A request whose caller's context holds an object that refers to the request."""
    holder = Held()
    context: Context = copy_context()
    context.run(held.set, holder)
    request = make_request(
        lambda exchange: (ring.push(exchange, exchange.weight), None)[1],
        body=b"{}",
        body_limit=body_limit,
        caller=context,
    )
    holder.call = request
    return request, weakref.ref(holder)


def make_ring() -> Ring[Exchange]:
    return Ring(16, 1 << 20, 16, lambda: None)


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_all_that_a_call_refers_to_is_freed_once_it_is_decoded(end: Callable[[OpenResponse], None]) -> None:
    ring = make_ring()
    request, holder = send(ring)
    response = request.start_response(200, ())
    end(response)
    for _, exchange, _ in ring.drain(16):
        assert not gc.is_tracked(exchange)
        exchange.forget()
    # The caller still has the response, and with it the request. Neither keeps what was in its context.
    assert holder() is None
    assert response.request is request


@pytest.mark.usefixtures("no_collection")
def test_all_that_waits_is_freed_with_its_ring() -> None:
    ring = make_ring()
    request, holder = send(ring)
    finish(request.start_response(200, ()))
    del request
    assert holder() is not None
    ring.clear()
    assert holder() is None


def test_an_open_response_that_its_own_context_holds_is_collected() -> None:
    ring = make_ring()
    request, holder = send(ring)
    response = request.start_response(200, ())
    dropped = holder()
    assert dropped is not None
    # A cycle: from the request to the context, and from there to the response.
    dropped.call = response
    assert gc.is_tracked(request)
    assert gc.is_tracked(response)
    del request, response, dropped
    collect_garbage()
    assert holder() is None


def respond(request: httpx2.Request) -> httpx2.Response:
    if request.headers.get("x-fails"):
        raise httpx2.ConnectError("refused", request=request)
    return httpx2.Response(200, stream=httpx2.ByteStream(b'{"usage": {"prompt_tokens": 1}}'))


def read_some(client: httpx2.Client, how: str) -> None:
    if how == "failed":
        with pytest.raises(httpx2.ConnectError):
            client.post(URL, json={}, headers={"x-fails": "1"})
    elif how == "read":
        client.post(URL, json={})
    else:
        response = client.send(client.build_request("POST", URL, json={}), stream=True)
        if how == "closed":
            response.close()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("how", ["read", "closed", "dropped", "failed"])
@pytest.mark.parametrize("mode", ["bulk", "inline"])
def test_no_call_of_a_client_keeps_what_was_in_its_context(mode: Any, how: str) -> None:
    logged: list[object] = []
    payi_instrument(
        sink=MemorySink(),
        config={"delivery": {"mode": mode}},
        prompt_and_response_logger=lambda *call, **details: logged.append(1),
    )
    context, holder = copy_context(), Held()
    context.run(held.set, holder)
    gone = weakref.ref(holder)
    with httpx2.Client(transport=httpx2.MockTransport(respond)) as client:
        context.run(read_some, client, how)
    assert payi_flush(10)
    assert payi_stats().captured == 1
    del context, holder
    assert gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_drops_what_its_parent_has_to_deliver() -> None:
    payi_instrument(sink=MemorySink())
    pipeline = get_active()
    assert pipeline is not None
    delivery = pipeline._state.delivery
    request, holder = send(make_ring())
    request.on_end = delivery.push
    finish(request.start_response(200, ()))
    del request
    pid = os.fork()
    if not pid:
        os._exit(0 if holder() is None else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert payi_flush(10)
