"""Requests to hosts that are not a provider's: counted if they look like calls, and else passed on."""

from __future__ import annotations

import sys
from typing import Any

from payi_transport import MemorySink, payi_instrument, payi_stats
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
