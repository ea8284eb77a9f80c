"""Which requests of httpx and httpx2 are recorded: each call once, whatever is sent for it, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import MemorySink, PayiTransport, payi_instrument, payi_stats
from payi_transport.values.names import RECORDED_MARK
from tests.hooks.scripted import Scripted, every_module
from tests.support.calls import URL
from tests.support.exchanges import events_of
from tests.support.wire_cases import UNARY


@every_module
def test_a_redirect_is_not_an_event(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    responses = [
        module.Response(307, headers={"location": "https://api.openai.com/v2/chat/completions"}),
        module.Response(200, headers=UNARY.headers, content=UNARY.response),
    ]
    transport = module.MockTransport(lambda request: responses.pop(0))
    with module.Client(transport=transport, follow_redirects=True) as client:
        assert client.post(URL, content=UNARY.request).status_code == 200
    [event] = events_of(sink)
    assert event.provider_uri == "https://api.openai.com/v2/chat/completions"
    assert payi_stats().captured == 1


@every_module
def test_a_request_object_sent_twice_is_recorded_twice(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    request = module.Request("POST", URL, content=UNARY.request)
    script = Scripted(module, [UNARY.response], headers=UNARY.headers)
    with module.Client(transport=PayiTransport(script.sync())) as client:
        client.send(request)
        client.send(request)
    assert len(events_of(sink)) == 2


@every_module
def test_inner_hooks_leave_a_recorded_call_alone(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.response], headers=UNARY.headers)
    nested = PayiTransport(PayiTransport(script.sync()))
    with module.Client(transport=nested) as client:
        client.post(URL, content=UNARY.request)
    assert script.requests[0].extensions.get(RECORDED_MARK) is None
    assert len(events_of(sink)) == 1


@every_module
def test_a_marked_request_is_not_recorded(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    with module.Client(transport=Scripted(module, [b"{}"]).sync()) as client:
        client.post(URL, content=b"{}", extensions={RECORDED_MARK: True})
    assert events_of(sink) == []


@every_module
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "https://api.openai.com/v1/models"),
        ("GET", URL),
        ("POST", "https://example.org/v1/chat/completions"),
        ("POST", "https://api.openai.com.example.org/v1/chat/completions"),
    ],
)
def test_other_requests_pass_through_untouched(module: Any, method: str, url: str, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [b"{}"])
    transport = PayiTransport(script.sync())
    got = transport.handle_request(module.Request(method, url))
    assert got.stream is script.stream
    assert payi_stats().captured == 0
