"""Requests to hosts that are not a provider's: counted if they look like calls, and else passed on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport import MemorySink, PayiTransport, payi_instrument, payi_stats
from payi_transport.hooks.nesting import find_mark
from tests.hooks.scripted import Scripted, every_module
from tests.support.exchanges import events_of
from tests.support.wire_cases import UNARY


@every_module
def test_each_request_to_an_unknown_host_that_looks_like_a_call_is_counted(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.response], headers=UNARY.headers)
    host = "llm.internal.example.org"
    with module.Client(transport=script.sync()) as client:
        for path in ("/v1/orders", "/v1/chat/completions", "/", "/v1/chat/completions/", "/v1/orders"):
            client.post(f"https://{host}{path}", content=UNARY.request)
    assert payi_stats().unobserved == {host: {"unmapped": 2}}
    assert events_of(sink) == []


@pytest.fixture(autouse=True)
def nothing_is_left_inside() -> Iterator[None]:
    yield
    assert find_mark() is None


@every_module
@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("https://llm.internal.example.org/v1/chat/completions", {"unmapped": 2}),
        ("https://api.openai.com/v1/holograms", {"unread": 2}),
        ("https://api.openai.com/v1/models", None),
    ],
)
def test_a_request_that_passes_several_hooks_is_counted_once(
    module: Any, url: str, count: dict[str, int] | None, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    counted = {} if count is None else {module.URL(url).host: count}
    script = Scripted(module, [b"{}"])
    # A body in memory, and one that only the transport may read.
    bodies = b"{}", (part for part in [b"{}"])
    with module.Client(transport=PayiTransport(PayiTransport(script.sync()))) as client:
        for body in bodies:
            response = client.post(url, content=body, headers={"xProxy-User-ID": "u"})
            assert response.request.headers["xProxy-User-ID"] == "u"
    assert payi_stats().unobserved == counted
    # What a provider gets has no headers of Pay-i, whichever hook has removed them.
    is_known = "openai.com" in url
    assert ["xProxy-User-ID" in request.headers for request in script.requests] == [not is_known] * 2


@every_module
def test_another_request_that_a_transport_makes_is_counted_apart(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    url = "https://llm.internal.example.org/v1/chat/completions"

    def ask(request: Any) -> Any:
        with module.Client(transport=module.MockTransport(lambda request: module.Response(200))) as other:
            other.post(url, content=b"judge")
        return module.Response(200)

    with module.Client(transport=PayiTransport(module.MockTransport(ask))) as client:
        client.post(url, content=b"asked")
    assert payi_stats().unobserved == {"llm.internal.example.org": {"unmapped": 2}}


@every_module
def test_a_request_that_is_not_recorded_passes_three_functions(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.response], headers=UNARY.headers)
    called: list[str] = []

    def profile(frame: Any, kind: str, argument: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if kind == "call" and name.startswith("payi_transport."):
            called.append(frame.f_code.co_name)

    with module.Client(transport=script.sync()) as client:
        client.post("https://api.example.com/v1/orders/1", content=b"{}")
        sys.setprofile(profile)
        try:
            client.post("https://api.example.com/v1/orders/2", content=b"{}")
        finally:
            sys.setprofile(None)
    assert called == ["send", "_begin", "may_be_call"]
