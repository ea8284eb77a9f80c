"""A transport that records: it is of the same module as the one inside, and opens and closes it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from payi_transport import AsyncPayiTransport, MemorySink, PayiTransport, payi_instrument
from tests.hooks.scripted import Scripted, every_module
from tests.support.calls import URL
from tests.support.exchanges import events_of
from tests.support.wire_cases import UNARY


@every_module
def test_a_transport_is_of_the_module_of_the_one_inside(module: Any) -> None:
    transport = PayiTransport(Scripted(module, []).sync())
    assert isinstance(transport, PayiTransport)
    assert isinstance(transport, module.BaseTransport)
    assert type(transport) is type(PayiTransport(Scripted(module, []).sync()))
    asynchronous = AsyncPayiTransport(Scripted(module, []).asynchronous())
    assert isinstance(asynchronous, module.AsyncBaseTransport)


@every_module
def test_a_subclass_keeps_its_class(module: Any) -> None:
    class Mine(PayiTransport):
        pass

    transport = Mine(Scripted(module, []).sync())
    assert isinstance(transport, Mine)
    assert isinstance(transport, module.BaseTransport)


@every_module
def test_a_call_through_the_transport_alone_is_recorded_once(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.response], headers=UNARY.headers)
    request = module.Request("POST", URL, content=UNARY.request)
    with PayiTransport(script.sync()) as transport:
        assert transport.handle_request(request).read() == UNARY.response
    [event] = events_of(sink)
    assert event.resource == UNARY.event["resource"]


@every_module
def test_an_async_transport_passes_through_while_nothing_is_instrumented(
    module: Any, sink: MemorySink
) -> None:
    script = Scripted(module, [UNARY.response], headers=UNARY.headers)
    request = module.Request("POST", URL, content=UNARY.request)

    async def send() -> bytes:
        async with AsyncPayiTransport(script.asynchronous()) as transport:
            response = await transport.handle_async_request(request)
            body: bytes = await response.aread()
            assert response.stream is script.stream
            return body

    assert anyio.run(send) == UNARY.response
    assert sink.events == []


@pytest.mark.parametrize("kind", [PayiTransport, AsyncPayiTransport])
def test_a_client_is_not_a_transport(kind: Any) -> None:
    with pytest.raises(TypeError, match="transport: expected an instance of httpx"):
        kind(object())
