"""Calls of httpx and httpx2 that are asked for their usage: the caller sees neither question nor response."""

from __future__ import annotations

from typing import Any

import anyio

from payi_transport import MemorySink, payi_instrument
from tests.hooks.scripted import Scripted, every_module
from tests.support.calls import URL
from tests.support.exchanges import events_of, shown
from tests.support.wire_cases import STREAM


@every_module
def test_a_request_that_asks_for_usage_is_a_copy_and_the_caller_keeps_its_own(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, STREAM.chunks())
    request = module.Request("POST", URL, content=b'{"stream":true}', headers={"x-a": "1"})
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    [sent] = script.requests
    assert sent.content == b'{"stream":true,"stream_options":{"include_usage":true}}'
    assert sent.headers["content-length"] == str(len(sent.content))
    assert (sent.headers["accept-encoding"], sent.headers["x-a"]) == ("identity", "1")
    assert request.content == b'{"stream":true}'
    assert got.request is request
    assert b'"usage":{' not in got.content
    assert events_of(sink)[0].provider_request_json == sent.content.decode()


@every_module
def test_a_compressed_stream_is_passed_on_as_it_is(module: Any, sink: MemorySink) -> None:
    import gzip

    payi_instrument(sink=sink)
    packed = gzip.compress(STREAM.response)
    script = Scripted(module, [packed], headers={**STREAM.headers, "content-encoding": "gzip"})
    with module.Client(transport=script.sync()) as client:
        got = client.post(URL, content=b'{"stream":true}')
    assert got.content == STREAM.response
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


@every_module
def test_the_usage_chunk_is_hidden_in_a_response_that_was_read_already(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    response = module.Response(200, headers=STREAM.headers, content=STREAM.response)
    with module.Client(transport=module.MockTransport(lambda request: response)) as client:
        got = client.post(URL, content=b'{"stream":true}')
    assert b'"prompt_tokens"' not in got.content
    assert got.content.endswith(b"data: [DONE]\n\n")
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


@every_module
def test_the_usage_chunk_is_hidden_on_an_async_stream_whatever_the_cuts(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    body = STREAM.response.removesuffix(b"data: [DONE]\n\n").removesuffix(b"\n\n")
    script = Scripted(module, [body[i : i + 50] for i in range(0, len(body), 50)])

    async def main() -> bytes:
        async with module.AsyncClient(transport=script.asynchronous()) as client:
            content: bytes = (await client.post(URL, content=b'{"stream":true}')).content
            return content

    shown_body = anyio.run(main)
    assert b'"choices":[]' not in shown_body
    assert body.startswith(shown_body)
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


@every_module
def test_an_unfinished_event_that_is_no_usage_is_shown_at_the_end(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    tail = b'data: {"id":"x"'
    for script in (Scripted(module, [*STREAM.chunks()[:2], tail]),):
        with module.Client(transport=script.sync()) as client:
            assert client.post(URL, content=b'{"stream":true}').content.endswith(tail)

        async def main(script: Scripted = script) -> bytes:
            async with module.AsyncClient(transport=script.asynchronous()) as client:
                content: bytes = (await client.post(URL, content=b'{"stream":true}')).content
                return content

        assert anyio.run(main).endswith(tail)
