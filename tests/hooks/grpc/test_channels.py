"""Channels of gRPC: which calls are recorded, and what their callers see."""

from __future__ import annotations

import asyncio
import copy
import gc
import weakref
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, payi_uninstrument
from payi_transport.hooks.grpc import channels
from payi_transport.hooks.grpc.channels import _find_address, _read_target, _result_of

pytest.importorskip("xai_sdk")

from tests.support.grpc_xai import (
    Xai,
    chat_pb2,
    chat_pb2_grpc,
    grpc,
    serve_xai,
    wait_for_calls,
)

KNOWN = "us-central1-aiplatform.googleapis.com:443"
PREDICT = "/google.cloud.aiplatform.v1.PredictionService/Predict"


def make_request(text: str = "Hello") -> Any:
    request = chat_pb2.GetCompletionsRequest(model="grok-4")
    request.messages.add().content.add().text = text
    return request


def events(sink: MemorySink) -> list[Any]:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return sink.events


def test_every_way_to_call_is_recorded(channel: Any, sink: MemorySink) -> None:
    stub = chat_pb2_grpc.ChatStub(channel)
    assert stub.GetCompletion(make_request()).id == "c1"
    response, call = stub.GetCompletion.with_call(make_request())
    assert (response.id, call.code()) == ("c2", grpc.StatusCode.OK)
    assert stub.GetCompletion.future(make_request()).result(30).id == "c3"
    assert len(list(stub.GetCompletionChunk(make_request()))) == 3
    wait_for_calls(4)
    assert [event.provider_response_id for event in events(sink)] == ["c1", "c2", "c3", "c4"]


def test_a_future_that_fails_is_recorded(channel: Any, sink: MemorySink) -> None:
    future = chat_pb2_grpc.ChatStub(channel).GetCompletion.future(make_request("abort NOT_FOUND"))
    assert future.exception(30).code() is grpc.StatusCode.NOT_FOUND
    wait_for_calls(1)
    (event,) = events(sink)
    assert event.http_status_code == 404


