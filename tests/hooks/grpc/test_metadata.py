"""Metadata of gRPC: that of Pay-i sets the scope, and everything else reaches the provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport import MemorySink

pytest.importorskip("xai_sdk")

from tests.hooks.grpc.test_channels import events, make_request
from tests.support.grpc_xai import Xai, chat_pb2_grpc, grpc, wait_for_calls

AUTHORIZATION, USER = ("authorization", "Bearer k"), ("xproxy-user-id", "u")


@pytest.mark.parametrize("kind", [iter, tuple, list, lambda pairs: (pair for pair in pairs)])
@pytest.mark.parametrize("user", [USER[1], None])
def test_metadata_of_every_kind_leaves_and_that_of_payi_stays(
    kind: Any, user: str | None, xai: Xai, channel: Any, sink: MemorySink
) -> None:
    metadata = [AUTHORIZATION, USER] if user else [AUTHORIZATION]
    stub = chat_pb2_grpc.ChatStub(channel)
    stub.GetCompletion(make_request(), metadata=kind(metadata))
    list(stub.GetCompletionChunk(make_request(), metadata=kind(metadata)))
    wait_for_calls(2)
    assert [event.user_id for event in events(sink)] == [user, user]
    for received in xai.metadata:
        assert (received["authorization"], "xproxy-user-id" in received) == ("Bearer k", False)


WAYS: dict[str, Callable[..., Any]] = {
    "call": lambda stub, *given: stub.GetCompletion(*given),
    "with_call": lambda stub, *given: stub.GetCompletion.with_call(*given),
    "future": lambda stub, *given: stub.GetCompletion.future(*given).result(30),
    "stream": lambda stub, *given: list(stub.GetCompletionChunk(*given)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_metadata_is_read_by_position_too(
    way: Callable[..., Any], xai: Xai, channel: Any, sink: MemorySink
) -> None:
    way(chat_pb2_grpc.ChatStub(channel), make_request(), 30, [AUTHORIZATION, USER], None, True)
    wait_for_calls(1)
    assert [event.user_id for event in events(sink)] == [USER[1]]
    [received] = xai.metadata
    assert (received["authorization"], USER[0] in received) == (AUTHORIZATION[1], False)


def test_metadata_of_asyncio_is_passed_by_name_alone(xai: Xai, sink: MemorySink) -> None:
    async def run() -> None:
        async with grpc.aio.insecure_channel(xai.netloc) as channel:
            stub = chat_pb2_grpc.ChatStub(channel)
            with pytest.raises(TypeError):
                stub.GetCompletion(make_request(), 30, [AUTHORIZATION])
            await stub.GetCompletion(make_request(), metadata=[AUTHORIZATION, USER], timeout=30)

    asyncio.run(run())
    assert [event.user_id for event in events(sink)] == [USER[1]]
    [received] = xai.metadata
    assert (received["authorization"], USER[0] in received) == (AUTHORIZATION[1], False)
