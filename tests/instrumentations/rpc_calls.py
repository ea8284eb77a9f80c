"""Calls of gRPC and over WebSockets. Their servers are at the addresses that the environment names."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from typing import Any

__all__ = ["GRPC_VARIABLE", "RPC_CALLS", "SOCKETS_VARIABLE"]

GRPC_VARIABLE, SOCKETS_VARIABLE = "PROVIDER_GRPC", "PROVIDER_SOCKETS"
_MODEL, _ASKED = "grok-4", json.dumps({"type": "response.create", "model": "gpt-x", "input": "Hello"})
_SECONDS = 60


def _xai(**options: Any) -> dict[str, Any]:
    return {"api_key": "k", "api_host": os.environ[GRPC_VARIABLE], "use_insecure_channel": True, **options}


def _grpc(url: str) -> Any:
    import xai_sdk

    client = xai_sdk.Client(**_xai())
    text = client.chat.create(model=_MODEL, messages=[xai_sdk.chat.user("Hello")]).sample().content
    client.close()
    return text


def _grpc_async(url: str) -> Any:
    import xai_sdk

    async def send() -> Any:
        client = xai_sdk.AsyncClient(**_xai())
        response = await client.chat.create(model=_MODEL, messages=[xai_sdk.chat.user("Hello")]).sample()
        await client.close()
        return response.content

    return asyncio.run(send())


def _grpc_stream(url: str) -> Any:
    import grpc
    from xai_sdk.proto import chat_pb2, chat_pb2_grpc

    request: Any = chat_pb2.GetCompletionsRequest(model=_MODEL)
    request.messages.add().content.add().text = "Hello"
    with grpc.insecure_channel(os.environ[GRPC_VARIABLE]) as channel:
        call = chat_pb2_grpc.ChatStub(channel).GetCompletionChunk(request, timeout=_SECONDS)
        # Spans may end on a thread of gRPC's, before this. Where a library returns a generator, it ends them.
        done = threading.Event()
        if not (hasattr(call, "add_callback") and call.add_callback(done.set)):
            done.set()
        texts = [chunk.outputs[0].delta.content for chunk in call]
        assert done.wait(_SECONDS)
    return texts


def _address() -> str:
    return f"ws://{os.environ[SOCKETS_VARIABLE]}/v1/responses"


def _is_last(message: str | bytes) -> bool:
    return bool(json.loads(message)["type"] == "response.completed")


def _websockets(url: str) -> Any:
    from websockets.sync.client import connect

    with connect(_address(), proxy=None) as connection:
        connection.send(_ASKED)
        return next(message for message in connection if _is_last(message))


def _websockets_async(url: str) -> Any:
    from websockets.asyncio.client import connect

    async def send() -> Any:
        async with connect(_address(), proxy=None) as connection:
            await connection.send(_ASKED)
            while not _is_last(message := await connection.recv()):
                pass
            return message

    return asyncio.run(send())


def _aiohttp_sockets(url: str) -> Any:
    import aiohttp

    async def send() -> Any:
        async with aiohttp.ClientSession() as session, session.ws_connect(_address()) as connection:
            await connection.send_str(_ASKED)
            while not _is_last(message := await connection.receive_str()):
                pass
            return message

    return asyncio.run(send())


# Each makes one call that is recorded.
RPC_CALLS = {
    "grpc": _grpc,
    "grpc stream": _grpc_stream,
    "grpc async": _grpc_async,
    "websockets": _websockets,
    "websockets async": _websockets_async,
    "aiohttp sockets": _aiohttp_sockets,
}