def test_interceptors_of_the_program_see_what_they_always_see(channel: Any, sink: MemorySink) -> None:
    seen: list[Any] = []

    class Interceptor(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc has no types
        def intercept_unary_unary(self, proceed: Any, details: Any, request: Any) -> Any:
            seen.append((details.method, request.model))
            return proceed(details, request)

    intercepted = grpc.intercept_channel(channel, Interceptor())
    assert chat_pb2_grpc.ChatStub(intercepted).GetCompletion(make_request()).id == "c1"
    assert seen == [("/xai_api.Chat/GetCompletion", "grok-4")]
    assert len(events(sink)) == 1


def test_a_stream_that_is_cancelled_is_partial(channel: Any, sink: MemorySink) -> None:
    stream = chat_pb2_grpc.ChatStub(channel).GetCompletionChunk(make_request())
    next(stream)
    stream.cancel()
    wait_for_calls(1)
    (event,) = events(sink)
    assert (event.properties or {})["system.stream"] == "partial"


def test_what_is_dropped_is_cancelled_as_ever(channel: Any, sink: MemorySink) -> None:
    stub = chat_pb2_grpc.ChatStub(channel)
    gc.disable()
    try:
        stream, future = stub.GetCompletionChunk(make_request()), stub.GetCompletion.future(make_request())
        next(stream)
        seen = weakref.ref(stream), weakref.ref(future)
        del stream, future
        assert [ref() for ref in seen] == [None, None]
    finally:
        gc.enable()
    wait_for_calls(2)
    assert len(events(sink)) == 2


def test_a_stream_that_is_over_at_once_is_recorded(channel: Any, sink: MemorySink) -> None:
    stub = chat_pb2_grpc.ChatStub(channel)
    stub.GetCompletionChunk._make = lambda serialize, deserialize: lambda *arguments: Over()

    class Over:
        def add_callback(self, callback: Any) -> bool:
            return False

        def code(self) -> Any:
            return grpc.StatusCode.OK

        def details(self) -> str:
            return ""

    stub.GetCompletionChunk(make_request())
    assert len(events(sink)) == 1


def test_a_request_that_cannot_be_serialized_raises_as_ever(channel: Any, sink: MemorySink) -> None:
    with pytest.raises(grpc.RpcError, match="serializing"):
        chat_pb2_grpc.ChatStub(channel).GetCompletion("no message")
    (event,) = events(sink)
    assert event.http_status_code == 500


def test_parameters_may_be_passed_by_name(channel: Any, sink: MemorySink) -> None:
    call = channel.unary_unary(
        method="/xai_api.Chat/GetCompletion",
        request_serializer=chat_pb2.GetCompletionsRequest.SerializeToString,
        response_deserializer=chat_pb2.GetChatCompletionResponse.FromString,
    )
    assert call(request=make_request(), timeout=30).id == "c1"
    assert len(events(sink)) == 1


def test_a_callable_looks_like_that_of_the_library(channel: Any) -> None:
    stub = chat_pb2_grpc.ChatStub(channel)
    assert isinstance(stub.GetCompletion, grpc.UnaryUnaryMultiCallable)
    assert isinstance(stub.GetCompletionChunk, grpc.UnaryStreamMultiCallable)
    assert stub.GetCompletion._method == b"/xai_api.Chat/GetCompletion"


def test_an_rpc_that_is_not_known_gets_the_callable_of_the_library(channel: Any) -> None:
    assert type(channel.unary_unary("/other.Service/Method")).__module__ == "grpc._channel"
    assert type(channel.unary_stream("/xai_api.Auth/get_api_key_info")).__module__ == "grpc._channel"


def test_after_uninstrumenting_callables_go_on(channel: Any, sink: MemorySink) -> None:
    stub = chat_pb2_grpc.ChatStub(channel)
    payi_uninstrument()
    assert stub.GetCompletion(make_request()).id == "c1"
    assert len(list(stub.GetCompletionChunk(make_request()))) == 3
    assert stub.GetCompletion.future(make_request()).result(30).id == "c3"
    with pytest.raises(grpc.RpcError):
        stub.GetCompletion(make_request("abort INTERNAL"))
    assert sink.events == []


def test_after_uninstrumenting_callables_of_asyncio_go_on(xai: Xai, sink: MemorySink) -> None:
    async def run() -> None:
        async with grpc.aio.insecure_channel(xai.netloc) as channel:
            stub = chat_pb2_grpc.ChatStub(channel)
            payi_uninstrument()
            assert (await stub.GetCompletion(make_request())).id == "c1"

    asyncio.run(run())
    assert sink.events == []


def test_an_rpc_of_a_known_host_that_is_not_read_is_counted(sink: MemorySink, caplog: Any) -> None:
    payi_instrument(sink=sink)
    with grpc.insecure_channel(f"dns:///{KNOWN}") as channel:
        predict = channel.unary_unary(PREDICT)
        assert payi_stats().unobserved == {}
        for _ in range(2):
            future = predict.future(b"")
            future.cancel()
    assert payi_stats().unobserved == {"us-central1-aiplatform.googleapis.com": {"grpc": 2}}
    assert "does not read this API" in caplog.text


def test_an_rpc_at_an_unknown_host_is_counted_as_unmapped(sink: MemorySink) -> None:
    with serve_xai() as xai:
        payi_instrument(sink=sink)
        with grpc.insecure_channel(xai.netloc) as channel:
            chat_pb2_grpc.ChatStub(channel).GetCompletion(make_request())
    assert payi_stats().unobserved == {xai.netloc: {"unmapped": 1}}


def test_channels_that_were_made_earlier_are_counted(sink: MemorySink, caplog: Any) -> None:
    async def run() -> None:
        with grpc.insecure_channel(KNOWN), grpc.insecure_channel("other.test:443"):
            async with grpc.aio.insecure_channel("api.x.ai"):
                payi_instrument(sink=sink)
                # Nothing counts twice when a second call puts hooks back.
                payi_instrument(sink=sink)

    gc.collect()
    asyncio.run(run())
    assert payi_stats().unobserved == {
        "us-central1-aiplatform.googleapis.com": {"grpc": 1},
        "api.x.ai": {"grpc": 1},
    }
    assert "made before payi_instrument()" in caplog.text


class OddChannel:
    def __init__(self, target: Any) -> None:
        self._channel = self
        self.target = target


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("api.x.ai", ("api.x.ai", None)),
        (b"api.x.ai:443", ("api.x.ai", None)),
        (b"dns:///API.x.ai:8443", ("api.x.ai", 8443)),
        ("dns://8.8.8.8/api.x.ai:443", ("api.x.ai", None)),
        ("dns:api.x.ai", ("api.x.ai", None)),
        ("dns:api.x.ai:8443", ("api.x.ai", 8443)),
        ("ipv4:127.0.0.1:50051", ("127.0.0.1", 50051)),
        ("ipv6:%5B::1%5D:50051", ("::1", 50051)),
        ("ipv6:[::1]", ("::1", None)),
        ("dns.test:443", ("dns.test", None)),
        ("[::1]:50051", ("::1", 50051)),
        ("unix:/run/x.sock", ("x.sock", None)),
    ],
)
def test_a_target_names_host_and_port(target: Any, address: Any) -> None:
    assert _read_target(OddChannel(target)) == address


def test_a_fault_leaves_the_channel_as_it_is(sink: MemorySink) -> None:
    assert _find_address(object(), PREDICT) is None
    payi_instrument(sink=sink)
    assert _find_address(object(), PREDICT) is None
    channels._count_earlier(None, object())
    assert payi_stats().faults == 1


def test_a_coroutine_that_waits_has_no_result_yet() -> None:
    async def wait() -> None:
        await asyncio.sleep(1)

    async def done() -> int:
        return 7

    assert _result_of(done()) == 7

    class Waiting:
        def __await__(self) -> Any:
            yield

    async def never() -> None:
        await Waiting()

    assert _result_of(never()) is None
    wait().close()


def test_without_a_pipeline_nothing_is_counted_at_installation() -> None:
    channels.SYNC_HOOK.install()
    channels.SYNC_HOOK.uninstall()


def test_a_copy_of_a_callable_calls_as_well(channel: Any, sink: MemorySink) -> None:
    copied = copy.copy(chat_pb2_grpc.ChatStub(channel).GetCompletion)
    assert copied(make_request()).id == "c1"
    assert len(events(sink)) == 1
