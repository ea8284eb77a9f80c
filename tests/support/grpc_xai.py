"""xAI's gRPC API on loopback, with the messages of its own SDK."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pytest

from payi_transport import payi_stats
from tests.support.polling import wait_until

grpc: Any = pytest.importorskip("grpc")
chat_pb2: Any = pytest.importorskip("xai_sdk.proto").chat_pb2
from xai_sdk.proto import chat_pb2_grpc, usage_pb2  # noqa: E402 (it may be missing)

__all__ = ["Xai", "chat_pb2", "chat_pb2_grpc", "grpc", "serve_xai", "wait_for_calls"]


class Xai:
    """A running server: where it is, and the metadata of each call."""

    def __init__(self, port: int) -> None:
        self.netloc = f"127.0.0.1:{port}"
        self.metadata: list[dict[str, Any]] = []

    @property
    def config(self) -> Any:
        return {"host_mappings": {self.netloc: {"price_as_category": "xai"}}}


def _usage(completion: int) -> Any:
    return usage_pb2.SamplingUsage(
        prompt_tokens=10,
        completion_tokens=completion,
        reasoning_tokens=3,
        total_tokens=13 + completion,
        prompt_text_tokens=10,
        cached_prompt_text_tokens=2,
    )


class _Service(chat_pb2_grpc.ChatServicer):  # type: ignore[misc]  # its module has no types
    """Does what the text of the first message says."""

    def __init__(self) -> None:
        self.xai: Any = None
        self.calls = 0

    def _begin(self, request: Any, context: Any) -> str:
        self.calls += 1
        self.xai.metadata.append(dict(context.invocation_metadata()))
        text: str = request.messages[0].content[0].text
        if text.startswith("abort "):
            context.abort(grpc.StatusCode[text.partition(" ")[2]], "as asked")
        return text

    def GetCompletion(self, request: Any, context: Any) -> Any:
        self._begin(request, context)
        response = chat_pb2.GetChatCompletionResponse(id=f"c{self.calls}", model=request.model)
        output = response.outputs.add(finish_reason="REASON_STOP")
        output.message.content = "Hi"
        call = output.message.tool_calls.add()
        call.function.name, call.function.arguments = "f", '{"a": 1}'
        response.usage.CopyFrom(_usage(4))
        return response

    def GetCompletionChunk(self, request: Any, context: Any) -> Iterator[Any]:
        text = self._begin(request, context)
        for number in range(1, 4):
            chunk = chat_pb2.GetChatCompletionChunk(id=f"c{self.calls}", model=request.model)
            output = chunk.outputs.add()
            output.delta.content = "Hi"
            if number == 3:
                if text == "break":
                    context.abort(grpc.StatusCode.INTERNAL, "as asked")
                output.finish_reason = 2
            chunk.usage.CopyFrom(_usage(number))
            yield chunk


@contextlib.contextmanager
def serve_xai() -> Iterator[Xai]:
    """Run the API for the length of the block."""
    service = _Service()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    chat_pb2_grpc.add_ChatServicer_to_server(service, server)
    service.xai = Xai(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    try:
        yield service.xai
    finally:
        server.stop(None).wait()


def wait_for_calls(count: int) -> None:
    """Wait until so many calls have ended. Streams end on a thread of gRPC's."""
    wait_until(lambda: payi_stats().captured >= count)
    assert payi_stats().captured == count
