"""Google's SDK for Vertex AI over gRPC, against a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.values.event import Units

grpc: Any = pytest.importorskip("grpc")
aiplatform: Any = pytest.importorskip("google.cloud.aiplatform_v1")
transports: Any = pytest.importorskip("google.cloud.aiplatform_v1.services.prediction_service.transports")

MODEL = "projects/p/locations/l/publishers/google/models/gemini-x"
UNITS = {"text": Units(8, 5), "text_cache_read": Units(4, None), "reasoning": Units(None, 2)}


def generate(request: Any, context: Any) -> Any:
    content = {"role": "model", "parts": [{"text": "Hi"}]}
    return aiplatform.GenerateContentResponse(
        candidates=[{"content": content, "finish_reason": "STOP"}],
        model_version="gemini-x-001",
        usage_metadata={
            "prompt_token_count": 12,
            "candidates_token_count": 5,
            "thoughts_token_count": 2,
            "cached_content_token_count": 4,
            "total_token_count": 19,
        },
    )


def stream(request: Any, context: Any) -> Iterator[Any]:
    for _ in range(3):
        yield generate(request, context)


@pytest.fixture
def netloc(sink: MemorySink) -> Iterator[str]:
    read = aiplatform.GenerateContentRequest.deserialize
    write = aiplatform.GenerateContentResponse.serialize
    handlers = {
        "GenerateContent": grpc.unary_unary_rpc_method_handler(generate, read, write),
        "StreamGenerateContent": grpc.unary_stream_rpc_method_handler(stream, read, write),
    }
    service = "google.cloud.aiplatform.v1.PredictionService"
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    mapping: Any = {address: {"price_as_category": "system.google.vertex"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping})
    yield address
    server.stop(None).wait()


def make_request() -> Any:
    return aiplatform.GenerateContentRequest(
        model=MODEL, contents=[{"role": "user", "parts": [{"text": "Hello"}]}]
    )


def check(sink: MemorySink) -> None:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    assert [event.units for event in sink.events] == [UNITS, UNITS]
    assert {event.resource for event in sink.events} == {"google.gemini-x-001"}
    assert [len(event.provider_response_json or ()) for event in sink.events] == [1, 3]


def test_calls_in_threads_are_recorded(netloc: str, sink: MemorySink) -> None:
    with grpc.insecure_channel(netloc) as channel:
        transport = transports.PredictionServiceGrpcTransport(channel=channel)
        client = aiplatform.PredictionServiceClient(transport=transport)
        assert client.generate_content(make_request()).usage_metadata.total_token_count == 19
        assert len(list(client.stream_generate_content(make_request()))) == 3
    check(sink)


def test_calls_of_asyncio_are_recorded(netloc: str, sink: MemorySink) -> None:
    async def run() -> None:
        async with grpc.aio.insecure_channel(netloc) as channel:
            transport = transports.PredictionServiceGrpcAsyncIOTransport(channel=channel)
            client = aiplatform.PredictionServiceAsyncClient(transport=transport)
            await client.generate_content(make_request())
            assert len([item async for item in await client.stream_generate_content(make_request())]) == 3

    asyncio.run(run())
    check(sink)
