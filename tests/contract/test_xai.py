"""xAI's SDK, which speaks gRPC, against a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context
from payi_transport.values.event import FunctionCall, Units

xai_sdk: Any = pytest.importorskip("xai_sdk")

from tests.support.grpc_xai import Xai, chat_pb2, chat_pb2_grpc, grpc, serve_xai, wait_for_calls  # noqa: E402


@pytest.fixture
def xai(sink: MemorySink) -> Iterator[Xai]:
    with serve_xai() as running:
        payi_instrument(sink=sink, config=running.config)
        yield running


def start(xai: Xai, text: str = "Hello", kind: str = "Client", **options: Any) -> Any:
    client = getattr(xai_sdk, kind)(
        api_key="k", api_host=xai.netloc, use_insecure_channel=True, timeout=30, **options
    )
    return client.chat.create(model="grok-4", messages=[xai_sdk.chat.user(text)])


def units(completion: int) -> dict[str, Units]:
    return {
        "text": Units(8, completion),
        "text_cache_read": Units(2, None),
        "reasoning": Units(None, 3),
    }


def events(sink: MemorySink) -> list[Any]:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return sink.events


def test_a_completion_is_an_event(xai: Xai, sink: MemorySink) -> None:
    with track_context(user_id="u"):
        response = start(xai).sample()
    (event,) = events(sink)
    assert (event.resource, event.user_id, event.provider_response_id) == ("grok-4", "u", response.id)
    assert event.units == units(4)
    total = sum((unit.input or 0) + (unit.output or 0) for unit in event.units.values())
    assert total == response.usage.total_tokens
    assert event.provider_uri == f"https://{xai.netloc}/xai_api.Chat/GetCompletion"
    assert event.http_status_code == 200
    assert event.provider_response_function_calls == (FunctionCall("f", '{"a": 1}'),)
    assert "Hello" in (event.provider_request_json or "")
    assert event.properties is None


def test_the_last_message_of_a_stream_has_its_usage(xai: Xai, sink: MemorySink) -> None:
    assert len(list(start(xai).stream())) == 3
    wait_for_calls(1)
    (event,) = events(sink)
    assert event.units == units(3)
    assert len(event.provider_response_json) == 3
    assert event.time_to_first_token_ms is not None
    assert event.properties is None


def test_async_calls_are_recorded_alike(xai: Xai, sink: MemorySink) -> None:
    async def call() -> None:
        await start(xai, kind="AsyncClient").sample()
        assert len([item async for item in start(xai, kind="AsyncClient").stream()]) == 3

    asyncio.run(call())
    wait_for_calls(2)
    assert [event.units for event in events(sink)] == [units(4), units(3)]


@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
@pytest.mark.parametrize(("code", "status"), [("RESOURCE_EXHAUSTED", 429), ("UNAUTHENTICATED", 401)])
def test_an_error_is_an_event_with_its_status(
    xai: Xai, sink: MemorySink, kind: str, code: str, status: int
) -> None:
    with pytest.raises(grpc.RpcError):
        if kind == "Client":
            start(xai, f"abort {code}").sample()
        else:
            asyncio.run(_sample(xai, code))
    (event,) = events(sink)
    assert (event.http_status_code, event.units) == (status, {})
    assert (event.properties or {})["provider.error.code"] == code


async def _sample(xai: Xai, code: str) -> None:
    await start(xai, f"abort {code}", "AsyncClient").sample()


def test_a_server_that_cannot_be_reached_is_a_failed_call(closed_port: int, sink: MemorySink) -> None:
    netloc = f"127.0.0.1:{closed_port}"
    payi_instrument(sink=sink, config={"host_mappings": {netloc: {"price_as_category": "xai"}}})
    channel = grpc.insecure_channel(netloc)
    request = chat_pb2.GetCompletionsRequest(model="grok-4")
    with pytest.raises(grpc.RpcError):
        chat_pb2_grpc.ChatStub(channel).GetCompletion(request, timeout=30)
    channel.close()
    (event,) = events(sink)
    assert (event.http_status_code, event.resource) == (299, "grok-4")
    assert "system.failure" in (event.properties or {})


def test_a_stream_that_breaks_off_is_partial(xai: Xai, sink: MemorySink) -> None:
    with pytest.raises(grpc.RpcError):
        list(start(xai, "break").stream())
    wait_for_calls(1)
    (event,) = events(sink)
    assert event.units == units(2)
    assert (event.properties or {})["system.stream"] == "partial"
    assert (event.properties or {})["system.failure"] == "INTERNAL"


def test_metadata_of_payi_sets_the_scope_and_reaches_no_provider(xai: Xai, sink: MemorySink) -> None:
    start(xai, metadata=(("x-other", "1"),)).sample()
    channel = grpc.insecure_channel(xai.netloc)
    request = chat_pb2.GetCompletionsRequest(model="grok-4")
    request.messages.add().content.add().text = "Hello"
    metadata = (("xproxy-user-id", "u"), ("x-other", "2"))
    chat_pb2_grpc.ChatStub(channel).GetCompletion(request, metadata=metadata)
    channel.close()
    assert [event.user_id for event in events(sink)] == [None, "u"]
    assert [sent.get("x-other") for sent in xai.metadata] == ["1", "2"]
    assert "xproxy-user-id" not in xai.metadata[1]


def test_without_content_there_is_none_of_it(sink: MemorySink) -> None:
    with serve_xai() as xai:
        payi_instrument(sink=sink, config=xai.config, log_prompt_and_response=False)
        start(xai).sample()
        (event,) = events(sink)
    assert event.units == units(4)
    assert (event.provider_request_json, event.provider_response_json) == (None, None)
