"""Headers of Pay-i's on a request of httpx or httpx2: no provider sees them, and the caller keeps its own."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from payi_transport import MemorySink, payi_instrument
from tests.hooks.scripted import Scripted, every_module
from tests.support.calls import URL
from tests.support.exchanges import events_of
from tests.support.wire_cases import STREAM

OWN = {"xProxy-User-ID": "v", "XPROXY-api-key": "k"}


@every_module
@pytest.mark.parametrize("asked", [b'{"stream":true}', b"{}"])
def test_headers_of_payi_are_taken_off_what_is_sent_and_the_caller_keeps_its_own(
    module: Any, asked: bytes, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, STREAM.chunks())
    request = module.Request("POST", URL, content=asked, headers={"x-a": "1", **OWN})
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    [sent] = script.requests
    assert not {name for name in sent.headers if name.startswith("xproxy")}
    assert sent.headers["x-a"] == "1"
    assert (b"include_usage" in sent.content) == (asked != b"{}")
    assert request.headers["xProxy-User-ID"] == "v"
    assert got.request is request
    assert (b'"usage":{' in got.content) == (asked == b"{}")
    assert events_of(sink)[0].user_id == "v"


NOT_RECORDED: dict[str, Any] = {
    "no call": ("GET", "https://api.openai.com/v1/models", None, True),
    "outside all scopes": ("POST", URL, {"global_instrumentation": False}, True),
    "Pay-i, no call": ("GET", "https://api.pay-i.com/api/v1/proxy/openai/v1/models", None, False),
    "Pay-i, outside all scopes": (
        "POST",
        "https://api.pay-i.com/api/v1/proxy/openai/v1/chat/completions",
        {"global_instrumentation": False},
        False,
    ),
    "an unknown host": ("POST", "https://gateway.example.org/v1/things", None, False),
}


@every_module
@pytest.mark.parametrize("case", NOT_RECORDED.values(), ids=NOT_RECORDED.keys())
def test_headers_of_payi_reach_no_provider_whatever_it_is_asked(
    module: Any, case: Any, sink: MemorySink
) -> None:
    method, url, config, is_stripped = case
    payi_instrument(sink=sink, config=config)
    script = Scripted(module, [b"{}"])
    request = module.Request(method, url, headers=OWN)
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    [sent] = script.requests
    assert ("xproxy-user-id" in sent.headers) is not is_stripped
    assert got.request is request
    assert request.headers["xProxy-User-ID"] == "v"
    assert events_of(sink) == []


@every_module
def test_an_exception_of_a_call_that_is_not_recorded_names_the_request_of_the_caller(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)

    async def refuse(request: Any) -> Any:
        raise module.ConnectError("no")

    async def main() -> None:
        request = module.Request("GET", "https://api.openai.com/v1/models", headers=OWN)
        async with module.AsyncClient(transport=module.MockTransport(refuse)) as client:
            with pytest.raises(module.ConnectError) as caught:
                await client.send(request)
        assert caught.value.request is request

    anyio.run(main)


@every_module
def test_what_can_be_read_only_once_is_sent_all_the_same(module: Any, sink: MemorySink) -> None:
    # httpx makes a request of its arguments before the hook sees any. Only the transport reads the body.
    payi_instrument(sink=sink)
    script = Scripted(module, STREAM.chunks())
    headers = iter([("x-a", "1"), *OWN.items()])
    with module.Client(transport=script.sync()) as client:
        client.send(module.Request("POST", URL, content=iter([b"{", b"}"]), headers=headers))
    [sent] = script.requests
    assert sent.headers["x-a"] == "1"
    assert b"".join(sent.stream) == b"{}"
    assert events_of(sink)[0].user_id == "v"
